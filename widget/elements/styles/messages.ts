import { css } from 'lit';

/**
 * The conversation. An answer hangs on a thread: a thin line beside it that is alive while it is being written, broken
 * while the connection is, and whole when all is there.
 */
export const messages = css`
  .messages {
    position: relative;
    flex: 1;
    min-block-size: 0;
    overflow-y: auto;
    overscroll-behavior: contain;
    contain: layout paint style;
    scrollbar-width: thin;
    scrollbar-color: var(--_field-line) transparent;
  }
  .messages:focus-visible {
    outline-offset: -3px;
    border-radius: 6px;
  }
  .content {
    display: flex;
    flex-direction: column;
    gap: 22px;
    min-block-size: 100%;
    max-inline-size: 760px;
    margin-inline: auto;
    padding: 22px 20px 20px;
  }

  rc-message {
    display: block;
    min-inline-size: 0;
    overflow-wrap: anywhere;
  }
  rc-message.own {
    display: flex;
    flex-direction: column;
    align-items: flex-end;
    gap: 4px;
  }
  .bubble {
    max-inline-size: 85%;
    padding: 8px 14px;
    border-radius: 16px;
    border-end-end-radius: 5px;
    background: var(--_bubble);
    white-space: pre-wrap;
  }
  .prompt {
    display: flex;
    flex-direction: row-reverse;
    align-items: center;
    gap: 4px;
    inline-size: 100%;
  }
  .own.waiting .bubble {
    background: none;
    box-shadow: inset 0 0 0 1px var(--_field-line);
  }

  rc-message.answer {
    position: relative;
    padding-inline-start: 18px;
    --_thread: var(--_line);
  }
  rc-message.answer::before {
    content: '';
    position: absolute;
    inset-block: 5px 5px;
    inset-inline-start: 3px;
    inline-size: 2px;
    border-radius: 1px;
    background: var(--_thread);
    transition: background-color 300ms;
  }
  rc-message.writing {
    --_thread: color-mix(in oklab, var(--_accent-ink) 55%, var(--_surface));
  }
  /* The thread's end, where there is something to tell of it: that the answer is being written, or how it ended. */
  rc-message.answer::after {
    position: absolute;
    inset-block-end: 3px;
    inset-inline-start: 0;
    inline-size: 8px;
    block-size: 8px;
    border-radius: 50%;
    background: var(--_accent-ink);
  }
  rc-message.writing::after {
    content: '';
    animation: breathe 1.4s ease-in-out infinite;
  }
  .thinking {
    display: flex;
    gap: 5px;
    align-items: end;
    block-size: calc(var(--_font-size) * 1.6);
    padding-block-end: 5px;
  }
  .thinking i {
    inline-size: 18px;
    block-size: 3px;
    border-radius: 2px;
    background: var(--_soft);
    animation: think 1.4s ease-in-out infinite both;
  }
  .thinking i:nth-child(2) {
    inline-size: 10px;
    animation-delay: 160ms;
  }
  .thinking i:nth-child(3) {
    inline-size: 14px;
    animation-delay: 320ms;
  }
  @keyframes think {
    0%,
    70%,
    100% {
      opacity: 0.25;
    }
    35% {
      opacity: 0.8;
    }
  }

  .notes {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 6px 12px;
    min-block-size: 28px;
    margin-block-start: 8px;
  }
  .note {
    font-size: 13px;
    line-height: 1.45;
    color: var(--_soft);
  }
  .note.bad {
    color: var(--_bad);
  }
  .note.brief {
    animation: appear 200ms 700ms both;
  }
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
    /* As thick as the border that goes on with it. */
    vector-effect: non-scaling-stroke;
  }
  /*
   * Draws the thread by uncovering it from its beginning, which is out of view, to its end. What moves is a surface that
   * the compositor has: a line that is drawn or clipped is painted anew in each frame by the page's main thread.
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
    /* Above what covers the thread. */
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
  /* A knot, drawn tight by whoever points at it. */
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
`;
