import { expect } from '@esm-bundle/chai';
import { sendMouse } from '@web/test-runner-commands';
import type { ChatView } from '../session/types.ts';
import { mount, unmountAll, type Mounted } from '../testing/mount.ts';
import { answer, prompt, text, VIEWS } from '../testing/views.ts';

/** A conversation whose last answer has so many lines. */
function written(lines: number): Partial<ChatView> {
  const content = Array.from({ length: lines }, (_, line) => `Line ${line}`).join('\n');
  return {
    ...VIEWS.streaming,
    messages: [prompt('u1', 'Count'), answer('r1', [text(content, 'streaming')], 'started')],
  };
}

async function write({ session, settled, find }: Mounted, lines: number): Promise<void> {
  session.set(written(lines));
  const shows = (line: number): boolean => new RegExp(`Line ${line}(?!\\d)`).test(find('.messages').textContent);
  const isDrawn = (): boolean => shows(lines - 1) && !shows(lines);
  // After a draw that took long the next one waits for its turn.
  do await settled();
  while (!isDrawn());
  // What grows is seen by an observer, which runs after the frame.
  await settled();
}

function left({ find }: Mounted): number {
  const { scrollHeight, clientHeight, scrollTop } = find('.messages');
  return Math.round(scrollHeight - clientHeight - scrollTop);
}

async function scroll(mounted: Mounted, by: number): Promise<void> {
  mounted.find('.messages').scrollTop += by;
  await mounted.settled();
  await mounted.settled();
}

describe('scrolling', () => {
  afterEach(unmountAll);

  it('follows the end while an answer is being written', async () => {
    const mounted = await mount();
    for (const lines of [10, 60, 120]) {
      await write(mounted, lines);
      expect(left(mounted)).to.equal(0);
    }
    expect(mounted.findAll('.jump')).to.have.length(0);
  });

  it('begins at the greeting, however many suggestions are below it', async () => {
    const suggestions = JSON.stringify(Array.from({ length: 40 }, (_, at) => `Question ${at}`));
    const { find, settled } = await mount({ suggestions });
    await settled();
    expect(find('.messages').scrollHeight).to.be.above(find('.messages').clientHeight);
    expect(find('.messages').scrollTop).to.equal(0);
  });

  it('leaves a reader who has scrolled up where they are, and offers the way back', async () => {
    const mounted = await mount();
    await write(mounted, 100);
    await scroll(mounted, -300);
    const { scrollTop } = mounted.find('.messages');
    await write(mounted, 200);
    expect(mounted.find('.messages').scrollTop).to.equal(scrollTop);
    mounted.button('Jump to latest').click();
    await mounted.settled();
    expect(left(mounted)).to.equal(0);
    await write(mounted, 260);
    expect(left(mounted)).to.equal(0);
    expect(mounted.findAll('.jump')).to.have.length(0);
  });

  for (const [steps, by] of [
    [20, -6],
    [3, -30],
    [1, -8],
  ] as const) {
    it(`leaves a reader who scrolls up gently, ${steps} × ${-by} px, while an answer is being written`, async () => {
      const mounted = await mount();
      await write(mounted, 100);
      for (let step = 1; step <= steps; step += 1) {
        await scroll(mounted, by);
        await write(mounted, 100 + step);
      }
      const { scrollTop } = mounted.find('.messages');
      await write(mounted, 200);
      expect(mounted.find('.messages').scrollTop).to.equal(scrollTop);
      expect(left(mounted)).to.be.above(1000);
    });
  }

  it('follows again once the reader is back at the end', async () => {
    const mounted = await mount();
    await write(mounted, 100);
    await scroll(mounted, -300);
    await scroll(mounted, 400);
    await write(mounted, 150);
    expect(left(mounted)).to.equal(0);
  });

  it('goes to the end with the reader’s own prompt', async () => {
    const mounted = await mount();
    await write(mounted, 100);
    await scroll(mounted, -500);
    void mounted.chat.send('And now?');
    await mounted.settled();
    await mounted.settled();
    expect(left(mounted)).to.equal(0);
  });

  it('stays at the end when text is removed', async () => {
    const mounted = await mount();
    await write(mounted, 200);
    await write(mounted, 80);
    await write(mounted, 100);
    expect(left(mounted)).to.equal(0);
    expect(mounted.findAll('.jump')).to.have.length(0);
  });

  it('opens a restored conversation at its end', async () => {
    const mounted = await mount({ mode: 'floating' }, written(150));
    mounted.chat.show();
    await mounted.settled();
    await mounted.settled();
    expect(left(mounted)).to.equal(0);
  });

  it('keeps a reader’s selection while text streams in', async () => {
    const mounted = await mount();
    await write(mounted, 10);
    const box = mounted.find('rc-text p').getBoundingClientRect();
    const point = (x: number): [number, number] => [Math.round(box.left + x), Math.round(box.top + 12)];
    await sendMouse({ type: 'move', position: point(2) });
    await sendMouse({ type: 'down' });
    await sendMouse({ type: 'move', position: point(60) });
    await sendMouse({ type: 'up' });
    const selected = getSelection()?.toString();
    expect(selected).to.match(/^Line/);
    await write(mounted, 12);
    await write(mounted, 30);
    expect(getSelection()?.toString()).to.equal(selected);
  });
});
