import { expect } from '@esm-bundle/chai';
import { createLazyModule } from './lazy/lazy-module.ts';
import { ResumableChat } from './resumable-chat.ts';
import { finishAnimations, mount, once, ScriptedChat, unmountAll } from './testing/mount.ts';
import { createScriptedClient, createScriptedSession } from './testing/scripted-session.ts';
import { answer, prompt, text, VIEWS } from './testing/views.ts';

describe('attributes', () => {
  afterEach(unmountAll);

  it('heading, greeting and placeholder are shown', async () => {
    const { find, field } = await mount({ heading: 'Ask us', greeting: 'Good day', placeholder: 'Say it' });
    expect(find('h2').textContent).to.equal('Ask us');
    expect(find('.greeting').textContent).to.equal('Good day');
    expect(field().placeholder).to.equal('Say it');
  });

  it('suggestions come as JSON or as lines, and a click sends one', async () => {
    for (const value of ['["One?", "Two?"]', 'One?\n  Two?\n']) {
      const { findAll, session, settled } = await mount({ suggestions: value });
      expect(findAll('.suggestion').map(({ innerText }) => innerText)).to.deep.equal(['One?', 'Two?']);
      findAll('.suggestion')[1]?.click();
      await settled();
      expect(session.calls).to.contain('send Two?');
      unmountAll();
    }
  });

  it('theme turns the surface dark', async () => {
    const surface = async (theme: string): Promise<string> => {
      const { find } = await mount({ theme });
      return getComputedStyle(find('.panel')).backgroundColor;
    };
    expect(await surface('dark')).not.to.equal(await surface('light'));
  });

  it('accent colours the button, and the text on it is whichever of black and white can be read', async () => {
    const mounted = await mount({ accent: '#ffd400' });
    const { chat, find, field, settled } = mounted;
    const input = field();
    input.value = 'x';
    input.dispatchEvent(new Event('input'));
    await settled();
    finishAnimations(mounted);
    const style = getComputedStyle(find('.send'));
    expect(style.backgroundColor).to.equal('rgb(255, 212, 0)');
    expect(style.color).to.contain('0 0 0');
    chat.setAttribute('accent', 'rgb(10 20 90)');
    await settled();
    expect(style.color).not.to.contain('0 0 0');
  });

  it('an accent that is not a colour is ignored', async () => {
    const { chat } = await mount({ accent: 'red; position: fixed' });
    expect(chat.shadowRoot?.querySelector('.root')?.getAttribute('style')).to.equal(null);
  });

  it('position puts the launcher into each corner', async () => {
    for (const position of ['bottom-right', 'bottom-left', 'top-right', 'top-left']) {
      const { find } = await mount({ mode: 'floating', position });
      const box = find('.launcher').getBoundingClientRect();
      expect(box.top > innerHeight / 2 ? 'bottom' : 'top').to.equal(position.split('-')[0]);
      expect(box.left > innerWidth / 2 ? 'right' : 'left').to.equal(position.split('-')[1]);
      unmountAll();
    }
  });

  it('dir mirrors the layout', async () => {
    const { find } = await mount({ dir: 'rtl' }, VIEWS.completed);
    const bubble = find('.bubble').getBoundingClientRect();
    const panel = find('.panel').getBoundingClientRect();
    expect(bubble.left - panel.left).to.be.below(panel.right - bubble.right);
    expect(find('.send').getBoundingClientRect().left).to.be.below(find('textarea').getBoundingClientRect().left);
  });

  it('lang names the language of texts that the page brings', async () => {
    const { chat, find, settled } = await mount();
    expect(find('.root').lang).to.equal('en');
    chat.strings = { send: 'Enviar' };
    chat.setAttribute('lang', 'es');
    await settled();
    expect(find('.root').lang).to.equal('es');
  });

  it('lang chooses the language of the texts; for a language that the widget lacks they are English and marked so', async () => {
    const { chat, find, button, settled } = await mount({ lang: 'de-AT' });
    while (find('.root').lang !== 'de') await settled();
    expect(button('Senden').title).to.equal('Senden');
    chat.strings = { send: 'Abschicken' };
    await settled();
    expect(button('Abschicken').title).to.equal('Abschicken');
    expect(find('textarea').ariaLabel).to.equal('Nachricht');
    chat.strings = null;
    chat.lang = 'tlh';
    await settled();
    expect([find('.root').lang, button('Send').title]).to.deep.equal(['en', 'Send']);
  });

  it('allow-images shows the images of an answer', async () => {
    const { findAll } = await mount({ 'allow-images': '' }, VIEWS.parts);
    expect(findAll('img')).to.have.length(1);
  });

  it('sync-url shows the session id in the address, and removes it with a new chat', async () => {
    const { session, settled } = await mount({ 'sync-url': 'chat' });
    session.set({ sessionId: 'session-in-the-url' });
    await settled();
    expect(new URL(location.href).searchParams.get('chat')).to.equal('session-in-the-url');
    session.set({ sessionId: null });
    await settled();
    expect(new URL(location.href).searchParams.has('chat')).to.equal(false);
  });

  it('the page’s styles do not leak in', async () => {
    const style = document.head.appendChild(document.createElement('style'));
    style.textContent = '* { color: red; font: 40px serif; text-transform: uppercase; letter-spacing: 9px }';
    const { find } = await mount({ theme: 'light' }, VIEWS.completed);
    const { color, fontSize, textTransform, letterSpacing } = getComputedStyle(find('.bubble'));
    style.remove();
    expect(color).not.to.equal('rgb(255, 0, 0)');
    expect([fontSize, textTransform, letterSpacing]).to.deep.equal(['15.5px', 'none', 'normal']);
  });
});

