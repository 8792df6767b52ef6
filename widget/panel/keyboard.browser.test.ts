import { expect } from '@esm-bundle/chai';
import { emulateMedia, sendKeys, setViewport } from '@web/test-runner-commands';
import { finishAnimations, mount, unmountAll, type Mounted } from '../testing/mount.ts';
import { VIEWS } from '../testing/views.ts';

/** What has the focus: a button's name, or the element's tag. */
function focused({ chat }: Mounted): string {
  const active = chat.shadowRoot?.activeElement;
  return active?.getAttribute('aria-label') ?? (active?.textContent.trim() || active?.localName) ?? 'the page';
}

describe('the keyboard', () => {
  afterEach(unmountAll);

  it('Enter sends, Shift+Enter breaks the line', async () => {
    const { field, session, settled } = await mount();
    const input = field();
    input.focus();
    await sendKeys({ type: 'one' });
    await sendKeys({ down: 'Shift' });
    await sendKeys({ press: 'Enter' });
    await sendKeys({ up: 'Shift' });
    await sendKeys({ type: 'two' });
    expect(input.value).to.equal('one\ntwo');
    await sendKeys({ press: 'Enter' });
    await settled();
    expect(session.calls).to.contain('send one\ntwo');
    expect(input.value).to.equal('');
  });

  it('the field grows with its text, to a bound, and shrinks again', async () => {
    const { field, settled } = await mount();
    const input = field();
    const height = (): number => input.getBoundingClientRect().height;
    const low = height();
    input.focus();
    await sendKeys({ type: 'a'.repeat(120) });
    const grown = height();
    expect(grown).to.be.above(low + 10);
    input.value = 'line\n'.repeat(60);
    input.dispatchEvent(new Event('input', { bubbles: true }));
    expect(height()).to.be.at.most(160);
    await sendKeys({ press: 'Enter' });
    await settled();
    expect(height()).to.equal(low);
  });

  it('Enter that confirms a composition sends nothing', async () => {
    const { field, session, settled } = await mount();
    const input = field();
    input.value = 'にほん';
    const enter = { key: 'Enter', bubbles: true, cancelable: true };
    input.dispatchEvent(new KeyboardEvent('keydown', { ...enter, isComposing: true }));
    input.dispatchEvent(new KeyboardEvent('keydown', { ...enter, keyCode: 229 }));
    await settled();
    expect(session.calls).to.deep.equal(['open']);
    input.dispatchEvent(new KeyboardEvent('keydown', enter));
    await settled();
    expect(session.calls).to.deep.equal(['open', 'send にほん']);
  });

  it('Enter sends nothing while an answer is being written, and keeps what was typed', async () => {
    const { field, session, button, settled } = await mount({}, VIEWS.streaming);
    const input = field();
    input.focus();
    await sendKeys({ type: 'next' });
    await sendKeys({ press: 'Enter' });
    await settled();
    expect(session.calls).to.deep.equal(['open']);
    expect(input.value).to.equal('next');
    button('Stop').click();
    await settled();
    expect(session.calls).to.deep.equal(['open', 'stop']);
  });

  it('Stop stands where Send stood, and the second click of a double click does not stop', async () => {
    const { field, session, button, settled } = await mount();
    field().value = 'x';
    const send = button('Send');
    session.set(VIEWS.streaming);
    await settled();
    expect(button('Stop')).to.equal(send);
    send.dispatchEvent(new MouseEvent('click', { detail: 2, bubbles: true }));
    expect(session.calls).to.deep.equal(['open']);
  });

  it('focus goes into the panel that a visitor opens, Escape closes it and brings the focus back', async () => {
    const mounted = await mount({ mode: 'floating' });
    const { chat, settled } = mounted;
    await sendKeys({ press: 'Tab' });
    expect(focused(mounted)).to.equal('Chat with us');
    await sendKeys({ press: 'Enter' });
    await settled();
    expect([chat.open, focused(mounted)]).to.deep.equal([true, 'Message']);
    await sendKeys({ press: 'Escape' });
    await settled();
    expect([chat.open, focused(mounted)]).to.deep.equal([false, 'Chat with us']);
  });

  it('focus goes into the panel at each opening, however often it was closed', async () => {
    const mounted = await mount({ mode: 'floating' });
    const { chat, settled, button } = mounted;
    const openings = [
      async () => button('Chat with us').click(),
      async () => await sendKeys({ press: 'Enter' }),
      async () => await sendKeys({ press: 'Space' }),
      async () => chat.show(),
    ];
    for (const [index, open] of openings.entries()) {
      await open();
      await settled();
      expect([index, chat.open, focused(mounted)]).to.deep.equal([index, true, 'Message']);
      await sendKeys({ press: 'Escape' });
      await settled();
      // Closed for good, its fading out included.
      await new Promise((resolve) => setTimeout(resolve, 250));
      button('Chat with us').focus();
    }
  });

  it('focus goes back to the page’s own button when that opened the panel', async () => {
    const opener = document.body.appendChild(document.createElement('button'));
    const { chat, settled } = await mount({ mode: 'floating' });
    opener.focus();
    chat.show();
    await settled();
    expect(document.activeElement).to.equal(chat);
    await sendKeys({ press: 'Escape' });
    await settled();
    expect(document.activeElement).to.equal(opener);
    opener.remove();
  });

  it('a panel that is open from the start takes no focus', async () => {
    await mount({ mode: 'floating', open: '' });
    expect(document.activeElement).to.equal(document.body);
  });

  it('Tab reaches everything, in reading order', async () => {
    const mounted = await mount({ mode: 'floating', open: '' }, VIEWS.stopped);
    const stops: string[] = [];
    for (let step = 0; step < 13; step += 1) {
      await sendKeys({ press: 'Tab' });
      stops.push(focused(mounted));
    }
    expect(stops.map((stop) => stop.slice(0, 12))).to.deep.equal([
      'Save as Mark',
      'New chat',
      'Close',
      'Conversation',
      'Edit',
      'Copy',
      'SESSION_TTL_',
      'Try again',
      'Copy message',
      'Good answer',
      'Bad answer',
      'Message',
      'Chat with us',
    ]);
  });

  it('everything from opening the chat to editing a prompt can be done by keyboard', async () => {
    const mounted = await mount({ mode: 'floating', suggestions: 'One\nTwo' });
    const { chat, session, settled } = mounted;
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) await sendKeys({ press: key });
      await settled();
    };
    await press('Tab', 'Enter');
    await sendKeys({ type: 'How are replies stored?' });
    await press('Enter');
    session.set(VIEWS.streaming);
    await settled();
    await press('Tab');
    expect(focused(mounted)).to.equal('Stop');
    await press('Space');
    session.set({ ...VIEWS.stopped, run: null, status: 'idle' });
    await settled();
    expect(focused(mounted)).to.equal('Message');
    for (let step = 0; step < 20 && focused(mounted) !== 'Edit'; step += 1) {
      await sendKeys({ down: 'Shift' });
      await press('Tab');
      await sendKeys({ up: 'Shift' });
    }
    await press('Enter');
    expect(focused(mounted)).to.equal('Edit your message');
    await sendKeys({ type: ' And where?' });
    await press('Enter');
    await press('Escape');
    expect([chat.open, focused(mounted)]).to.deep.equal([false, 'Chat with us']);
    expect(session.calls.filter((call) => call !== 'open' && call !== 'close')).to.deep.equal([
      'send How are replies stored?',
      'stop',
      'send How are replies stored, and for how long? And where? after nothing',
    ]);
  });

  it('the focus moves to the field when the focused button disappears', async () => {
    for (const [view, call] of [
      [VIEWS.stopped, 'regenerate'],
      [VIEWS.unreachable, 'retry'],
    ] as const) {
      const mounted = await mount({}, view);
      mounted.button('Try again').focus();
      await sendKeys({ press: 'Enter' });
      mounted.session.set(VIEWS.thinking);
      await mounted.settled();
      expect(mounted.session.calls.join()).to.contain(call);
      expect(focused(mounted)).to.equal('Message');
      unmountAll();
    }
  });

  it('on a phone the panel is the screen, is modal, and keeps the focus inside', async () => {
    await setViewport({ width: 390, height: 700 });
    try {
      const mounted = await mount({ mode: 'floating' });
      mounted.chat.show();
      await mounted.settled();
      finishAnimations(mounted);
      const panel = mounted.find('.panel');
      const { width, height } = panel.getBoundingClientRect();
      expect([width, height, panel.ariaModal]).to.deep.equal([390, 700, 'true']);
      mounted.find('textarea').focus();
      await sendKeys({ press: 'Tab' });
      expect(focused(mounted)).to.equal('Close');
      await sendKeys({ down: 'Shift' });
      await sendKeys({ press: 'Tab' });
      await sendKeys({ up: 'Shift' });
      expect(focused(mounted)).to.equal('Message');
    } finally {
      await setViewport({ width: 800, height: 600 });
      await emulateMedia({ media: 'screen' });
    }
  });
});

describe('the live region', () => {
  afterEach(unmountAll);

  it('says that an answer has begun, then the whole answer, never single tokens', async () => {
    const { find, session, settled } = await mount();
    const status = find('[role="status"]');
    const log = find('[role="log"]');
    session.set(VIEWS.thinking);
    await settled();
    expect(status.textContent).to.equal('An answer is being written.');
    session.set(VIEWS.streaming);
    await settled();
    expect(status.textContent).to.equal('An answer is being written.');
    expect([log.getAttribute('aria-live'), log.getAttribute('aria-busy')]).to.deep.equal(['off', 'true']);
    session.set({ ...VIEWS.completed, run: null, status: 'idle' });
    await settled();
    expect(status.textContent).to.contain('A reply is kept as a log').and.to.contain('Nothing else has to be done.');
  });

  it('says when the connection is lost and when it is back', async () => {
    const { find, session, settled } = await mount({}, VIEWS.streaming);
    const status = find('[role="status"]');
    session.set(VIEWS.reconnecting);
    await settled();
    expect(status.textContent).to.contain('The connection was lost');
    session.set(VIEWS.streaming);
    await settled();
    expect(status.textContent).to.equal('The connection is back.');
  });
});
