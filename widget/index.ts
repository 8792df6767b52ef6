/** Defines the element, and adds a chat to the page for each script tag that asks for one with `data-chat`. */
import { bootstrap } from './bootstrap.ts';
import { ResumableChat } from './resumable-chat.ts';
import { currentScript, findModuleScripts, onPage } from './script-origin.ts';

// A second copy of this script, of whatever version, leaves what the first has defined.
if (onPage && !customElements.get('resumable-chat')) customElements.define('resumable-chat', ResumableChat);

for (const script of currentScript ? [currentScript] : findModuleScripts()) bootstrap(script);

declare global {
  interface HTMLElementTagNameMap {
    'resumable-chat': ResumableChat;
  }
}
