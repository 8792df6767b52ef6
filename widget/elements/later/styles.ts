import { css } from 'lit';

/**
 * What can be done with a message, how an answer's thread looks when something came between, the notice and the jump
 * button.
 */
export const laterStyles = css`
  .icon-button.small {
    inline-size: 28px;
    block-size: 28px;
    border-radius: 8px;
  }
  .small .icon,
  .text-button .icon {
    inline-size: 16px;
    block-size: 16px;
  }
  .text-button {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    flex: none;
    padding: 3px 10px;
    border-radius: 8px;
    font-weight: 550;
    color: var(--_accent-ink);
    box-shadow: inset 0 0 0 1px var(--_field-line);
  }
  .text-button:hover {
    background: var(--_sunken);
  }
  .text-button.main {
    background: var(--_accent);
    color: var(--_on-accent);
    box-shadow: var(--_edge);
  }
  .text-button.main:disabled {
    background: var(--_line);
    color: var(--_soft);
  }
  .editor {
    inline-size: 100%;
    padding: 5px;
    border-radius: 16px;
    background: var(--_surface);
    box-shadow: inset 0 0 0 1px var(--_field-line);
  }
  .editor:focus-within {
    box-shadow: inset 0 0 0 2px var(--_accent-ink);
  }
  .editor textarea {
    inline-size: 100%;
  }
  .choices {
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: 6px;
    padding: 3px;
    font-size: 13.5px;
  }

  /* How the answer ended, when it did not end well. */
  rc-message:is(.recovered, .cancelled, .failed)::after {
    content: '';
  }
  /* On a level with the words below the answer. */
  rc-message:has(> .notes)::after {
    inset-block-end: 10px;
  }
  rc-message:is(.writing, .recovered, .cancelled, .failed):has(> .notes)::before {
    inset-block-end: 13px;
  }
  @media (pointer: coarse) {
    rc-message:has(> .notes button)::after {
      inset-block-end: 18px;
    }
    rc-message:is(.recovered, .cancelled, .failed):has(> .notes button)::before {
      inset-block-end: 21px;
    }
  }
  rc-message.recovered::after {
    border: 2px solid var(--_accent-ink);
    background: var(--_surface);
  }
  rc-message.cancelled::after {
    border-radius: 2px;
    background: var(--_soft);
  }
  rc-message.failed::after {
    background: var(--_bad);
  }
  .reconnecting rc-message.writing::before,
  .offline rc-message.writing::before {
    background: repeating-linear-gradient(var(--_warn) 0 4px, transparent 4px 9px);
  }
  .reconnecting rc-message.writing::after,
  .offline rc-message.writing::after {
    background: var(--_warn);
    animation: none;
  }

  /* Tied together again. */
  .panel:has(.line.back) rc-message.answer:last-child::before {
    animation: mend 700ms ease-out;
  }
  @keyframes mend {
    from {
      clip-path: inset(0 0 100%);
    }
  }

  /* Dimmed, and still to be read. */
  .dimmed {
    --_soft: var(--_ink);
    opacity: 0.64;
    animation: dim 300ms;
  }
  @keyframes dim {
    from {
      opacity: 1;
    }
  }

  .notes .text-button {
    font-size: 13px;
  }
  .actions {
    display: flex;
    gap: 2px;
    transition: opacity 120ms;
  }
  .notes > .actions {
    margin-inline-start: -6px;
  }
  @media (pointer: coarse) {
    .notes > .actions {
      margin-inline-start: -14px;
    }
  }
  /* What can be done with an earlier message shows itself to whoever points at it or tabs to it; its place is kept. */
  @media (hover: hover) {
    rc-message:is(.own, :not(:last-child)):not(:hover, :focus-within) .actions {
      opacity: 0;
    }
  }
  /* A row of nothing but such actions stands in the gap between two messages. */
  rc-message:not(:last-child) > .notes:has(> .actions:first-child) {
    margin-block-end: -12px;
  }

  /* Looks out from behind the composer. */
  .notice {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 6px 12px;
    margin-block-end: -16px;
    padding: 9px 10px 25px 16px;
    padding-inline: 16px 10px;
    border-radius: 18px 18px 0 0;
    font-size: 13.5px;
    line-height: 1.45;
    --_tone: var(--_ink);
    background: color-mix(in oklab, var(--_tone) 9%, var(--_surface));
  }
  .notice.warn {
    --_tone: var(--_warn);
  }
  .notice.bad {
    --_tone: var(--_bad);
  }
  /* A bit of the thread, in the state that it is in. */
  .notice::before {
    content: '';
    align-self: stretch;
    inline-size: 2px;
    margin-block: 3px;
    border-radius: 1px;
    background: var(--_tone);
  }
  .notice.warn::before {
    background: repeating-linear-gradient(var(--_tone) 0 4px, transparent 4px 8px);
  }
  .notice.brief {
    animation: appear 200ms 600ms both;
  }
  .notice span {
    flex: 1 1 9em;
    text-wrap: pretty;
  }

  .notice button {
    margin-inline-start: auto;
  }

  .jump {
    position: absolute;
    z-index: 1;
    inset-block-end: calc(100% + 8px);
    inset-inline-end: 18px;
    display: grid;
    place-items: center;
    inline-size: 36px;
    block-size: 36px;
    border-radius: 50%;
    background: var(--_surface);
    color: var(--_ink);
    box-shadow:
      0 0 0 1px var(--_line),
      0 4px 14px -2px light-dark(rgb(20 30 28 / 0.22), rgb(0 0 0 / 0.6));
    animation: appear 140ms;
  }
  @media (pointer: coarse) {
    .text-button {
      min-block-size: 44px;
    }
    .icon-button.small,
    .jump {
      inline-size: 44px;
      block-size: 44px;
    }
  }

  .rating[aria-pressed='true'] {
    color: var(--_accent-ink);
  }
  .rating[aria-pressed='true'] .icon {
    fill: color-mix(in oklab, currentColor 30%, transparent);
  }
  /* What was said of it is to be seen, and not only by whoever points at it. */
  rc-message.answer .actions:has([aria-pressed='true']) {
    opacity: 1 !important;
  }
  @media (forced-colors: active) {
    .editor {
      border: 1px solid ButtonBorder;
    }
    .editor:focus-within {
      outline: 2px solid Highlight;
    }
    /* Colours that are kept are those for the ground that the visitor has chosen. */
    .root.root {
      color-scheme: light dark;
    }
    .root .empty {
      --_thread: CanvasText;
    }
    .thinking i,
    .restoring i,
    .notice::before {
      forced-color-adjust: none;
    }
    .rating[aria-pressed='true'] {
      forced-color-adjust: none;
      color: SelectedItemText;
      background: SelectedItem;
    }
  }
`;