describe('methods, properties and events', () => {
  afterEach(unmountAll);

  it('show, hide and toggle open and close a floating panel', async () => {
    const { chat, find, findAll, settled } = await mount({ mode: 'floating' });
    expect(findAll('.panel')).to.have.length(0);
    const opened = once(chat, 'rc-open');
    chat.show();
    await opened;
    await settled();
    expect(find('.panel').getAttribute('role')).to.equal('dialog');
    expect(find('.launcher').getAttribute('aria-expanded')).to.equal('true');
    const closed = once(chat, 'rc-close');
    chat.toggle();
    await closed;
    expect(chat.open).to.equal(false);
    expect(find('.panel').inert).to.equal(true);
  });

  it('the client is loaded when it is first needed', async () => {
    const { chat, settled } = await mount({ mode: 'floating', relay: 'https://relay.example' });
    expect([chat.loads, chat.client]).to.deep.equal([0, null]);
    chat.show();
    await settled();
    expect(chat.loads).to.equal(1);
    expect(chat.client).not.to.equal(null);
  });

  it('the client is loaded at once where a session is stored', async () => {
    localStorage.setItem('resumable-chat:https://relay.example', '{"sessionId":"a-session-of-the-test","token":"y"}');
    const { chat } = await mount({ mode: 'floating', relay: 'https://relay.example/' });
    localStorage.removeItem('resumable-chat:https://relay.example');
    expect(chat.loads).to.equal(1);
  });

  it('closes the connection while the panel is closed, unless an answer is being written', async () => {
    const { chat, session, settled } = await mount({ mode: 'floating', open: '' });
    session.set(VIEWS.streaming);
    await settled();
    chat.hide();
    await settled();
    expect(session.calls).to.deep.equal(['open']);
    session.set({ ...VIEWS.completed, run: null, status: 'idle' });
    await settled();
    expect(session.calls).to.deep.equal(['open', 'close']);
    chat.show();
    await settled();
    expect(session.calls).to.deep.equal(['open', 'close', 'open']);
  });

  it('the launcher shows that an answer is being written, and then that one is unread', async () => {
    const { chat, find, findAll, session, settled } = await mount({ mode: 'floating', open: '' }, VIEWS.streaming);
    chat.hide();
    await settled();
    expect(find('.launcher').getAttribute('aria-description')).to.equal('An answer is being written');
    session.set({ ...VIEWS.completed, run: null, status: 'idle' });
    await settled();
    expect(find('.launcher').getAttribute('aria-description')).to.equal('A new answer is waiting');
    chat.show();
    await settled();
    expect(findAll('.badge')).to.have.length(0);
    expect(find('rc-message.answer').textContent).to.contain('Nothing else has to be done.');
  });

  it('send, stop, regenerate and newChat reach the client', async () => {
    const { chat, session, settled } = await mount();
    const sent = once<{ text: string }>(chat, 'rc-send');
    expect(await chat.send('Hello')).to.equal(true);
    expect((await sent).detail.text).to.equal('Hello');
    expect(await chat.send('  ')).to.equal(false);
    await chat.regenerate('u1');
    await chat.stop();
    chat.newChat();
    await settled();
    expect(session.calls).to.deep.equal(['open', 'send Hello', 'regenerate u1', 'stop', 'newChat']);
  });

  it('session joins another device’s conversation', async () => {
    const { chat, session, settled } = await mount();
    expect(chat.session).to.equal(null);
    chat.session = { sessionId: 'from-another-device', token: 'secret' };
    await settled();
    expect(session.calls).to.contain('join from-another-device');
    expect(chat.session).to.deep.equal({ sessionId: 'from-another-device', token: 'secret' });
    expect(chat.sessionId).to.equal('from-another-device');
    for (const wrong of [{ id: 'wrong' }, { sessionId: '../sessions', token: 't' }, 'token', 7])
      expect(() => Object.assign(chat, { session: wrong })).to.throw(TypeError);
  });

  // React 19 sets the properties that a page gives null or undefined.
  for (const nothing of [null, undefined]) {
    it(`${nothing} for any property is the same as not giving it`, async () => {
      const { chat, session, settled } = await mount();
      await chat.send('Hello');
      const names = ['session', 'sessionId', 'strings', ...ResumableChat.elementProperties.keys()];
      for (const name of names)
        if (name !== 'unread' && name !== 'open') Object.assign(chat, { [String(name)]: nothing });
      await settled();
      expect(session.calls).to.not.contain('newChat');
      expect(chat.shadowRoot?.querySelector('.launcher')).to.not.equal(null);
      expect(chat.shadowRoot?.querySelector('.root')?.className).to.equal('root floating bottom-right auto');
      chat.show();
      await settled();
      expect(chat.shadowRoot?.querySelector('rc-panel')).to.not.equal(null);
      expect(chat.strings.send).to.not.equal('');
    });
  }

  it('messages, status and events follow the conversation', async () => {
    const { chat, session, settled } = await mount();
    const log: string[] = [];
    for (const type of ['rc-status', 'rc-message', 'rc-error']) {
      document.body.addEventListener(type, (event) => {
        const { status, message, problem } = (event as CustomEvent).detail;
        log.push(`${type} ${status ?? message?.id ?? problem?.code}`);
      });
    }
    session.set({ status: 'connecting', pending: { messageId: 'u1', text: 'Hello' } });
    await settled();
    session.set({ ...VIEWS.streaming, pending: null });
    await settled();
    expect([chat.status, chat.messages.length]).to.deep.equal(['streaming', 2]);
    session.set({ status: 'idle', run: null, messages: VIEWS.completed.messages });
    await settled();
    session.set({ problem: VIEWS.tooLong.problem });
    await settled();
    expect(log).to.deep.equal([
      'rc-status connecting',
      'rc-message u1',
      'rc-status streaming',
      'rc-message r1',
      'rc-status idle',
      'rc-error payload-too-large',
    ]);
  });

  it('restored messages fire no rc-message', async () => {
    const { chat, session, settled } = await mount({}, VIEWS.restoring);
    const told: string[] = [];
    chat.addEventListener('rc-message', (event) => told.push((event as CustomEvent).detail.message.id));
    session.set({ ...VIEWS.completed, restoring: false });
    await settled();
    expect(told).to.deep.equal([]);
    session.set({
      messages: [...VIEWS.completed.messages, prompt('u2', 'More'), answer('r2', [text('!')], 'completed')],
    });
    await settled();
    expect(told).to.deep.equal(['u2', 'r2']);
  });

  it('rc-ready fires once the element can be used, and a cancelled rc-link is not followed', async () => {
    const ready = once(document.body, 'rc-ready');
    const { chat, findAll } = await mount({}, VIEWS.parts);
    expect((await ready).target).to.equal(chat);
    let href = '';
    chat.addEventListener('rc-link', (event) => {
      href = (event as CustomEvent<{ href: string }>).detail.href;
      event.preventDefault();
    });
    const click = new MouseEvent('click', { bubbles: true, cancelable: true, composed: true });
    findAll('a')[1]?.dispatchEvent(click);
    expect([href, click.defaultPrevented]).to.deep.equal(['https://example.com/docs', true]);
  });

  it('strings override single texts', async () => {
    const { chat, button, settled } = await mount();
    chat.strings = { send: 'Senden', newChat: 'Neues Gespräch' };
    await settled();
    expect(button('Senden')).to.be.instanceOf(HTMLButtonElement);
    expect(chat.strings.stop).to.equal('Stop');
  });

  it('properties set before the definition are taken over', async () => {
    const chat = document.createElement('late-chat');
    Object.assign(chat, { strings: { send: 'Envoyer' }, mode: 'inline', heading: 'Early' });
    document.body.append(chat);
    customElements.define('late-chat', class extends ScriptedChat {});
    await (chat as InstanceType<typeof ScriptedChat>).updateComplete;
    expect(chat.shadowRoot?.querySelector('h2')?.textContent).to.equal('Early');
    await new Promise((resolve) => setTimeout(resolve));
    expect(chat.shadowRoot?.querySelector('.send')?.ariaLabel).to.equal('Envoyer');
    chat.remove();
  });

  it('continues after it was moved on the page', async () => {
    const { chat, session, settled, find } = await mount({}, VIEWS.streaming);
    document.body.prepend(chat);
    session.set({ messages: VIEWS.completed.messages, run: null, status: 'idle' });
    await settled();
    expect(session.calls).to.deep.equal(['open', 'close', 'open']);
    expect(find('rc-message.answer').textContent).to.contain('Nothing else has to be done.');
  });

  it('shows that the client cannot be loaded, and continues by itself once it can', async () => {
    let fails = true;
    const scripted = createScriptedClient(createScriptedSession());
    const module = createLazyModule(
      () => (fails ? Promise.reject(new TypeError('blocked')) : Promise.resolve(scripted)),
      50,
    );
    class UnluckyChat extends ScriptedChat {
      protected override loadClient() {
        return module.load();
      }
    }
    customElements.define('unlucky-chat', UnluckyChat);
    const chat = document.createElement('unlucky-chat') as UnluckyChat;
    chat.mode = 'inline';
    const error = once<{ problem: { code: string } }>(chat, 'rc-error');
    const { error: logged } = console;
    console.error = () => undefined;
    document.body.append(chat);
    expect((await error).detail.problem.code).to.equal('not-loaded');
    console.error = logged;
    await chat.updateComplete;
    expect([chat.status, chat.client]).to.deep.equal(['failed', null]);
    expect(chat.shadowRoot?.querySelector('.notice button')?.textContent.trim()).to.equal('Try again');
    fails = false;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(chat.client).not.to.equal(null);
    expect(chat.status).to.equal('idle');
    chat.remove();
  });
});

