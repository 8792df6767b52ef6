/** Writes the tables of agreement with CommonMark and GFM into docs/markdown.md, between its two marks. */
import { readFileSync, writeFileSync } from 'node:fs';
import { commonMark, gfmExtensions, measureAgreement, type Example } from '#widget/markdown/testing/agreement.ts';

const FILE = new URL('../docs/markdown.md', import.meta.url);
const BEGIN = '<!-- agreement -->';
const END = '<!-- /agreement -->';

function writeTable(title: string, examples: readonly Example[]): string {
  const sections = measureAgreement(examples);
  const rows = sections.map(({ name, examples, agree, rawHtml, others }) => {
    const numbers = others.map(({ number }) => number).join(', ');
    return `| ${name} | ${examples} | ${agree} | ${rawHtml || ''} | ${numbers} |`;
  });
  const sum = (of: (section: (typeof sections)[number]) => number): number =>
    sections.reduce((all, section) => all + of(section), 0);
  const total = `| **All** | **${examples.length}** | **${sum((s) => s.agree)}** | ${sum((s) => s.rawHtml)} | ${sum((s) => s.others.length)} |`;
  return [
    `### ${title}`,
    '',
    '| Section | Examples | Agree | Raw HTML, shown as text | Others that differ |',
    '|---|--:|--:|--:|---|',
    ...rows,
    total,
  ].join('\n');
}

const text = readFileSync(FILE, 'utf8');
const tables = [
  writeTable('CommonMark 0.31.2', commonMark),
  writeTable('GFM 0.29, its extensions', gfmExtensions),
].join('\n\n');
const before = text.slice(0, text.indexOf(BEGIN) + BEGIN.length);
writeFileSync(FILE, `${before}\n${tables}\n${text.slice(text.indexOf(END))}`);
