import { css } from 'lit';

/** The text of an answer: paragraphs, code, links and citations. */
export const textStyles = css`
  .text {
    display: flex;
    flex-direction: column;
    gap: 0.75em;
  }
  .text p {
    white-space: pre-wrap;
    /* As dir="auto" would, for each line; but that is found out anew at each change of a long text. */
    unicode-bidi: plaintext;
  }
  rc-message.answer > * + * {
    margin-block-start: 0.75em;
  }
  rc-message.answer > .notes {
    margin-block-start: 6px;
  }
  code {
    font-family: var(--_mono);
    font-size: 0.875em;
  }
  p code {
    unicode-bidi: isolate;
    direction: ltr;
    padding: 0.1em 0.35em;
    border-radius: 5px;
    background: var(--_sunken);
    box-shadow: inset 0 0 0 1px var(--_line);
    box-decoration-break: clone;
    -webkit-box-decoration-break: clone;
  }
  .code-card {
    overflow: hidden;
    border-radius: 12px;
    background: var(--_sunken);
    box-shadow: inset 0 0 0 1px var(--_line);
    text-align: left;
  }
  .code-card figcaption {
    display: flex;
    align-items: center;
    justify-content: space-between;
    padding: 4px 4px 0 14px;
    font-size: 12.5px;
    color: var(--_soft);
    /* A selection that goes over the card takes its code alone. */
    -webkit-user-select: none;
    user-select: none;
  }
  .code-card .copy {
    padding: 3px 10px;
    border-radius: 8px;
  }
  .code-card .copy:hover {
    background: var(--_line);
    color: var(--_ink);
  }
  @media (pointer: coarse) {
    .code-card .copy {
      min-block-size: 44px;
    }
  }
  .code-card pre {
    overflow-x: auto;
    padding: 6px 14px 13px;
    line-height: 1.55;
    overflow-wrap: normal;
    scrollbar-width: thin;
    scrollbar-color: var(--_field-line) transparent;
    tab-size: 2;
  }
  .code-card pre:focus-visible {
    outline-offset: -2px;
    border-radius: 12px;
  }

  a {
    color: var(--_accent-ink);
    text-underline-offset: 0.2em;
    border-radius: 3px;
  }
  .text a.citation {
    text-decoration: none;
    font-size: 0.85em;
    font-variant-numeric: tabular-nums;
  }
  .text a.citation::before {
    content: '[' / '';
  }
  .text a.citation::after {
    content: ']' / '';
  }
  .text a.citation:hover {
    text-decoration: underline;
  }
`;
