import { describe, expect, it } from 'vitest';
import { commonMark, gfmExtensions, measureAgreement } from './testing/agreement.ts';
import { toHtml } from './testing/to-html.ts';

function sum(examples: typeof commonMark): { agree: number; rawHtml: number; others: string[] } {
  const sections = measureAgreement(examples);
  return {
    agree: sections.reduce((all, { agree }) => all + agree, 0),
    rawHtml: sections.reduce((all, { rawHtml }) => all + rawHtml, 0),
    others: sections.flatMap(({ name, others }) => others.map(({ number }) => `${name} ${number}`)),
  };
}

describe('agreement with the specifications', () => {
  it('draws CommonMark 0.31.2 except raw HTML, and differs elsewhere only on purpose', () => {
    const { agree, rawHtml, others } = sum(commonMark);
    expect(commonMark).toHaveLength(652);
    expect(agree).toBeGreaterThanOrEqual(572);
    expect(rawHtml).toBeLessThanOrEqual(73);
    expect(others).toEqual([
      // `\[…\]` is a formula.
      'Backslash escapes 12',
      // Bold beside punctuation.
      'Emphasis and strong emphasis 380',
      'Emphasis and strong emphasis 392',
      // Addresses that are written out are links, as GFM has it.
      ...['Autolinks 602', 'Autolinks 608', 'Autolinks 611', 'Autolinks 612'],
    ]);
  });

  it('draws GFM’s extensions except single tildes, cells that GFM drops, and some addresses', () => {
    const { agree, others } = sum(gfmExtensions);
    expect(gfmExtensions.length).toBeGreaterThanOrEqual(24);
    expect(agree).toBeGreaterThanOrEqual(18);
    expect(others).toEqual([
      'Tables 204',
      'Strikethrough 491',
      'Strikethrough 493',
      // A bracket too many ends an address, an entity's name is part of one, and so is a plus sign of a mail's host.
      'Autolinks 626',
      'Autolinks 627',
      'Autolinks 631',
      // `mailto:` and a slash; other programs' addresses.
      'Autolinks 633',
      'Autolinks 634',
      'Autolinks 635',
    ]);
  });
});

describe('what models write', () => {
  const cases: Record<string, [markdown: string, html: string]> = {
    'bold beside punctuation': [
      '**“Word”**more, a**(b)**c',
      '<p><strong>“Word”</strong>more, a<strong>(b)</strong>c</p>',
    ],
    'bold in text without spaces': ['これは**重要。**次', '<p>これは<strong>重要。</strong>次</p>'],
    'a list with code and a quote inside': [
      '1. Run\n\n   ```sh\n   npm i\n   ```\n2. Then\n   > quote',
      '<ol><li><p>Run</p><pre><code class="language-sh">npm i\n</code></pre></li><li><p>Then</p><blockquote><p>quote</p></blockquote></li></ol>',
    ],
    'a numbered list that starts anywhere': ['7. seven\n8. eight', '<ol start="7"><li>seven</li><li>eight</li></ol>'],
    'a link with brackets in its address': [
      '[a](https://en.wikipedia.org/wiki/A_(b))',
      '<p><a href="https://en.wikipedia.org/wiki/A_(b)">a</a></p>',
    ],
    'a table with code and pipes': [
      '| a | b |\n|:--|--:|\n| `x \\| y` | **2** |',
      '<table><thead><tr><th align="left">a</th><th align="right">b</th></tr></thead><tbody><tr><td align="left"><code>x | y</code></td><td align="right"><strong>2</strong></td></tr></tbody></table>',
    ],
    'a fence that is not closed': ['```js\nlet a', '<pre><code class="language-js">let a</code></pre>'],
    tasks: [
      '- [ ] open\n- [x] done',
      '<ul><li><input type="checkbox" disabled=""> open</li><li><input type="checkbox" disabled="" checked=""> done</li></ul>',
    ],
    'formulas, as they were written': [
      'so $a_1 * b_2 * c$ and \\(x*y*z\\) and \\[ \\frac{a}{b} \\]',
      '<p>so $a_1 * b_2 * c$ and \\(x*y*z\\) and \\[ \\frac{a}{b} \\]</p>',
    ],
    'a formula on lines of its own': ['$$\na = b\n- c\n= d\n$$\nthen', '$$\na = b\n- c\n= d\n$$\n<p>then</p>'],
    prices: ['from $5 to $6 *each*', '<p>from $5 to $6 <em>each</em></p>'],
    footnotes: ['Said[^1].\n\n[^1]: Here\n[^2]: There', '<p>Said[^1].</p><p>[^1]: Here</p><p>[^2]: There</p>'],
    'snake case and globs': ['my_var_name and *.ts', '<p>my_var_name and *.ts</p>'],
  };
  for (const [name, [markdown, html]] of Object.entries(cases)) {
    it(`draws ${name}`, () => {
      expect(toHtml(markdown).replaceAll(/(?<=>)\n(?=<)/g, '')).toBe(html);
    });
  }

  it('loses no word at extreme nesting', () => {
    for (const unit of ['> ', '- ', '1. ']) {
      expect(toHtml(`${unit.repeat(300)}at the bottom`)).toContain('at the bottom');
    }
    expect(toHtml(`${'*a **b '.repeat(200)}at the bottom${'** *'.repeat(200)}`)).toContain('at the bottom');
  });
});
