import { css } from 'lit';

/** What can be done with an answer. */
export const actions = css`
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
    .rating[aria-pressed='true'] {
      forced-color-adjust: none;
      color: SelectedItemText;
      background: SelectedItem;
    }
  }
`;
