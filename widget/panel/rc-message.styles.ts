import { css } from 'lit';

/**
 * The conversation. An answer hangs on a thread: a thin line beside it that is alive while the answer is being written,
 * broken while the connection is, and whole when everything is there.
 */
export const messageStyles = css`
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
`;
