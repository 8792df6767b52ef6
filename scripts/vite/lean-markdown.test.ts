import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as fc from 'fast-check';
import { build } from 'vite';
import { afterAll, describe, expect, it } from 'vitest';
import { needsRareRules } from '#widget/markdown/needs-rare-rules.ts';
import type { createParser as CreateParser, RareRules } from '#widget/markdown/parser.ts';
import { commonMark, gfmExtensions } from '#widget/markdown/testing/agreement.ts';
import { ANSWERS, PARTS } from '#widget/markdown/testing/corpus.ts';
import { toHtml } from '#widget/markdown/testing/to-html.ts';
import { leanMarkdown } from './lean-markdown.ts';

/** The engine's two parts as the widget's build makes them. */
const outDir = mkdtempSync(path.join(tmpdir(), 'lean-markdown-'));
afterAll(() => rm(outDir, { recursive: true }));
const from = (file: string): string => path.join(import.meta.dirname, '../../widget/markdown', file);
await build({
  configFile: false,
  logLevel: 'warn',
  plugins: [leanMarkdown()],
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    lib: { entry: { parser: from('parser.ts'), rare: from('rare-rules.ts') }, formats: ['es'] },
  },
});
const load = (name: string): Promise<unknown> =>
  import(/* @vite-ignore */ pathToFileURL(path.join(outDir, `${name}.js`)).href);
const { createParser } = (await load('parser')) as { createParser: typeof CreateParser };
const { rareRules } = (await load('rare')) as { rareRules: RareRules };

const plain = createParser();
const whole = createParser();
whole.add(rareRules);

const examples = [...commonMark, ...gfmExtensions].map(({ markdown }) => markdown);
const texts = [...examples, ...ANSWERS, ...Object.values(PARTS)];
/** A name of a character that widget/markdown/entities.ts leaves out. */
const UNKNOWN_NAME = /&(?:Dcaron|HilbertSpace|DifferentialD|ClockwiseContourIntegral|ngE|zwnj);/;

const WORDS = [
  ...[
    'word',
    '**',
    '*',
    '_',
    '`',
    '``',
    '~',
    '~~',
    '[',
    ']',
    '](',
    ')',
    '(',
    '<',
    '>',
    '!',
    '\\',
    '&amp;',
    '&',
    '$',
    '$5',
    '$x$',
  ],
  ...[
    '|',
    '---',
    '- ',
    '1. ',
    '> ',
    '# ',
    '\n',
    '\n\n',
    '    ',
    '  ',
    '\t',
    '```',
    ':',
    'https://a.b/c',
    '[a](https://b.c)',
  ],
  ...[
    'www.a.b',
    'a@b.c',
    '@',
    '[x]: /u',
    '[x]',
    '[^1]',
    '<br>',
    '<b>',
    '<https://a.b>',
    '=',
    '"t"',
    '。',
    '“',
    '”',
    '/',
    '_a_',
  ],
];
const mixed = fc.array(fc.constantFrom(...WORDS), { maxLength: 24 }).map((words) => words.join(''));

describe('markdown-it in the widget’s build', () => {
  it('reads the specifications’ examples and answers as it does when it is whole', () => {
    for (const text of texts.filter((text) => !UNKNOWN_NAME.test(text))) expect(toHtml(text, whole)).toBe(toHtml(text));
  });

  it('reads any text as it does when it is whole', () => {
    const property = fc.property(mixed, (text) => {
      expect(toHtml(text, whole)).toBe(toHtml(text));
    });
    fc.assert(property, { numRuns: 3000 });
  });

  it('reads a text without rarer marks as well when they are not loaded', () => {
    const ordinary = texts.filter((text) => !needsRareRules(text, true));
    expect(ordinary.length).toBeGreaterThan(250);
    for (const text of ordinary) expect(toHtml(text, plain)).toBe(toHtml(text));
  });

  it('never takes one of them for none', () => {
    let ordinary = 0;
    fc.assert(
      fc.property(mixed, (text) => {
        if (needsRareRules(text, true)) return;
        ordinary += 1;
        expect(toHtml(text, plain)).toBe(toHtml(text));
      }),
      { numRuns: 10_000 },
    );
    expect(ordinary).toBeGreaterThan(500);
  });
});
