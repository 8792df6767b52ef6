import { expect } from '@esm-bundle/chai';
import { mount, unmountAll } from './testing/mount.ts';

/** Layouts of a page in which one more box, or one pixel below it, would show. */
const LAYOUTS = {
  'a column of flex items, 100vh': 'min-height:100vh;display:flex;flex-direction:column;justify-content:space-between',
  'a grid with gaps': 'height:100vh;display:grid;grid-template-rows:auto 1fr auto;gap:24px',
  'a row of flex items with gaps': 'display:flex;justify-content:space-between;gap:40px',
  'a grid of columns': 'display:grid;grid-template-columns:repeat(auto-fit,minmax(120px,1fr));gap:16px',
  'blocks of exactly 100vh': 'height:100vh',
};

/** Where everything of the page is, and how large it is. */
function measure(): object {
  const boxes = [...document.querySelectorAll('.of-the-page')].map((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x, y, width, height };
  });
  const { scrollHeight, scrollWidth } = document.documentElement;
  return { boxes, scrollHeight, scrollWidth };
}

describe('the page around a floating chat', () => {
  const page = document.createElement('style');
  afterEach(() => {
    unmountAll();
    page.remove();
    for (const element of document.querySelectorAll('.of-the-page')) element.remove();
  });

  for (const [name, layout] of Object.entries(LAYOUTS)) {
    it(`keeps its boxes and its size: ${name}`, async () => {
      page.textContent = `html,body{margin:0}body{${layout}}`;
      document.head.append(page);
      for (const text of ['Header', 'Main', 'Footer']) {
        const box = document.body.appendChild(document.createElement('div'));
        box.className = 'of-the-page';
        box.textContent = text;
      }
      const before = measure();
      const { chat, settled } = await mount({ mode: 'floating' });
      expect(measure()).to.deep.equal(before);
      chat.show();
      await settled();
      chat.hide();
      await settled();
      expect(measure()).to.deep.equal(before);
    });
  }
});
