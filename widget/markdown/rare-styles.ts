/** Marks style sheets for the build, which takes the white space out of them. */
const css = String.raw;

/** The looks of tables and formulas, which are loaded with what reads them. */
export const RARE_STYLES = css`
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
`;
