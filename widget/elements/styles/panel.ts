import { css } from 'lit';

/** The launcher, the panel and its header. */
export const panel = css`
  .launcher,
  ::slotted([slot='launcher']) {
    position: fixed;
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
    box-shadow: 0 6px 20px -4px light-dark(rgb(20 30 28 / 0.35), rgb(0 0 0 / 0.6));
    transition: transform 140ms ease-out;
  }
  .launcher:hover {
    transform: translateY(-2px);
  }
  .launcher:focus-visible {
    outline-offset: 3px;
  }
  .launcher .icon {
    inline-size: 26px;
    block-size: 26px;
    stroke-width: 1.5;
  }
  .badge {
    position: absolute;
    inset-block-start: -3px;
    inset-inline-end: -3px;
    inline-size: 14px;
    block-size: 14px;
    border: 2px solid var(--_surface);
    border-radius: 50%;
    background: light-dark(#d2451e, #ff8a5c);
  }
  .badge.writing {
    background: var(--_accent-ink);
    animation: breathe 1.6s ease-in-out infinite;
  }

  /* The corners are those of the screen, not of the writing direction: a page says where its chat stands. */
  .bottom-right .launcher,
  .bottom-left .launcher,
  .bottom-right ::slotted([slot='launcher']),
  .bottom-left ::slotted([slot='launcher']) {
    bottom: calc(var(--_inset) + env(safe-area-inset-bottom, 0px));
  }
  .top-right .launcher,
  .top-left .launcher,
  .top-right ::slotted([slot='launcher']),
  .top-left ::slotted([slot='launcher']) {
    top: calc(var(--_inset) + env(safe-area-inset-top, 0px));
  }
  .bottom-right .launcher,
  .top-right .launcher,
  .bottom-right ::slotted([slot='launcher']),
  .top-right ::slotted([slot='launcher']) {
    right: calc(var(--_inset) + env(safe-area-inset-right, 0px));
  }
  .bottom-left .launcher,
  .top-left .launcher,
  .bottom-left ::slotted([slot='launcher']),
  .top-left ::slotted([slot='launcher']) {
    left: calc(var(--_inset) + env(safe-area-inset-left, 0px));
  }

  .panel {
    display: flex;
    flex-direction: column;
    min-block-size: 0;
    overflow: hidden;
    background: var(--_surface);
    outline: none;
  }
  .inline .panel {
    position: relative;
    block-size: 100%;
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
  }
  .floating .panel {
    position: fixed;
    z-index: var(--rc-z-index, 2147483000);
    inline-size: min(var(--rc-width, 400px), 100vw - 2 * var(--_inset));
    block-size: min(var(--rc-height, 640px), 100dvh - 2 * var(--_inset) - 72px);
    border-radius: var(--_radius);
    box-shadow:
      0 0 0 1px var(--_line),
      var(--_shadow);
    transition:
      opacity 140ms ease-out,
      transform 140ms ease-out,
      visibility 140ms;
  }
  .floating .panel[inert] {
    visibility: hidden;
    opacity: 0;
    transform: translateY(10px);
  }
  @starting-style {
    .floating .panel {
      opacity: 0;
      transform: translateY(10px);
    }
  }
  .bottom-right .panel,
  .bottom-left .panel {
    bottom: calc(var(--_inset) + 72px + env(safe-area-inset-bottom, 0px));
  }
  .top-right .panel,
  .top-left .panel {
    top: calc(var(--_inset) + 72px + env(safe-area-inset-top, 0px));
  }
  .bottom-right .panel,
  .top-right .panel {
    right: calc(var(--_inset) + env(safe-area-inset-right, 0px));
  }
  .bottom-left .panel,
  .top-left .panel {
    left: calc(var(--_inset) + env(safe-area-inset-left, 0px));
  }

  /* On a phone it is the screen. Keep the width in step with PHONE in panel-controller.ts. */
  @media (max-width: 480px) {
    .floating .panel {
      inset: var(--_visible-top, 0) 0 auto 0;
      inline-size: 100%;
      block-size: var(--_visible-height, 100dvh);
      border-radius: 0;
      padding-block-start: env(safe-area-inset-top, 0px);
      padding-inline: env(safe-area-inset-left, 0px) env(safe-area-inset-right, 0px);
    }
    .launcher[aria-expanded='true'] {
      visibility: hidden;
    }
  }

  .header {
    display: flex;
    align-items: center;
    gap: 10px;
    flex: none;
    block-size: 52px;
    padding-inline: 20px 8px;
    border-block-end: 1px solid var(--_line);
  }
  .heading {
    margin: 0;
    font-size: 15px;
    font-weight: 620;
    line-height: 1.3;
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .dot {
    flex: none;
    inline-size: 8px;
    block-size: 8px;
    border-radius: 50%;
    background: var(--_accent-ink);
    transition: background-color 200ms;
  }
  .dot.warn {
    background: var(--_warn);
  }
  .dot.bad {
    background: var(--_bad);
  }
  .dot.busy {
    animation: breathe 1.6s ease-in-out infinite;
  }
  .line {
    flex: 1;
    min-inline-size: 0;
    font-size: 13px;
    color: var(--_soft);
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .line.busy,
  .line.warn {
    /* Most of these are over before one could read them. */
    animation: appear 200ms 500ms both;
  }
  .line.warn {
    color: var(--_warn);
  }
  .line.bad {
    color: var(--_bad);
  }

  @keyframes breathe {
    50% {
      opacity: 0.35;
    }
  }
  @keyframes appear {
    from {
      opacity: 0;
    }
  }
`;
