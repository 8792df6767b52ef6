import { expect } from '@esm-bundle/chai';
import * as fc from 'fast-check';
import '#scripts/seed-properties.ts';
import { findViolations } from '../testing/axe.ts';
import { BLOCK_LIMIT, TEXT_LIMIT } from './markdown-stream.ts';
import { markdownStyles } from './styles.ts';
import { ANSWERS, hostileTexts, PARTS, PIECES } from './testing/corpus.ts';
import { openStream as open } from './testing/open-stream.ts';

function draw(...steps: string[]): HTMLElement {
  const { host, update } = open();
  for (const step of steps) update(step);
  update(steps.at(-1) ?? '', true);
  return host;
}

function letters(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}]/gu, '');
}

function find(host: HTMLElement, selector: string): Element {
  const found = host.querySelector(selector);
  if (!found) throw new Error(`nothing is drawn as ${selector}`);
  return found;
}

describe('markdown while it is written', () => {
  afterEach(() => document.body.replaceChildren());

  it('ends the same in whatever pieces an answer comes', () => {
    for (const answer of [...ANSWERS, ...Object.values(PARTS)]) {
      const whole = draw(answer).innerHTML;
      for (const size of [1, 2, 3, 7, 50]) {
        const steps = Array.from({ length: Math.ceil(answer.length / size) }, (_, at) =>
          answer.slice(0, (at + 1) * size),
        );
        expect(draw(...steps).innerHTML).to.equal(whole);
      }
    }
  });

  it('ends the same in whatever pieces any text comes', () => {
    const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 });
    fc.assert(
      fc.property(pieces, fc.array(fc.nat({ max: 250 }), { maxLength: 20 }), (pieces, cuts) => {
        const text = pieces.join('');
        const steps = cuts.toSorted((a, b) => a - b).map((cut) => text.slice(0, cut));
        expect(draw(...steps, text).innerHTML).to.equal(draw(text).innerHTML);
      }),
      { numRuns: 600 },
    );
  });

  it('hides a heading of which only the mark came before the answer was stopped', async () => {
    const frame = document.createElement('div');
    document.body.append(frame);
    const { host, update } = open();
    host.className = 'text';
    frame.attachShadow({ mode: 'open' }).append(host);
    frame.shadowRoot?.adoptedStyleSheets.push(markdownStyles);
    update('So much for that.\n\n##', true);
    expect(find(host, 'h2').textContent).to.equal('');
    expect(await findViolations(frame)).to.deep.equal([]);
  });

  it('loses no letter', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '*',
        '**',
        '_',
        '` ',
        '\n',
        '\n\n',
        '- ',
        '> ',
        '# ',
        '| ',
        '~~ ',
        '[',
        '](',
        '\\(',
        '$',
        'word',
        'héé',
        '漢',
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(pieces, (pieces) => {
        const text = pieces.join('');
        const host = draw(text);
        for (const caption of host.querySelectorAll('figcaption')) caption.remove();
        const addresses = [...host.querySelectorAll('a, img')].map((link) => link.getAttribute('href') ?? '').join('');
        expect(letters(host.textContent + addresses).length).to.be.at.least(letters(text).length);
      }),
      { numRuns: 500 },
    );
  });

  it('mirrors a list, quote or table whose first letter runs from right to left', () => {
    const host = draw('- **אחת**\n- two\n\n> ציטוט\n\n1. one\n2. שתיים\n\nמילה\n');
    expect(
      [...host.children].map(({ localName, attributes }) => [localName, attributes.getNamedItem('dir')?.value]),
    ).to.deep.equal([
      ['ul', 'rtl'],
      ['blockquote', 'rtl'],
      ['ol', undefined],
      // Its style has each of its lines run as its own letters do.
      ['p', undefined],
    ]);
  });

  it('shows no half-written marks', () => {
    const { host, update } = open();
    const shown: string[] = [];
    const text = 'A **bold** and `code` and [link](https://example.com/x).';
    for (let length = 1; length <= text.length; length += 1) {
      update(text.slice(0, length));
      shown.push(host.textContent);
    }
    expect(shown.filter((text) => /[*`[\]()]|https/.test(text))).to.deep.equal([]);
  });

  it('draws an empty header cell as an ordinary cell', () => {
    const host = draw('| | Tea |\n|---|---|\n| Price | low |');
    expect([...host.querySelectorAll('thead tr > *')].map(({ tagName }) => tagName)).to.deep.equal(['TD', 'TH']);
  });

  it('marks the cells of a table that may wrap; short ones stay on their line', () => {
    const host = draw(
      '| City | What to see |\n|---|---|\n| Trieste | The sea, from the train on the left |\n| 12,345,678 km | ',
    );
    expect([...host.querySelectorAll('td')].map(({ className }) => className)).to.deep.equal(['', 'long', '', '']);
  });

  it('shows a table once it is one, row by row', () => {
    const { host, update } = open();
    update('Before\n\n| a | b |');
    expect(host.textContent).to.equal('Before');
    update('Before\n\n| a | b |\n|---|--');
    expect(host.textContent).to.equal('Before');
    update('Before\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3');
    expect([...host.querySelectorAll('th, td')].map((cell) => cell.textContent)).to.deep.equal(['a', 'b', '1', '2']);
  });

  it('shows a block of code from its first mark on', () => {
    const { host, update } = open();
    update('```ja');
    expect(find(host, 'figcaption span').textContent).to.equal('code');
    update('```javascript\nlet a\n``');
    expect(find(host, 'figcaption span').textContent).to.equal('javascript');
    expect(find(host, 'pre code').textContent).to.equal('let a');
  });

  it('keeps a selection in a closed block and in the open one', () => {
    const { host, update } = open();
    document.body.append(host);
    const start = '- one **two** three\n- four';
    update(start);
    const node = find(host, 'strong').firstChild as Text;
    getSelection()?.setBaseAndExtent(node, 0, node, 3);
    const text = `${start} five\n\n- loose now\n\nEnd of it.\n\n\`\`\`js\nlet a\n\`\`\`\n`;
    for (let length = start.length; length <= text.length; length += 1) update(text.slice(0, length));
    update(text, true);
    expect(find(host, 'strong').firstChild).to.equal(node);
    expect(getSelection()?.toString()).to.equal('two');
  });

  it('changes as few nodes for a late chunk as for an early one', () => {
    const { host, update } = open();
    const observer = new MutationObserver(() => undefined);
    observer.observe(host, { childList: true, characterData: true, attributes: true, subtree: true });
    const changes: number[] = [];
    let text = '';
    for (let chunk = 0; chunk < 1000; chunk += 1) {
      text += chunk % 40 === 39 ? 'end.\n\n' : 'some **bold** `code` ';
      update(text);
      changes.push(observer.takeRecords().length);
    }
    const most = (from: number): number => Math.max(...changes.slice(from, from + 200));
    expect(most(800)).to.be.at.most(most(0) + 2);
  });

  it('drops no cell of a row, and reads a bar in code as code', () => {
    const cells = (row: string): string[] =>
      [...draw(`| a | b |\n|---|---|\n${row}\n`).querySelectorAll('td')].map((cell) => cell.textContent);
    expect(cells('| `x|y` | z |')).to.deep.equal(['x|y', 'z']);
    expect(cells('| `||` | y |')).to.deep.equal(['||', 'y']);
    expect(cells('| ``a`|b`` | c \\| d |')).to.deep.equal(['a`|b', 'c | d']);
    expect(cells('| 1 | 2 | 3 |')).to.deep.equal(['1', '2 | 3']);
    expect(cells('1 | 2 | `3')).to.deep.equal(['1', '2 | `3']);
    expect(cells('| 1 |')).to.deep.equal(['1', '']);
  });

  it('breaks a cell’s line at <br>, and draws no other markup', () => {
    const cell = find(draw('| a |\n|---|\n| one<br>two<BR />three<b>four</b><br onclick=x> |'), 'td');
    expect(cell.querySelectorAll('br').length).to.equal(2);
    expect(cell.textContent).to.equal('onetwothree<b>four</b><br onclick=x>');
  });

  it('shows an image in a link as the link’s text', () => {
    const host = draw('[![badge](https://a.example/b.svg) more](https://b.example)');
    expect([...host.querySelectorAll('a')].map((link) => [link.textContent, link.href])).to.deep.equal([
      ['badge more', 'https://b.example/'],
    ]);
  });

  it('reads no marks in an address that is written out', () => {
    const addresses = ['https://a.b/__init__.py', 'https://a.b/_next/static_/x', 'http://a.b/?c_d_=e&f=_g_h'];
    const links = [...draw(`${addresses.join(' and ')}, **https://a.b/c_** _https://a.b/d_.`).querySelectorAll('a')];
    expect(links.map(({ textContent }) => textContent)).to.deep.equal([...addresses, 'https://a.b/c', 'https://a.b/d']);
  });

  it('shows the brackets of a reference that was never defined', () => {
    const { host, update } = open();
    update('See [the docs][docs].\n\nMore');
    expect(host.textContent).to.equal('See the docs.More');
    update('See [the docs][docs].\n\nMore', true);
    expect(host.textContent).to.equal('See [the docs][docs].More');
    expect(host.querySelectorAll('a')).to.have.length(0);
  });

  it('draws links that are defined last', () => {
    expect(
      find(draw('See [a].', 'See [a].\n\nMore.\n\n', 'See [a].\n\nMore.\n\n[a]: https://a.example/'), 'a').getAttribute(
        'href',
      ),
    ).to.equal('https://a.example/');
  });

  it('starts over when the text is replaced', () => {
    const { host, update } = open();
    update('The *first* attempt\n\nand more');
    update('The second');
    expect(host.innerHTML).to.equal('<p>The second</p>');
  });

  it('pauses four times as long as a render took', async () => {
    let now = 0;
    const { host, update } = open({ clock: () => (now += 5) });
    update('one');
    update('one two');
    expect(host.textContent).to.equal('one');
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(host.textContent).to.equal('one two');
  });
});

describe('markdown that means harm', () => {
  afterEach(() => document.body.replaceChildren());

  it('links to web and mail only, with noopener, noreferrer and nofollow', () => {
    const host = draw(
      [
        'javascript:alert(1)',
        'JaVaScRiPt:alert(1)',
        'java\tscript:x',
        '&#106;avascript:x',
        'data:text/html,x',
        'vbscript:x',
        'file:///etc',
        'blob:x',
        '/relative',
        '//host',
        'https://ok.example',
      ]
        .map((url) => `[a](<${url}>) <${url}> [b][${url}]\n\n[${url}]: <${url}>`)
        .join('\n\n'),
    );
    const links = [...host.querySelectorAll('a')];
    expect(links.length).to.be.greaterThan(3);
    for (const link of links) {
      if (!link.hasAttribute('href')) continue;
      expect(link.href).to.match(/^(https?:|mailto:)/);
      expect([link.rel, link.target]).to.deep.equal(['noopener noreferrer nofollow', '_blank']);
    }
    expect(
      [...host.querySelectorAll('[href]')].every((link) => link.getAttribute('href')?.startsWith('https://ok.example')),
    ).to.equal(true);
  });

  it('makes no elements of markup', () => {
    const host = draw(
      '<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> <svg onload=alert(1)>\n\n<iframe src="https://x.example"></iframe>',
    );
    expect(host.querySelector('script, img, svg, iframe')).to.equal(null);
    expect(host.textContent).to.contain('<img src=x onerror=alert(1)>');
  });

  it('fetches no images, whole or half written, and links to them', () => {
    const { host, update } = open();
    document.body.append(host);
    const text =
      '![secret](https://attacker.invalid/x.png?data=1) and ![ref][r]\n\n[r]: https://attacker.invalid/y.png';
    for (let length = 1; length <= text.length; length += 1) {
      update(text.slice(0, length));
      expect(host.querySelector('img')).to.equal(null);
    }
    update(text, true);
    expect(host.querySelector('img')).to.equal(null);
    expect([...host.querySelectorAll('a')].map((link) => [link.textContent, link.href])).to.deep.equal([
      ['secret', 'https://attacker.invalid/x.png?data=1'],
      ['ref', 'https://attacker.invalid/y.png'],
    ]);
    expect(performance.getEntriesByType('resource').filter(({ name }) => name.includes('attacker'))).to.deep.equal([]);
  });

  it('shows images where the page allows them, from the web alone', () => {
    const { host, update } = open({ allowImages: true });
    update(`![a](${location.origin}/none.png "title") ![b](mailto:x@y.example) ![c](data:image/svg+xml,x)`, true);
    const images = [...host.querySelectorAll('img')];
    expect(images.map(({ alt, referrerPolicy, title }) => [alt, referrerPolicy, title])).to.deep.equal([
      ['a', 'no-referrer', 'title'],
    ]);
  });

  const size = 64 * 1024;
  for (const [name, text] of Object.entries(hostileTexts(size))) {
    it(`does not hang the page: ${name}`, () => {
      const start = performance.now();
      const { host, update } = open();
      for (const share of [0.5, 1]) update(text.slice(0, size * share));
      update(text, true);
      // Quadratic work on this much takes longer than this on any machine; how fast it is, the benchmark says.
      expect(performance.now() - start).to.be.below(15_000);
      if (/^"(?:word|- - a|> > > a|\*a_)/.test(name))
        expect(letters(host.textContent).length).to.equal(letters(text).length);
    });
  }

  it('is plain from the first block that is too long, and past the limit of a text', () => {
    const long = `**before**\n\n${'word '.repeat(BLOCK_LIMIT / 5 + 1)}**a**\n\n**after**`;
    const host = draw(long.slice(0, 1000), long.slice(0, BLOCK_LIMIT + 20), long);
    expect(host.innerHTML === draw(long).innerHTML).to.equal(true);
    expect([...host.querySelectorAll('strong')].map((bold) => bold.textContent)).to.deep.equal(['before']);
    expect(host.textContent).to.contain('**a**');

    const many = '**word** and\n\n'.repeat(TEXT_LIMIT / 14 + 100);
    const steps = Array.from({ length: 10 }, (_, at) => many.slice(0, (many.length / 10) * (at + 1)));
    const drawn = draw(...steps);
    expect(drawn.innerHTML === draw(many).innerHTML).to.equal(true);
    expect(letters(drawn.textContent).length).to.equal(letters(many).length);
    expect(drawn.querySelectorAll('strong').length).to.be.within(TEXT_LIMIT / 14 - 10, TEXT_LIMIT / 14);
  });
});
