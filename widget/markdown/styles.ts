/** Marks style sheets for the build, which takes the white space out of them. */
const css = String.raw;

const STYLES = css`
  .text > p.tight,
  .text li > p.math,
  .text .math {
    white-space: pre-wrap;
  }
  .text .math {
    font-family: var(--_mono);
    font-size: 0.9em;
    overflow-wrap: anywhere;
  }
  .text :is(h1, h2, h3, h4, h5, h6) {
    margin: 0.35em 0 0;
    font-size: 1em;
    font-weight: 650;
    line-height: 1.35;
    unicode-bidi: plaintext;
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
  .text li > * + *,
  .text blockquote > * + * {
    margin-block-start: 0.5em;
  }
  .text li > .tight + * {
    margin-block-start: 0.3em;
  }
  .text li > p {
    margin-block-end: 0;
  }
  .text li > input {
    float: inline-start;
    inline-size: 1em;
    margin: 0.35em 0.45em 0 0;
    accent-color: var(--_accent);
  }
  .text li:has(> input) {
    list-style: none;
  }
  .text li > input + * {
    margin-block-start: 0;
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
    unicode-bidi: plaintext;
  }
  .text :is(th, td):last-child {
    padding-inline-end: 0;
  }
  .text tr:last-child td {
    border: 0;
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
  .text :is(li, td, th, blockquote, h1, h2, h3, h4, h5, h6) code:not(pre code) {
    padding: 0.1em 0.35em;
    border-radius: 5px;
    background: var(--_sunken);
    box-shadow: inset 0 0 0 1px var(--_line);
  }
`;

let sheet: CSSStyleSheet | null = null;

/** Gives the tree that `element` stands in the looks of lists, tables and the like, once. */
export function adoptStyles(element: HTMLElement): void {
  const root = element.getRootNode();
  if (!(root instanceof ShadowRoot)) return;
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLES);
  }
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
}
