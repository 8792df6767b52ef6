/** The looks of what markdown draws: headings, lists, quotes, tables and formulas. */
export const markdownStyles = new CSSStyleSheet();

markdownStyles.replaceSync(/* css */ `
  .text > p.tight {
    white-space: pre-wrap;
  }
  .text :is(h1, h2, h3, h4, h5, h6) {
    margin: 0.35em 0 0;
    font-size: 1em;
    font-weight: 650;
    line-height: 1.35;
    unicode-bidi: plaintext;
  }
  /* Only its mark has come: a heading without words would be read out as one. */
  .text :is(h1, h2, h3, h4, h5, h6):empty {
    display: none;
  }
  .text h1 {
    font-size: 1.3em;
  }
  .text h2 {
    font-size: 1.18em;
  }
  .text h3 {
    font-size: 1.08em;
  }
  .text > :first-child {
    margin-block-start: 0;
  }
  .text :is(ul, ol) {
    display: flex;
    flex-direction: column;
    gap: 0.3em;
    margin: 0;
    padding-inline-start: 1.5em;
  }
  .text ul {
    list-style: disc;
  }
  .text ul ul {
    list-style: circle;
  }
  .text ol {
    list-style: decimal;
  }
  .text :is(li, blockquote) > * + * {
    margin-block-start: 0.5em;
  }
  .text li > .tight + * {
    margin-block-start: 0.3em;
  }
  /* Beside its bullet or its line, in whatever direction it runs. */
  .text :is(li, blockquote) > p {
    text-align: -webkit-match-parent;
  }
  /* A check box stands in the bullet's place. */
  .text li > p > input {
    margin: 0;
    margin-inline-start: -1.1em;
    vertical-align: -0.1em;
  }
  .text li:has(> p > input) {
    list-style: none;
  }
  .text blockquote {
    margin: 0;
    padding-inline-start: 0.9em;
    border-inline-start: 3px solid var(--_field-line);
    color: var(--_soft);
  }
  .text hr {
    inline-size: 100%;
    margin: 0.4em 0;
    border: 0;
    border-block-start: 1px solid var(--_field-line);
  }
  .text :is(li, td, th, blockquote, h1, h2, h3, h4, h5, h6) code:not(pre code) {
    padding: 0.1em 0.35em;
    border-radius: 5px;
    background: var(--_sunken);
    box-shadow: inset 0 0 0 1px var(--_line);
  }
  .text li > p.math,
  .text .math {
    white-space: pre-wrap;
  }
  .text .math {
    font-family: var(--_mono);
    font-size: 0.9em;
    overflow-wrap: anywhere;
  }
  .text .table {
    max-inline-size: 100%;
    overflow-x: auto;
    scrollbar-width: thin;
    scrollbar-color: var(--_field-line) transparent;
  }
  .text table {
    min-inline-size: 100%;
    border-collapse: collapse;
    font-size: 0.94em;
    line-height: 1.45;
  }
  .text :is(th, td) {
    padding-block: 0.45em;
    padding-inline: 0 1em;
    border-block-end: 1px solid var(--_line);
    text-align: start;
    vertical-align: top;
    overflow-wrap: normal;
    white-space: nowrap;
    unicode-bidi: plaintext;
  }
  .text .long {
    min-inline-size: 8em;
    white-space: normal;
  }
  .text :is(th, td):last-child {
    padding-inline-end: 0;
  }
  .text tbody tr:last-child td {
    border: 0;
  }
  .text thead td {
    border-block-end-color: var(--_field-line);
  }
  .text th {
    font-size: 0.9em;
    color: var(--_soft);
    border-block-end-color: var(--_field-line);
    font-weight: 600;
  }
  .text [align='right'] {
    text-align: right;
  }
  .text [align='center'] {
    text-align: center;
  }
`);
