import { css } from 'lit';

/** What stands below a message and can be done with it, how an answer's thread shows what came between, and the editor. */
export const messageNotesStyles = css`
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

  @media (pointer: coarse) {
    .text-button {
      min-block-size: 44px;
    }
    .icon-button.small {
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
    .thinking i {
      forced-color-adjust: none;
    }
    .rating[aria-pressed='true'] {
      forced-color-adjust: none;
      color: SelectedItemText;
      background: SelectedItem;
    }
  }
`;
