import { expect } from '@esm-bundle/chai';
import * as fc from 'fast-check';
import '#scripts/seed-properties.ts';
import { createPlainText } from './plain-text.ts';

const OPTIONS = { copyLabel: 'Copy', codeLabel: 'code' };

function draw(...steps: string[]): HTMLElement {
  const host = document.createElement('div');
  const renderer = createPlainText(host, OPTIONS);
  for (const step of steps) renderer.update(step, false);
  renderer.update(steps.at(-1) ?? '', true);
  return host;
}

/** The drawn text in short: paragraphs as `p`, inline code in `<>`, code cards as `lang|code`. */
function outline(host: HTMLElement): string[] {
  return [...host.children].map((block) => {
    if (block.localName === 'p') {
      return [...block.childNodes]
        .map((node) => (node instanceof Element ? `<${node.textContent}>` : (node.textContent ?? '')))
        .join('');
    }
    return `${block.querySelector('span')?.textContent}|${block.querySelector('pre code')?.textContent}`;
  });
}

describe('plain text', () => {
  it('makes paragraphs at blank lines and keeps line breaks within them', () => {
    expect(outline(draw('one\ntwo\n\n \nthree\n'))).to.deep.equal(['one\ntwo', 'three']);
  });

  it('draws fenced code as a card with its language, without the indentation of its fence', () => {
    expect(outline(draw('Do:\n  ```ts\n  a()\n    b()\n\n  ```\nDone'))).to.deep.equal([
      'Do:',
      'ts|a()\n  b()\n',
      'Done',
    ]);
  });

  it('ends a fence only at one of its kind that is at least as long', () => {
    expect(outline(draw('````\n```\n~~~~\n`````\nx'))).to.deep.equal(['code|```\n~~~~', 'x']);
  });

  it('keeps a code block that never ends', () => {
    expect(outline(draw('```js\nlet a'))).to.deep.equal(['js|let a']);
  });

  it('draws inline code, and takes back ticks for text when nothing closes them', () => {
    expect(outline(draw('a `b` c ``d ` e`` f'))).to.deep.equal(['a <b> c <d ` e> f']);
    expect(outline(draw('a ` b `` c\n\nd `` e'))).to.deep.equal(['a ` b `` c', 'd `` e']);
    expect(outline(draw('a `` b `c` d'))).to.deep.equal(['a `` b <c> d']);
  });

  it('shows what a model writes as text, never as markup', () => {
    const host = draw('<img src=x onerror=alert(1)> `<b>`\n\n```html\n<script>alert(1)</script>\n```');
    expect(host.querySelector('img, b, script')).to.equal(null);
    expect(host.textContent).to.contain('<img src=x onerror=alert(1)>');
  });

  it('looks the same whether it came at once or in pieces', () => {
    const piece = fc.constantFrom('`', '``', '```', '~~~', '\n', '\n\n', ' ', 'word', 'js', 'é😀', '<b>', '    ');
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.nat({ max: 120 }), { maxLength: 8 }),
        (pieces, cuts) => {
          const text = pieces.join('');
          const steps = cuts.toSorted((a, b) => a - b).map((cut) => text.slice(0, cut));
          expect(draw(...steps, text).outerHTML).to.equal(draw(text).outerHTML);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('loses no letter of a text without ticks', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const plain = text.replaceAll(/[`~]/g, '');
        expect(draw(plain).textContent.replaceAll(/\s/g, '')).to.equal(plain.replaceAll(/\s/g, ''));
      }),
    );
  });

  it('keeps what is drawn while more comes, so that a selection survives', () => {
    const host = document.body.appendChild(document.createElement('div'));
    const renderer = createPlainText(host, OPTIONS);
    renderer.update('One two three', false);
    const node = host.querySelector('p')?.firstChild;
    if (!node) throw new Error('nothing was drawn');
    getSelection()?.setBaseAndExtent(node, 4, node, 7);
    renderer.update('One two three four `five`\n\nsix\n```\nseven', false);
    renderer.update('One two three four `five`\n\nsix\n```\nseven\n```\neight', true);
    expect(host.querySelector('p')?.firstChild).to.equal(node);
    expect(getSelection()?.toString()).to.equal('two');
    host.remove();
  });

  it('touches as little for a chunk late in an answer as for an early one', () => {
    const host = document.createElement('div');
    const renderer = createPlainText(host, OPTIONS);
    const changes: number[] = [];
    const observer = new MutationObserver(() => undefined);
    observer.observe(host, { childList: true, characterData: true, subtree: true });
    let text = '';
    for (let chunk = 0; chunk < 2000; chunk += 1) {
      text += chunk % 40 === 39 ? 'end.\n\n' : 'some `code` ';
      renderer.update(text, false);
      changes.push(observer.takeRecords().length);
    }
    const most = (from: number): number => Math.max(...changes.slice(from, from + 200));
    expect(most(1800)).to.be.at.most(most(0));
  });

  it('draws anew when the text is another one', () => {
    const host = document.createElement('div');
    const renderer = createPlainText(host, OPTIONS);
    renderer.update('The first attempt', false);
    renderer.update('The second', false);
    expect(outline(host)).to.deep.equal(['The second']);
  });

  it('survives hostile input', () => {
    const size = 64 * 1024;
    for (const unit of ['`', '` ', '``a`', '```', '~', ' ', '\n', '```\n', 'a`b``c```']) {
      const text = unit.repeat(size / unit.length);
      const steps = Array.from({ length: 64 }, (_, index) => text.slice(0, (index + 1) * 1024));
      expect(draw(...steps).childNodes.length).to.be.at.most(size);
    }
  });
});
