import { css } from 'lit';

/** The panel and its header. */
export const mainStyles = css`
  rc-panel {
    display: contents;
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
    top: calc(var(--_top) + 72px);
    right: var(--_right);
    bottom: calc(var(--_bottom) + 72px);
    left: var(--_left);
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
  /* Visible from the first moment of its opening: what is still hidden takes no focus. */
  .floating .panel:not([inert]) {
    transition:
      opacity 140ms ease-out,
      transform 140ms ease-out;
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
  /* On a phone it is the screen. Keep the bounds in step with PHONE in focus-controller.ts. */
  @media (max-width: 480px), (max-height: 480px) {
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
    position: relative;
    z-index: 1;
    block-size: 54px;
    padding-inline: 20px 9px;
  }
  /* Messages fade out where they scroll out of view, above and below. */
  .header::after,
  .bottom::before {
    content: '';
    position: absolute;
    inset-inline: 0;
    inset-block-start: 100%;
    block-size: 16px;
    background: linear-gradient(var(--_surface), transparent);
    pointer-events: none;
  }
  .bottom::before {
    inset-block: auto 100%;
    background: linear-gradient(transparent, var(--_surface));
  }
  /* The state of the connection goes below the heading where there is no room beside it. */
  rc-line {
    display: flex;
    flex: 1;
    flex-wrap: wrap;
    align-items: baseline;
    column-gap: 10px;
    position: relative;
    min-inline-size: 0;
    padding-inline-start: 18px;
  }
  .heading {
    max-inline-size: 100%;
    margin: 0;
    font-size: 15px;
    font-weight: 620;
    line-height: 1.3;
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .dot {
    position: absolute;
    inset-inline-start: 0;
    inset-block-start: calc(0.65 * 15px - 3px);
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
  .dot.back {
    animation: ring 900ms ease-out 2;
  }
  .dot.busy {
    animation: breathe 1.6s ease-in-out infinite;
  }
  .line {
    max-inline-size: 100%;
    line-height: 1.3;
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
  .line.back {
    color: var(--_accent-ink);
  }
  .line.warn {
    color: var(--_warn);
  }
  .line.bad {
    color: var(--_bad);
  }

  @keyframes ring {
    from {
      box-shadow: 0 0 0 0 var(--_accent-ink);
    }
    to {
      box-shadow: 0 0 0 9px transparent;
    }
  }
  @keyframes appear {
    from {
      opacity: 0;
    }
  }
`;
