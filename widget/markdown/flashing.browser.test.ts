import { expect } from '@esm-bundle/chai';
import { openStream } from './testing/open-stream.ts';
import { ANSWERS, PARTS } from './testing/corpus.ts';

/** A formula is shown as it is written, so the mark that will close it may stand there before it has come. */
const CLOSED_FORMULA = /(?:\\[)\]]|\$\$)$/;

function readShown(host: HTMLElement): string {
  const shown = host.cloneNode(true) as HTMLElement;
  // The language of code is named once it is known whole.
  for (const caption of shown.querySelectorAll('figcaption')) caption.remove();
  return shown.textContent.replaceAll(/\s+/g, '');
}

/** Text that was shown while streaming but is not in its place at the end, character by character. */
function findFlashes(text: string): string[] {
  const whole = openStream();
  whole.update(text, true);
  const final = readShown(whole.host);
  const { host, update } = openStream();
  const flashes: string[] = [];
  for (let length = 1; length <= text.length; length += 1) {
    update(text.slice(0, length));
    const shown = readShown(host);
    if (!final.startsWith(shown) && !final.startsWith(shown.replace(CLOSED_FORMULA, ''))) {
      flashes.push(`${JSON.stringify(text.slice(Math.max(0, length - 30), length))} showed ${shown.slice(-40)}`);
    }
  }
  return flashes;
}

describe('a growing answer shows nothing that it takes back', () => {
  const texts = { ...PARTS, 'a whole answer': ANSWERS[0] ?? '', 'a Japanese one': ANSWERS[1] ?? '' };
  for (const [name, text] of Object.entries(texts)) {
    it(`of ${name}`, () => {
      expect(findFlashes(text)).to.deep.equal([]);
    });
  }

  it('shows marks that are never closed, as this test would notice', () => {
    expect(findFlashes('a [b](c').length).to.be.greaterThan(0);
  });
});
