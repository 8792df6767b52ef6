import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { openStorage } from './open-storage.ts';
import type { FakeRelay } from './testing/fake-relay.ts';
import { makeToken } from './testing/make-token.ts';
import { openChat } from './testing/open-chat.ts';
import { useFakeRelay } from './testing/use-fake-relay.ts';
import type { CredentialStorage } from './types.ts';

let relay: FakeRelay;
useFakeRelay((next) => (relay = next));
const FOREIGN = 'the-session-of-an-attacker';
const CLAIMS = { aud: 'resumable-chat', sub: FOREIGN, minted: 1, exp: 4_000_000_000 };

let warn: MockInstance<typeof console.warn>;
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockReturnValue(undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Opens the storage of an element on a page with this address; answers how often a share was announced. */
function openAt(address: string): { storage: CredentialStorage; announced: number; href(): string } {
  const url = new URL(address, 'https://shop.example');
  const replaceState = (_state: unknown, _title: string, next: string): void => {
    url.href = new URL(next, url).href;
  };
  vi.stubGlobal('location', url);
  vi.stubGlobal('history', { state: null, replaceState });
  let announced = 0;
  const storage = openStorage({
    kind: 'none',
    relay: relay.origin,
    onlySession: null,
    onShared: () => (announced += 1),
  });
  return { storage, announced, href: () => url.href };
}

/** The attacker’s session at the relay, which accepts this token for reading and writing. */
function acceptToken(token: string): void {
  relay.mint(FOREIGN);
  relay.tokens.set(token, FOREIGN);
}

function prompts(): unknown[] {
  return relay.requests.filter(
    ({ method, token }) => method !== 'GET' && token !== null && relay.tokens.get(token) === FOREIGN,
  );
}

const { sub: _sub, ...WITHOUT_SESSION } = CLAIMS;
const REFUSED: [string, string][] = [
  ['that may write', makeToken({ ...CLAIMS, cap: 'rw' })],
  ['that may write and has expired', makeToken({ ...CLAIMS, cap: 'rw', exp: 1 })],
  ['without a capability', makeToken(CLAIMS)],
  ['with a capability that is a list', makeToken({ ...CLAIMS, cap: ['ro'] })],
  ['with a capability in other letters', makeToken({ ...CLAIMS, cap: 'RO' })],
  ['without a session', makeToken({ ...WITHOUT_SESSION, cap: 'ro' })],
  ['for a session whose id has no valid form', makeToken({ ...CLAIMS, sub: '../sessions', cap: 'ro' })],
  ['that is empty', ''],
  ['that is no token', 'garbage'],
  ['that is a session id', FOREIGN],
  ['with characters that no header may have', `${makeToken({ ...CLAIMS, cap: 'ro' })}\n`],
  ['that is endless', makeToken({ ...CLAIMS, cap: 'ro', more: 'x'.repeat(10_000) })],
];

describe.each(REFUSED)('a link with a token %s', (_name, token) => {
  it('opens nothing, is named in the console and leaves the address', () => {
    const { storage, announced, href } = openAt(`/?page=1#part=2&rc-share=${encodeURIComponent(token)}`);
    expect([storage.read(), announced]).toEqual([null, 0]);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(href()).toBe('https://shop.example/?page=1#part=2');
  });

  it('brings no prompt into the conversation of another', async () => {
    acceptToken(token);
    const { storage } = openAt(`/#rc-share=${encodeURIComponent(token)}`);
    await using open = openChat({ relay: relay.origin, storage });
    expect(await open.chat.send('My secret')).toBe(true);
    expect(open.chat.view.sessionId).not.toBe(FOREIGN);
    expect(prompts()).toEqual([]);
  });
});

describe('a link with a token for reading', () => {
  const TOKEN = makeToken({ ...CLAIMS, cap: 'ro' });

  it('opens the conversation that it shares', () => {
    const { storage, announced, href } = openAt(`/#rc-share=${TOKEN}`);
    expect([storage.read(), announced]).toEqual([{ sessionId: FOREIGN, token: TOKEN }, 1]);
    expect(href()).toBe('https://shop.example/');
    expect(warn).not.toHaveBeenCalled();
  });

  // The claims are not verified here, so a relay that accepts more than they say must make no difference.
  it('sends nothing there, whatever the relay would accept', async () => {
    acceptToken(TOKEN);
    const session = relay.session();
    session.writePrompt('m1', 'run1', 'Hello');
    const { storage } = openAt(`/#rc-share=${TOKEN}`);
    await using open = openChat({ relay: relay.origin, storage });
    const sent = [open.chat.send('My secret'), open.chat.regenerate(), open.chat.rate('m1', 'up'), open.chat.stop()];
    await open.until(({ messages, run }) => messages.length === 1 && run !== null);
    sent.push(open.chat.send('My secret'), open.chat.regenerate(), open.chat.retry(), open.chat.stop());
    sent.push(open.chat.rate('m1', 'up'));
    await Promise.all(sent);
    expect(open.chat.view).toMatchObject({ readOnly: true, sessionId: FOREIGN });
    expect(prompts()).toEqual([]);
  });

  it('that has expired is not renewed', async () => {
    relay.mint(FOREIGN);
    const { storage } = openAt(`/#rc-share=${makeToken({ ...CLAIMS, cap: 'ro', exp: 1 })}`);
    await using open = openChat({ relay: relay.origin, storage });
    await open.until(({ problem }) => problem !== null);
    expect(await open.chat.send('My secret')).toBe(false);
    expect(relay.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /api/check-stream']);
  });
});

describe('the query of an address', () => {
  it.each(['rc-share', 'token', 'session', 'session-id', 'sync-url', 'chat'])('is not read: %s', (name) => {
    const { storage, announced } = openAt(`/?${name}=${makeToken({ ...CLAIMS, cap: 'ro' })}`);
    expect([storage.read(), announced]).toEqual([null, 0]);
  });
});