describe('options that change while the client is loading', () => {
  afterEach(() => {
    unmountAll();
    localStorage.clear();
  });

  /** Its client comes when the test lets it; notes the relay of each session that is made. */
  class SlowChat extends ScriptedChat {
    readonly made: string[] = [];
    readonly releases: (() => void)[] = [];

    protected override loadClient() {
      const client = {
        ...createScriptedClient(this.scripted),
        createChatSession: ({ relay }: { relay: string }) => {
          this.made.push(relay);
          return createScriptedSession();
        },
      };
      this.loads += 1;
      return new Promise<typeof client>((resolve) => this.releases.push(() => resolve(client)));
    }
  }
  customElements.define('slow-chat', SlowChat);

  for (const [what, change] of [
    ['another relay', (chat: SlowChat) => (chat.relay = 'https://two.example')],
    ['another storage', (chat: SlowChat) => (chat.storage = 'none')],
    ['a session', (chat: SlowChat) => (chat.sessionId = 'a-session-of-the-test')],
  ] as const) {
    it(`${what}: one client is created, with the last options`, async () => {
      const chat = document.createElement('slow-chat') as SlowChat;
      chat.mode = 'inline';
      chat.relay = 'https://one.example';
      document.body.append(chat);
      await chat.updateComplete;
      const sent = chat.send('Hello');
      change(chat);
      await chat.updateComplete;
      for (const release of chat.releases) release();
      expect(await sent).to.equal(true);
      expect(chat.made).to.deep.equal([chat.relay]);
    });
  }

  it('a closed chat resumes the session that is stored for another relay', async () => {
    const stored = JSON.stringify({ sessionId: 'a-session-of-the-test', token: 'a.b.c' });
    localStorage.setItem('resumable-chat:https://two.example', stored);
    const { chat, settled } = await mount({ mode: 'floating', relay: 'https://one.example' });
    expect(chat.loads).to.equal(0);
    chat.relay = 'https://two.example';
    await settled();
    expect(chat.loads).to.equal(1);
    chat.relay = 'https://three.example';
    await settled();
    expect(chat.loads).to.equal(1);
  });
});
