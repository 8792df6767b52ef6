import { css } from 'lit';

/** One line that can be unfolded: thoughts and calls of tools. */
export const stepStyles = css`
  .step,
  .reasoning {
    font-size: 0.87em;
    color: var(--_soft);
  }
  rc-reasoning {
    display: block;
  }
  rc-message.answer > :is(.step, rc-reasoning) + :is(.step, rc-reasoning) {
    margin-block-start: 2px;
  }
  .step-line {
    display: flex;
    align-items: center;
    gap: 8px;
    inline-size: fit-content;
    max-inline-size: 100%;
    min-block-size: 28px;
    padding-inline-end: 8px;
    border-radius: 6px;
  }
  summary.step-line {
    cursor: pointer;
    list-style: none;
  }
  summary.step-line::-webkit-details-marker {
    display: none;
  }
  summary.step-line::after {
    content: '';
    flex: none;
    inline-size: 6px;
    block-size: 6px;
    margin-inline-start: 2px;
    border-right: 1.5px solid;
    border-bottom: 1.5px solid;
    translate: 0 -2px;
    rotate: 45deg;
    transition: rotate 120ms;
  }
  [open] > summary.step-line::after {
    translate: 0 1px;
    rotate: 225deg;
  }
  summary.step-line:hover {
    color: var(--_ink);
  }
  .step .icon,
  .spinner {
    flex: none;
    inline-size: 14px;
    block-size: 14px;
  }
  .step.done .icon {
    color: var(--_accent-ink);
  }
  .step.failed,
  .step.failed .icon {
    color: var(--_bad);
  }
  .spinner {
    border: 2px solid var(--_field-line);
    border-block-start-color: var(--_accent-ink);
    border-radius: 50%;
    animation: spin 900ms linear infinite;
  }
  @keyframes spin {
    to {
      rotate: 1turn;
    }
  }
  /* Not the words: they are to be read all the time. */
  .reasoning .running::before {
    content: '';
    inline-size: 6px;
    block-size: 6px;
    border-radius: 50%;
    background: var(--_accent-ink);
    animation: breathe 1.6s ease-in-out infinite;
  }
  .step-insides {
    margin-block: 4px 8px;
    margin-inline-start: 6px;
    padding-inline-start: 15px;
    border-inline-start: 1px solid var(--_field-line);
  }
  .step-insides:empty {
    display: none;
  }
  .step-name {
    margin-block: 6px 2px;
    font-size: 12.5px;
    color: var(--_soft);
  }
  .step pre {
    max-block-size: 220px;
    overflow: auto;
    padding: 8px 10px;
    border-radius: 8px;
    font: 12.5px / 1.5 var(--_mono);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    color: var(--_ink);
    background: var(--_sunken);
    scrollbar-width: thin;
    scrollbar-color: var(--_field-line) transparent;
  }
  @media (pointer: coarse) {
    summary.step-line {
      min-block-size: 44px;
    }
  }
`;
