import { expect } from '@esm-bundle/chai';
import { emulateMedia, sendKeys } from '@web/test-runner-commands';
import { findViolations } from '../testing/axe.ts';
import { mount, once, unmountAll } from '../testing/mount.ts';
import { answer, ANSWER, prompt, text, VIEWS } from '../testing/views.ts';

const TWO_TURNS = {
  messages: [
    prompt('u1', 'First question'),
    answer('r1', [text('First *answer*.')], 'completed'),
    prompt('u2', 'Second question'),
    answer('r2', [text('Second answer.'), { type: 'step-start' }, text('With more.')], 'completed'),
  ],
};

/** Stands in for the clipboard, which a test's page may not use; `allowed: false` refuses as a browser does. */
function fakeClipboard(allowed = true): { texts: string[]; restore(): void } {
  const texts: string[] = [];
  const writeText = (value: string): Promise<void> => {
    if (!allowed) return Promise.reject(new DOMException('no', 'NotAllowedError'));
    texts.push(value);
    return Promise.resolve();
  };
  Object.defineProperty(navigator, 'clipboard', { configurable: true, value: { writeText } });
  return { texts, restore: () => void Reflect.deleteProperty(navigator, 'clipboard') };
}

describe('copying a message', () => {
  let clipboard: ReturnType<typeof fakeClipboard>;
  beforeEach(() => void (clipboard = fakeClipboard()));
  afterEach(() => {
    clipboard.restore();
    unmountAll();
  });

  it('copies the markdown, says so, and has it read out', async () => {
    const { button, find, settled } = await mount({}, VIEWS.completed);
    const copy = button('Copy message');
    copy.focus();
    await sendKeys({ press: 'Enter' });
    await settled();
    expect(clipboard.texts).to.deep.equal([ANSWER]);
    expect([copy.ariaLabel, copy.title]).to.deep.equal(['Copied', 'Copied']);
    expect(find('[role="status"]').textContent).to.equal('Copied to the clipboard.');
    expect(find('rc-message.answer').contains(copy)).to.equal(true);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect(copy.ariaLabel).to.equal('Copy message');
  });

  it('puts a blank line between the texts of one answer', async () => {
    const { findAll, settled } = await mount({}, TWO_TURNS);
    findAll('[part="copy-message-button"]')[1]?.click();
    await settled();
    expect(clipboard.texts).to.deep.equal(['Second answer.\n\nWith more.']);
  });

  it('selects the answer where the browser forbids the clipboard', async () => {
    clipboard.restore();
    clipboard = fakeClipboard(false);
    const { button, settled } = await mount(
      {},
      { messages: [prompt('u1', 'Hi'), answer('r1', [text('Hello.')], 'completed')] },
    );
    button('Copy message').click();
    await settled();
    expect(String(getSelection())).to.contain('Hello.');
    expect(button('Copy message').isConnected).to.equal(true);
  });

  it('is offered once an answer has ended in any way, and not before', async () => {
    for (const view of [VIEWS.completed, VIEWS.stopped, VIEWS.answerFailed]) {
      const { findAll } = await mount({}, view);
      expect(findAll('[part="copy-message-button"]')).to.have.length(1);
      unmountAll();
    }
    for (const view of [VIEWS.thinking, VIEWS.streaming, VIEWS.reconnecting]) {
      const { findAll } = await mount({}, view);
      expect(findAll('[part="copy-message-button"]')).to.have.length(0);
      unmountAll();
    }
  });

  it('appears under an earlier answer when it is focused, and nothing moves', async () => {
    await emulateMedia({ reducedMotion: 'reduce' });
    const { findAll, settled } = await mount({}, TWO_TURNS);
    const [actions] = findAll('rc-message.answer .actions');
    const [, next] = findAll('rc-message.own');
    if (!actions || !next) throw new Error('nothing drawn');
    const top = next.getBoundingClientRect().top;
    // Where nothing can be pointed at, as on touch, it always shows.
    expect(getComputedStyle(actions).opacity).to.equal(matchMedia('(hover: hover)').matches ? '0' : '1');
    actions.querySelector('button')?.focus();
    await settled();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(getComputedStyle(actions).opacity).to.equal('1');
    expect(next.getBoundingClientRect().top).to.equal(top);
    await emulateMedia({ reducedMotion: 'no-preference' });
  });
});

