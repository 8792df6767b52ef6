import { css } from 'lit';

/** A chat before the first prompt, and one that is being restored. */
export const emptyStyles = css`
  .empty {
    --_thread: color-mix(in oklab, var(--_accent-ink) 62%, var(--_surface));
    display: flex;
    flex: 1;
    flex-direction: column;
    margin-block: -22px -20px;
    text-align: match-parent;
  }
  .loop {
    flex: 1 1 0;
    min-block-size: 0;
    max-block-size: 260px;
    inline-size: min(100% - 4px, 360px);
    margin-block-start: auto;
    /* No seam where its height is not whole. */
    margin-block-end: -1px;
    margin-inline-start: 4px;
    overflow: visible;
    fill: none;
    stroke: var(--_thread);
    stroke-width: 2;
  }
  .loop:dir(rtl) {
    transform: scaleX(-1);
  }
  .loop path {
    /* As thick as the border that continues it. */
    vector-effect: non-scaling-stroke;
  }
  /*
   * Draws the thread by uncovering it from its beginning, out of view, to its end. Moving a surface is the compositor's
   * work; a line that is drawn or clipped would be painted in each frame by the page's main thread.
   */
  .empty::before {
    content: '';
    position: absolute;
    inset: 0;
    background: var(--_surface);
    transform: translateX(-100%);
    pointer-events: none;
    animation: uncover 700ms cubic-bezier(0.5, 0.1, 0.2, 1);
  }
  .empty:dir(rtl)::before {
    transform: translateX(100%);
  }
  @keyframes uncover {
    from {
      transform: none;
    }
  }
  .hello,
  .suggestions {
    /* Above the cover of the thread. */
    position: relative;
    margin-inline-start: 3px;
    border-inline-start: 2px solid var(--_thread);
  }
  .hello {
    padding: 4px 0 22px;
    padding-inline-start: 18px;
  }
  .greeting {
    font: 400 1.85em/1.22 var(--rc-font-display, ui-serif, 'Iowan Old Style', 'Palatino Linotype', Palatino, Georgia, 'Noto Serif', 'Noto Serif Hebrew', serif);
    letter-spacing: -0.012em;
    text-wrap: balance;
    white-space: pre-line;
  }
  .suggestions {
    padding-block-end: 30px;
  }
  .suggestion {
    position: relative;
    display: flex;
    align-items: center;
    inline-size: 100%;
    min-block-size: 40px;
    padding: 8px 12px;
    padding-inline-start: 18px;
    border-start-end-radius: 12px;
    border-end-end-radius: 12px;
    line-height: 1.4;
    transition: background-color 120ms;
  }
  @media (pointer: coarse) {
    .suggestion {
      min-block-size: 44px;
    }
  }
  /* A knot, drawn tight when it is pointed at. */
  .suggestion::before {
    content: '';
    position: absolute;
    inset-inline-start: -6px;
    inline-size: 10px;
    block-size: 10px;
    border: 2px solid var(--_thread);
    border-radius: 50%;
    background: var(--_surface);
    transition: background-color 120ms;
  }
  .suggestion:is(:hover, :focus-visible) {
    background: var(--_bubble);
  }
  .suggestion:is(:hover, :focus-visible)::before {
    border-color: var(--_accent-ink);
    background: var(--_accent-ink);
  }

  .restoring {
    display: flex;
    flex-direction: column;
    gap: 12px;
    position: relative;
    animation: appear 200ms 250ms both;
  }
  .restoring::before {
    content: '';
    position: absolute;
    inset-block: 58px 0;
    inset-inline-start: 3px;
    inline-size: 2px;
    background: var(--_line);
  }
  .restoring i {
    block-size: 12px;
    margin-inline-start: 18px;
    border-radius: 6px;
    background: color-mix(in oklab, var(--_ink) 8%, var(--_surface));
    animation: breathe 1.6s ease-in-out infinite;
  }
  .restoring .own {
    align-self: flex-end;
    inline-size: 45%;
    block-size: 38px;
    margin-block-end: 8px;
    border-radius: 16px;
    background: var(--_bubble);
  }
  .restoring .short {
    inline-size: 60%;
  }
  @media (forced-colors: active) {
    .root .empty {
      --_thread: CanvasText;
    }
    .restoring i {
      forced-color-adjust: none;
    }
  }
`;
