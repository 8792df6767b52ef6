import { expect } from '@esm-bundle/chai';
import '../index.ts';
import type { ResumableChat } from '../resumable-chat.ts';
import { findViolations } from '../testing/axe.ts';
import { unmountAll } from '../testing/mount.ts';
import { answer, prompt, text } from '../testing/views.ts';

const RELAY = 'https://relay.example';
const SESSION = 'a-session-that-is-shared';

function tokenFor(claims: object): string {
  return ['{"alg":"HS256"}', JSON.stringify(claims), 'signature']
    .map((part) => btoa(part).replace(/=+$/, ''))
    .join('.');
}
const TOKEN = tokenFor({ sub: SESSION, cap: 'ro', share: 0, exp: 4_000_000_000 });

/** A relay that knows the one shared session, and what was asked of it. */
function fakeRelay(): { requests: string[]; revoke(): void; restore(): void } {
  const { fetch } = window;
  const requests: string[] = [];
  let send: ((text: string) => void) | undefined;
  let revoked = false;
  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (!request.url.startsWith(RELAY)) return fetch(input, init);
    const { pathname } = new URL(request.url);
    requests.push(`${request.method} ${pathname} ${request.headers.get('authorization')}`);
    if (revoked) {
      const problem = { type: 'about:blank', title: 'No', status: 401, code: 'unauthorized', retryable: false };
      return Response.json(problem, { status: 401 });
    }
    const messages = [prompt('u1', 'Asked'), answer('r1', [text('Answered.')], 'completed')];
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (event) => controller.enqueue(new TextEncoder().encode(event));
        send(
          `id: 5-5\ndata: ${JSON.stringify({ type: 'snapshot', sessionId: SESSION, messages })}\n\nevent: ping\ndata: {}\n\n`,
        );
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };
  return {
    requests,
    revoke() {
      revoked = true;
      send?.('event: bye\ndata: {"reason":"gone","retryAfterMs":0}\n\n');
    },
    restore: () => void (window.fetch = fetch),
  };
}

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !what(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  if (!what()) throw new Error(`it never came to that: ${String(what)}`);
}

describe('a conversation that the page’s address shares', () => {
  let relay: ReturnType<typeof fakeRelay>;
  beforeEach(() => void (relay = fakeRelay()));
  afterEach(() => {
    unmountAll();
    relay.restore();
    localStorage.clear();
    history.replaceState(null, '', location.pathname + location.search);
  });

  async function openShared(
    hash: string,
  ): Promise<{ chat: ResumableChat; find(selector: string): HTMLElement[]; shown(): string }> {
    history.replaceState(null, '', `${location.pathname}${location.search}${hash}`);
    const chat = document.createElement('resumable-chat');
    chat.setAttribute('relay', RELAY);
    document.body.append(chat);
    const find = (selector: string) => [...(chat.shadowRoot?.querySelectorAll<HTMLElement>(selector) ?? [])];
    const shown = (): string => find('.panel')[0]?.innerText ?? '';
    return { chat, find, shown };
  }

  const foreign: [string, string][] = [
    ['that may write', tokenFor({ sub: SESSION, cap: 'rw', exp: 4_000_000_000 })],
    ['that may write and has expired', tokenFor({ sub: SESSION, cap: 'rw', exp: 1 })],
    ['without a capability', tokenFor({ sub: SESSION, exp: 4_000_000_000 })],
    ['that is garbage', 'garbage'],
  ];
  for (const [kind, token] of foreign) {
    it(`is not opened by a token ${kind}`, async () => {
      const { chat, find } = await openShared(`#part=2&rc-share=${token}`);
      await until(() => location.hash === '#part=2');
      await chat.updateComplete;
      expect([chat.open, chat.sessionId, chat.session]).to.deep.equal([false, null, null]);
      chat.show();
      await until(() => find('rc-composer textarea').length === 1);
      expect((find('rc-composer textarea')[0] as HTMLTextAreaElement).disabled).to.equal(false);
      expect(chat.session).to.equal(null);
      expect(relay.requests).to.deep.equal([]);
    });
  }

  it('is opened and read with the shared token, which is removed from the address', async () => {
    const { chat, shown } = await openShared(`#part=2&rc-share=${TOKEN}`);
    await until(() => shown().includes('Answered.'));
    expect([chat.open, chat.sessionId]).to.deep.equal([true, SESSION]);
    expect(location.hash).to.equal('#part=2');
    expect(relay.requests).to.deep.equal([`GET /api/check-stream Bearer ${TOKEN}`]);
    expect(localStorage.length).to.equal(0);
  });

  it('can only be read, copied and saved, and says so', async () => {
    const { chat, find, shown } = await openShared(`#rc-share=${TOKEN}`);
    await until(() => shown().includes('Answered.') && find('[part="copy-message-button"]').length === 1);
    expect(shown()).to.contain('This conversation can be read here, but not continued.');
    expect(find('.edit, .rating, [part="retry-button"]')).to.have.length(0);
    expect((find('rc-composer textarea')[0] as HTMLTextAreaElement).disabled).to.equal(true);
    expect(await chat.send('Hello')).to.equal(false);
    expect(await chat.regenerate()).to.equal(false);
    expect(await chat.rate('r1', 'up')).to.equal(false);
    expect(relay.requests).to.have.length(1);
    // As it is opened it fades in.
    await until(() => find('.panel').some((panel) => getComputedStyle(panel).opacity === '1'));
    expect(await findViolations(chat)).to.deep.equal([]);
  });

  it('does not touch the visitor’s own conversation, to which New chat goes back', async () => {
    const own = JSON.stringify({ sessionId: 'my-own-conversation-here', token: tokenFor({ sub: 'mine' }) });
    localStorage.setItem(`resumable-chat:${RELAY}`, own);
    const { chat, find, shown } = await openShared(`#rc-share=${TOKEN}`);
    await until(() => shown().includes('Answered.'));
    expect(localStorage.getItem(`resumable-chat:${RELAY}`)).to.equal(own);
    find('[part~="new-chat-button"]')[0]?.click();
    await until(() => chat.sessionId === 'my-own-conversation-here');
    expect(localStorage.getItem(`resumable-chat:${RELAY}`)).to.equal(own);
    await until(() => !(find('rc-composer textarea')[0] as HTMLTextAreaElement).disabled);
  });

  it('stays on view when it is revoked, and cannot be written to', async () => {
    const { find, shown } = await openShared(`#rc-share=${TOKEN}`);
    await until(() => shown().includes('Answered.'));
    relay.revoke();
    await until(() => shown().includes('This conversation has expired.'));
    expect(shown()).to.contain('Answered.');
    expect((find('rc-composer textarea')[0] as HTMLTextAreaElement).disabled).to.equal(true);
  });

  it('shows that it was revoked before', async () => {
    relay.revoke();
    const { shown } = await openShared(`#rc-share=${TOKEN}`);
    await until(() => shown().includes('This conversation has expired.'));
    expect(shown()).to.not.contain('Answered.');
  });
});
