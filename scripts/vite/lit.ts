/** All of Lit that the widget imports, as the one file that its other files share. */
export * from 'lit';
export * from 'lit/directives/keyed.js';
