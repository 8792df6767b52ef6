import { css } from 'lit';

/** The launcher, its badge, and what stands in the panel's place when the panel cannot be loaded. */
export const launcherStyles = css`
  .launcher,
  ::slotted([slot='launcher']) {
    position: fixed;
    top: var(--_top);
    right: var(--_right);
    bottom: var(--_bottom);
    left: var(--_left);
    z-index: var(--rc-z-index, 2147483000);
  }
  .launcher {
    display: grid;
    place-items: center;
    inline-size: 56px;
    block-size: 56px;
    border-radius: 18px;
    background: var(--_accent);
    color: var(--_on-accent);
    box-shadow:
      var(--_edge),
      0 6px 20px -4px light-dark(rgb(20 30 28 / 0.35), rgb(0 0 0 / 0.6));
    transition: transform 140ms ease-out;
  }
  .launcher:hover {
    transform: translateY(-2px);
  }
  .launcher:focus-visible {
    outline-offset: 3px;
  }
  .launcher .icon {
    inline-size: 30px;
    block-size: 30px;
    stroke-width: 1.4;
  }
  .badge {
    position: absolute;
    inset-block-start: -3px;
    inset-inline-end: -3px;
    inline-size: 14px;
    block-size: 14px;
    border: 2px solid var(--_surface);
    border-radius: 50%;
    background: light-dark(#c23a14, #ff8a5c);
  }
  .badge[data-count] {
    display: grid;
    place-items: center;
    inline-size: auto;
    min-inline-size: 22px;
    block-size: 22px;
    border-radius: 11px;
    font-size: 11.5px;
    font-weight: 650;
    color: var(--_surface);
  }
  .badge::before {
    content: attr(data-count) / '';
  }
  .badge.writing {
    background: var(--_accent-ink);
    animation: breathe 1.6s ease-in-out infinite;
  }

  .unavailable {
    max-inline-size: 300px;
    margin: 0;
    padding: 10px 14px;
    border-radius: 12px;
    background: var(--_surface);
    font-size: 14px;
    line-height: 1.45;
    box-shadow:
      0 0 0 1px var(--_line),
      var(--_shadow);
  }
  .floating .unavailable {
    position: fixed;
    top: calc(var(--_top) + 72px);
    right: var(--_right);
    bottom: calc(var(--_bottom) + 72px);
    left: var(--_left);
    z-index: var(--rc-z-index, 2147483000);
  }

  /*
   * The corners are those of the screen, not of the writing direction: the page says where its chat is. The other two
   * sides have no value, which is 'auto'.
   */
  .bottom-right,
  .bottom-left {
    --_bottom: calc(var(--_inset) + env(safe-area-inset-bottom, 0px));
  }
  .top-right,
  .top-left {
    --_top: calc(var(--_inset) + env(safe-area-inset-top, 0px));
  }
  .bottom-right,
  .top-right {
    --_right: calc(var(--_inset) + env(safe-area-inset-right, 0px));
  }
  .bottom-left,
  .top-left {
    --_left: calc(var(--_inset) + env(safe-area-inset-left, 0px));
  }

  @keyframes breathe {
    50% {
      opacity: 0.35;
    }
  }
`;
