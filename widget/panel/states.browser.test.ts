import { expect } from '@esm-bundle/chai';
import { emulateMedia } from '@web/test-runner-commands';
import { findViolations } from '../testing/axe.ts';
import { finishAnimations, mount, unmountAll, type Mounted } from '../testing/mount.ts';
import { answer, ANSWER, prompt, text, VIEWS, type ViewName } from '../testing/views.ts';

/** What a visitor must be able to read in each state. */
const READ: Record<ViewName, readonly string[]> = {
  empty: ['Hello. What would you like to know?'],
  connecting: ['Connecting', 'How are replies stored', 'Sending'],
  thinking: ['Writing', 'How are replies stored'],
  streaming: ['Writing', 'SESSION_TTL_SECONDS=86400'],
  reconnecting: ['Reconnecting', 'A reply is kept as a log', 'the answer was not'],
  offline: ['Offline', 'A reply is kept as a log', 'You are offline'],
  pendingOffline: ['And when I am offline?', 'Kept until it can be sent'],
  acceptedOffline: ['And once you have it?', 'Sending'],
  restarted: ['A reply is kept as a log', 'Interrupted. Picking it up again.'],
  recovered: ['Nothing else has to be done.', 'Recovered after an interruption'],
  restoring: ['Restoring'],
  completed: ['Nothing else has to be done.'],
  stopped: ['A reply is kept as a log', 'Stopped', 'Try again'],
  answerFailed: ['A reply is kept as a log', 'The answer could not be written.', 'Try again'],
  rateLimited: ['Again?', 'Your message will be sent in '],
  expired: ['Yes.', 'This conversation has expired.', 'New chat'],
  unreachable: ['Not connected', 'The chat cannot be reached.', 'Try again'],
  refused: ['Not connected', 'not available on this site'],
  tooLong: ['That message is too long.'],
  parts: ['Thoughts', 'Used search docs', 'lookup did not work', 'Here is what I found.', 'The docs', 'a.png'],
};

function read({ find }: Mounted): string {
  return find('.panel').innerText;
}

