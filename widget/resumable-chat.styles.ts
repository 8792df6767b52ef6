import { css } from 'lit';

/**
 * Colours, type and the reset. Private properties begin with `--_`; those that a page may set begin with `--rc-`.
 * The wrapper resets all inherited properties, so that the page's own styles do not leak in, not even by `* {…}`.
 */
export const rootStyles = css`
  :host {
    display: contents;
  }
  :host([mode='inline']) {
    display: block;
    block-size: var(--rc-height, 600px);
    min-block-size: 0;
  }
  :host([hidden]) {
    display: none;
  }

  .root {
    all: initial;
    /* 'all' leaves custom properties alone, and a page may have some of the same names. */
    --_accent-attribute: initial;
    --_top: initial;
    --_right: initial;
    --_bottom: initial;
    --_left: initial;
    --_visible-top: initial;
    --_visible-height: initial;
    color-scheme: light dark;
    --_accent: var(--_accent-attribute, var(--rc-accent, light-dark(#176b5b, #63c7ae)));
    --_surface: var(--rc-surface, light-dark(#fffefc, #191b1c));
    --_ink: var(--rc-ink, light-dark(#1c2321, #e9ecea));
    --_soft: color-mix(in oklab, var(--_ink) 68%, var(--_surface));
    --_line: color-mix(in oklab, var(--_ink) 13%, var(--_surface));
    --_field-line: color-mix(in oklab, var(--_ink) 24%, var(--_surface));
    /* What one writes on. */
    --_raised: light-dark(
      color-mix(in oklab, #fff 60%, var(--_surface)),
      color-mix(in oklab, var(--_ink) 4%, var(--_surface))
    );
    --_sunken: color-mix(in oklab, var(--_ink) 5%, var(--_surface));
    --_bubble: color-mix(in oklab, var(--_accent-ink) 11%, var(--_surface));
    /* The accent where it is read or looked for. */
    --_accent-ink: color-mix(in oklab, var(--_accent) 60%, var(--_ink));
    --_on-accent: #fff;
    /* Of what is filled with the accent, which may be as good as the ground. */
    --_edge: inset 0 0 0 1px color-mix(in oklab, currentColor 16%, transparent);
    --_warn: light-dark(#9a5b00, #f0b45a);
    --_bad: light-dark(#b3261e, #ff8f85);
    --_shadow: 0 16px 48px -8px light-dark(rgb(20 30 28 / 0.22), rgb(0 0 0 / 0.6));
    --_radius: var(--rc-radius, 16px);
    --_inset: var(--rc-inset, 20px);
    --_font-size: var(--rc-font-size, 15.5px);
    --_mono: ui-monospace, 'SF Mono', 'Cascadia Code', 'JetBrains Mono', Menlo, Consolas, monospace;

    font: 400 var(--_font-size) / 1.6 var(--rc-font, system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif);
    color: var(--_ink);
    text-align: start;
    -webkit-text-size-adjust: 100%;
    -webkit-tap-highlight-color: transparent;
  }
  /* Black or white, whichever has the greater contrast by WCAG's luminance: they change over at 0.179. */
  @supports (color: color(from red xyz-d65 x y z)) {
    .root {
      /* Dark enough on a light surface, light enough on a dark one, whatever the page has chosen. */
      --_accent-ink: light-dark(
        oklch(from var(--_accent) min(l, 0.5) c h),
        oklch(from var(--_accent) max(l, 0.76) c h)
      );
      --_on-accent: color(
        from var(--_accent) xyz-d65 clamp(0, (0.179 - y) * 1000000, 0.9505) clamp(0, (0.179 - y) * 1000000, 1)
          clamp(0, (0.179 - y) * 1000000, 1.089)
      );
    }
  }
  .root.light {
    color-scheme: light;
  }
  .root.dark {
    color-scheme: dark;
  }
  /* Out of the page's flow, so that no layout of the page's has an item more, and nothing hangs out below it. */
  .root.floating {
    position: fixed;
    inset: auto 0 0 auto;
    inline-size: 0;
    block-size: 0;
    z-index: var(--rc-z-index, 2147483000);
  }
  .root.inline {
    display: block;
    block-size: 100%;
  }
  .root,
  .root *,
  .root *::before,
  .root *::after {
    box-sizing: border-box;
  }

  button {
    all: unset;
    box-sizing: border-box;
    cursor: pointer;
  }
  button:disabled {
    cursor: default;
  }
  :focus-visible {
    outline: 2px solid var(--_accent-ink);
    outline-offset: 2px;
  }
  p,
  ul,
  figure,
  pre {
    margin: 0;
    padding: 0;
  }
  ul {
    list-style: none;
  }
  .icon {
    display: block;
    inline-size: 20px;
    block-size: 20px;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.7;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .sr {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: pre-wrap;
  }
  .icon-button {
    display: grid;
    place-items: center;
    flex: none;
    inline-size: 36px;
    block-size: 36px;
    border-radius: 10px;
    color: var(--_soft);
  }
  .icon-button:hover {
    background: var(--_sunken);
    color: var(--_ink);
  }

  @media (pointer: coarse) {
    .icon-button {
      inline-size: 44px;
      block-size: 44px;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .root *,
    .root *::before,
    .root *::after {
      animation-duration: 1ms !important;
      animation-iteration-count: 1 !important;
      /* None at all: one of 1 ms would be of every property, and would keep a field hidden that is to take the focus. */
      transition-duration: 0s !important;
    }
  }
  /* On paper nothing floats, scrolls or can be pressed. */
  @media print {
    .root.floating {
      display: none;
    }
    ::slotted([slot='launcher']),
    rc-composer {
      display: none !important;
    }
    :host([mode='inline']),
    .root.inline,
    .root.inline .panel {
      block-size: auto;
      overflow: visible;
    }
    .root.inline .panel {
      display: block;
    }
    .root.inline .messages {
      overflow: visible;
      contain: none;
    }
  }
  @media (forced-colors: active) {
    /* Colours that are kept are those for the ground that the visitor has chosen. */
    .root.root {
      color-scheme: light dark;
    }
    button,
    .panel,
    .bubble,
    .notice,
    .code-card {
      border: 1px solid ButtonBorder;
    }
    .dot,
    .badge,
    rc-message::before,
    rc-message::after {
      forced-color-adjust: none;
    }
  }
`;