describe('editing a prompt', () => {
  afterEach(unmountAll);

  /** Opens the editor of the prompt with this number, by keyboard. */
  async function open(at: number, attributes: Record<string, string> = {}) {
    const mounted = await mount(attributes, TWO_TURNS);
    mounted.findAll('.edit')[at]?.focus();
    await sendKeys({ press: 'Enter' });
    await mounted.settled();
    return mounted;
  }

  it('happens in place: Enter sends the text again after the message before it, and the focus moves to the composer', async () => {
    const { chat, find, findAll, session, settled } = await open(1);
    const field = find('.editor textarea') as HTMLTextAreaElement;
    expect([chat.shadowRoot?.activeElement, field.value]).to.deep.equal([field, 'Second question']);
    await sendKeys({ type: ', changed' });
    const sent = once<{ text: string }>(chat, 'rc-send');
    await sendKeys({ press: 'Enter' });
    expect((await sent).detail.text).to.equal('Second question, changed');
    await settled();
    expect(session.calls).to.deep.equal(['open', 'send Second question, changed after r1']);
    expect(findAll('.editor')).to.have.length(0);
    expect(chat.shadowRoot?.activeElement).to.equal(find('rc-composer textarea'));
  });

  it('of the first prompt replaces the whole conversation', async () => {
    const { button, session, settled } = await open(0);
    button('Send again').click();
    await settled();
    expect(session.calls).to.deep.equal(['open', 'send First question after nothing']);
  });

  it('is cancelled by Escape or Cancel, which change nothing and move the focus back', async () => {
    const { chat, button, findAll, session, settled } = await open(1, { mode: 'floating', open: '' });
    await sendKeys({ type: ' no' });
    await sendKeys({ press: 'Escape' });
    await settled();
    const edit = findAll('.edit')[1];
    expect([chat.open, chat.shadowRoot?.activeElement]).to.deep.equal([true, edit]);
    expect(findAll('.bubble')[1]?.innerText).to.equal('Second question');
    edit?.click();
    await settled();
    button('Cancel').click();
    await settled();
    expect(chat.shadowRoot?.activeElement).to.equal(findAll('.edit')[1]);
    expect(session.calls).to.deep.equal(['open']);
  });

  it('breaks the line at Shift+Enter, and does not send an empty text', async () => {
    const { find, button, session, settled } = await open(1);
    const field = find('.editor textarea') as HTMLTextAreaElement;
    await sendKeys({ down: 'Shift' });
    await sendKeys({ press: 'Enter' });
    await sendKeys({ up: 'Shift' });
    expect(field.value).to.equal('Second question\n');
    field.value = ' ';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await settled();
    expect(button('Send again').disabled).to.equal(true);
    field.focus();
    await sendKeys({ press: 'Enter' });
    expect(session.calls).to.deep.equal(['open']);
  });

  it('is not offered while an answer is being written, nor where nothing can be sent', async () => {
    for (const view of [VIEWS.streaming, VIEWS.connecting, VIEWS.expired]) {
      const { findAll } = await mount({}, view);
      expect(findAll('.edit')).to.have.length(0);
      unmountAll();
    }
  });

  it('keeps the typed text when another tab’s answer begins, and waits for its end', async () => {
    const { button, find, session, settled } = await open(1);
    await sendKeys({ type: '!' });
    session.set({ run: { runId: 'r3', messageId: 'r3', status: 'started', attempt: 1 } });
    await settled();
    expect((find('.editor textarea') as HTMLTextAreaElement).value).to.equal('Second question!');
    expect(button('Send again').disabled).to.equal(true);
    await sendKeys({ press: 'Enter' });
    expect(session.calls).to.deep.equal(['open']);
    session.set({ run: null });
    await settled();
    await sendKeys({ press: 'Enter' });
    expect(session.calls.at(-1)).to.equal('send Second question! after r1');
  });

  it('axe finds nothing in the editor in light and dark', async () => {
    for (const theme of ['light', 'dark']) {
      const { chat } = await open(1, { theme });
      expect(await findViolations(chat)).to.deep.equal([]);
      chat.remove();
    }
  });
});

describe('earlier prompts', () => {
  afterEach(unmountAll);

  it('are recalled by arrow up in an empty field, and dismissed by arrow down', async () => {
    const { field } = await mount({}, TWO_TURNS);
    field().focus();
    const seen: string[] = [];
    for (const press of ['ArrowUp', 'ArrowUp', 'ArrowUp', 'ArrowDown', 'ArrowDown']) {
      await sendKeys({ press });
      // The arrow that leads no further only moves the caret.
      field().setSelectionRange(field().value.length, field().value.length);
      seen.push(field().value);
    }
    expect(seen).to.deep.equal(['Second question', 'First question', 'First question', 'Second question', '']);
  });

  it('do not replace a text that was typed or changed', async () => {
    const { field } = await mount({}, TWO_TURNS);
    field().focus();
    await sendKeys({ type: 'mine' });
    await sendKeys({ press: 'ArrowUp' });
    expect(field().value).to.equal('mine');
    field().value = '';
    await sendKeys({ press: 'ArrowUp' });
    await sendKeys({ type: '!' });
    await sendKeys({ press: 'ArrowUp' });
    expect(field().value).to.equal('Second question!');
  });
});

describe('the actions of messages', () => {
  afterEach(unmountAll);

  it('axe finds nothing in light and dark, left to right and right to left', async () => {
    for (const theme of ['light', 'dark']) {
      for (const dir of ['ltr', 'rtl']) {
        const { chat } = await mount({ theme, dir }, TWO_TURNS);
        expect(await findViolations(chat)).to.deep.equal([]);
        chat.remove();
      }
    }
  });
});