describe('each state', () => {
  afterEach(unmountAll);

  for (const [name, view] of Object.entries(VIEWS)) {
    it(`${name} shows its texts, and axe finds nothing in light and dark`, async () => {
      for (const theme of ['light', 'dark']) {
        const mounted = await mount({ theme, suggestions: 'One\nTwo' }, view);
        finishAnimations(mounted);
        const sentences = READ[name as ViewName];
        // Some of it is drawn by a part that is loaded when it is needed first.
        for (let turn = 0; turn < 50 && sentences.some((sentence) => !read(mounted).includes(sentence)); turn += 1) {
          await mounted.settled();
        }
        for (const sentence of sentences) expect(read(mounted)).to.contain(sentence);
        expect(await findViolations(mounted.chat)).to.deep.equal([]);
        mounted.chat.remove();
      }
    });
  }

  it('closed shows only the launcher, and axe finds nothing', async () => {
    const { chat } = await mount({ mode: 'floating' });
    expect(await findViolations(chat)).to.deep.equal([]);
  });

  it('is readable with any accent', async () => {
    for (const accent of ['#ffd400', '#ffffff', '#000000', '#101060', 'hotpink', 'oklch(70% 0.2 150)']) {
      for (const theme of ['light', 'dark']) {
        const mounted = await mount({ theme, accent, mode: 'floating', open: '' }, VIEWS.parts);
        finishAnimations(mounted);
        expect(await findViolations(mounted.chat)).to.deep.equal([]);
        mounted.chat.remove();
      }
    }
  });

  it('animates the thread of the empty chat on the compositor, and covers nothing that can be clicked', async () => {
    for (const dir of ['ltr', 'rtl']) {
      const { chat, find, findAll } = await mount({ dir, suggestions: 'One\nTwo' }, VIEWS.empty);
      const animations = (chat.shadowRoot?.getAnimations() ?? []).filter(
        (animation) => (animation as CSSAnimation).animationName === 'uncover',
      );
      expect(animations).to.have.length(1);
      const [cover] = animations as [CSSAnimation];
      cover.pause();
      cover.currentTime = 0;
      const moved = (cover.effect as KeyframeEffect).getKeyframes().flatMap((frame) => Object.keys(frame));
      expect(moved.filter((name) => !['offset', 'computedOffset', 'easing', 'composite'].includes(name))).to.deep.equal(
        ['transform', 'transform'],
      );
      const [suggestion] = findAll('.suggestion span');
      const { x, y, width, height } = suggestion?.getBoundingClientRect() ?? new DOMRect();
      const hit = chat.shadowRoot?.elementFromPoint(x + width / 2, y + height / 2);
      expect(hit?.className || hit?.textContent).to.equal('One');
      for (const time of [0, 350, 699]) {
        cover.currentTime = time;
        expect(find('.messages').scrollWidth).to.equal(find('.messages').clientWidth);
      }
      chat.remove();
    }
  });

  it('draws the thread of an answer differently while the connection is lost', async () => {
    const mounted = await mount({}, VIEWS.streaming);
    const thread = (): string => getComputedStyle(mounted.find('rc-message.answer'), '::before').backgroundImage;
    expect(thread()).to.equal('none');
    mounted.session.set(VIEWS.reconnecting);
    await mounted.settled();
    expect(thread()).to.contain('gradient');
  });

  it('dims text that was cut by a takeover until new text comes', async () => {
    const mounted = await mount({}, VIEWS.restarted);
    finishAnimations(mounted);
    expect(mounted.find('.dimmed').textContent).to.contain('A reply is kept as a log');
    expect(Number(getComputedStyle(mounted.find('.dimmed')).opacity)).to.be.below(1);
    mounted.session.set({
      dimmed: [],
      messages: [prompt('u1', 'Hello'), answer('r1', [text('A reply', 'streaming')], 'restarted', { attempt: 2 })],
    });
    await mounted.settled();
    expect(mounted.findAll('.dimmed')).to.have.length(0);
    expect(read(mounted)).to.contain('Recovered after an interruption');
  });

  it('shows for a few seconds that the connection is back, if its loss was visible', async () => {
    const mounted = await mount({}, VIEWS.reconnecting);
    mounted.session.set(VIEWS.streaming);
    await mounted.settled();
    expect(mounted.find('.line').textContent).to.equal('Writing');
    mounted.session.set(VIEWS.reconnecting);
    await new Promise((resolve) => setTimeout(resolve, 700));
    mounted.session.set(VIEWS.streaming);
    await mounted.settled();
    expect(mounted.find('.line').textContent).to.equal('Back, nothing lost');
    await new Promise((resolve) => setTimeout(resolve, 4_100));
    await mounted.settled();
    expect(mounted.find('.line').textContent).to.equal('Writing');
  });

  it('counts down the time until one can send again', async () => {
    const mounted = await mount({}, { ...VIEWS.rateLimited, retryAt: Date.now() + 2_500 });
    expect(read(mounted)).to.contain('in 3 s');
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await mounted.settled();
    expect(read(mounted)).to.contain('in 2 s');
  });

  it('styles lists and tables in every chat of a page, not only in the first', async () => {
    for (const _ of ['first', 'second']) {
      const mounted = await mount({}, { messages: [answer('r1', [text('- a\n- b')], 'completed')] });
      while (mounted.findAll('.text li').length < 2) await mounted.settled();
      expect(getComputedStyle(mounted.find('.text ul')).listStyleType).to.equal('disc');
      mounted.chat.remove();
    }
  });

  it('puts a refused prompt back into the composer', async () => {
    const mounted = await mount();
    mounted.session.set(VIEWS.tooLong);
    await mounted.settled();
    expect(mounted.field().value).to.equal('A long story');
  });

  it('shows links only where they may lead, and no image unless the page allows it', async () => {
    const mounted = await mount({}, VIEWS.parts);
    const links = mounted.findAll('a').map((link) => (link as HTMLAnchorElement).href);
    expect(links).to.deep.equal(['https://example.com/a.png', 'https://example.com/docs']);
    expect(mounted.findAll('img')).to.have.length(0);
  });

  it('keeps the drawn answer when it ends and when a snapshot replaces it', async () => {
    const mounted = await mount({}, VIEWS.streaming);
    const drawn = mounted.find('rc-message.answer rc-text p:first-child').firstChild;
    mounted.session.set({ ...VIEWS.completed, run: null, status: 'idle' });
    await mounted.settled();
    mounted.session.set({ messages: structuredClone(mounted.session.view.messages) });
    await mounted.settled();
    expect(mounted.find('rc-message.answer rc-text p:first-child').firstChild).to.equal(drawn);
    expect(read(mounted)).to.contain(ANSWER.slice(-28));
  });

  it('does not move with reduced motion', async () => {
    await emulateMedia({ reducedMotion: 'reduce' });
    try {
      const mounted = await mount({}, VIEWS.streaming);
      const endless = mounted.chat.shadowRoot
        ?.getAnimations()
        .filter(({ effect }) => effect?.getComputedTiming().iterations === Infinity);
      expect(endless).to.deep.equal([]);
    } finally {
      await emulateMedia({ reducedMotion: 'no-preference' });
    }
  });
});
