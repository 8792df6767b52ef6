import { describe, expect, it, vi } from 'vitest';
import type { FakeRelay } from './testing/fake-relay.ts';
import { createFakeProfile, lastAnswer, openChat } from './testing/open-chat.ts';
import { isMint, useFakeRelay } from './testing/use-fake-relay.ts';
import type { ChatView, CredentialStorage } from './types.ts';

let relay: FakeRelay;
useFakeRelay((fake) => (relay = fake));

const isIdle = ({ status, restoring, pending }: ChatView): boolean =>
  status === 'idle' && !restoring && pending === null;
const isAnswered = (view: ChatView): boolean => isIdle(view) && view.messages.length > 0;

/** A session with one turn, and a storage that names it. */
function storedSession(): { storage: CredentialStorage; sessionId: string; token: string } {
  const credentials = relay.mint();
  const session = relay.sessions.get(credentials.sessionId);
  session?.writePrompt('m1', 'run1', 'Hello');
  session?.writeAnswer('run1', ['Hello yourself.']);
  return { storage: createFakeProfile(credentials).tab(), ...credentials };
}

describe('a refresh', () => {
  it('shows the transcript as it is, in one piece, and asks for nothing else', async () => {
    const { storage, sessionId } = storedSession();
    await using open = openChat({ relay: relay.origin, storage });
    expect(open.chat.view).toMatchObject({ restoring: true, status: 'connecting', sessionId });
    const view = await open.until(isAnswered);
    expect(lastAnswer(view)).toBe('Hello yourself.');
    expect(relay.requests.map(({ path }) => path)).toEqual(['/api/check-stream']);
    expect(open.views.filter(({ messages }) => messages.length > 0).map(lastAnswer)).not.toContain('');
  });

  it('in the middle of an answer shows what there is at once, and goes on', async () => {
    const { storage, sessionId } = storedSession();
    const session = relay.sessions.get(sessionId);
    session?.writePrompt('m2', 'run2', 'More');
    session?.writeStart('run2');
    session?.writeChunks('run2', { type: 'start' }, { type: 'text-start', id: '1' });
    for (const delta of ['one ', 'two ', 'three '])
      session?.writeChunks('run2', { type: 'text-delta', id: '1', delta });
    await using open = openChat({ relay: relay.origin, storage });
    await open.until(({ status }) => status === 'streaming');
    // The text from before the refresh arrived in one piece.
    expect(open.views.map(lastAnswer).filter((text) => text.startsWith('one'))).toEqual(
      open.views.map(lastAnswer).filter((text) => text === 'one two three '),
    );
    session?.writeChunks('run2', { type: 'text-delta', id: '1', delta: 'four' });
    await open.until((view) => lastAnswer(view) === 'one two three four');
  });

  it('with a session that nothing was written to shows an empty chat, quietly, and sees its first turn', async () => {
    const { sessionId, token } = relay.mint();
    await using open = openChat({ relay: relay.origin, storage: createFakeProfile({ sessionId, token }).tab() });
    await open.until(isIdle);
    expect(open.views.some(({ status, problem }) => status === 'reconnecting' || problem)).toBe(false);
    vi.spyOn(Math, 'random').mockReturnValue(0.01);
    relay.session().writePrompt('m1', 'run1', 'From elsewhere');
    relay.session().writeAnswer('run1', ['Seen.']);
    await open.until((view) => lastAnswer(view) === 'Seen.');
  });
});

describe('a session that is gone', () => {
  it('while it is on view stays there, and the next prompt starts another one', async () => {
    const { storage, sessionId } = storedSession();
    await using open = openChat({ relay: relay.origin, storage });
    await open.until(isAnswered);
    const session = relay.sessions.get(sessionId);
    if (session) session.gone = true;
    relay.sendToAll('event: bye\ndata: {"reason":"gone"}\n\n');

    const view = await open.until(({ ended }) => ended);
    expect(view).toMatchObject({ status: 'idle', sessionId: null, problem: { code: 'session-expired' } });
    expect(lastAnswer(view)).toBe('Hello yourself.');
    expect(await open.chat.regenerate()).toBe(false);
    expect(open.chat.view.ended).toBe(true);

    expect(await open.chat.send('Anew')).toBe(true);
    const anew = await open.until((next) => isAnswered(next) && next.messages.length === 2);
    expect(anew).toMatchObject({ ended: false, problem: null });
    expect(lastAnswer(anew)).toBe('You said: Anew');
    expect(anew.sessionId).not.toBe(sessionId);
    expect(storage.read()?.sessionId).toBe(anew.sessionId);
  });

  it('in the middle of an answer closes what was open', async () => {
    const { storage, sessionId } = storedSession();
    const session = relay.sessions.get(sessionId);
    session?.writePrompt('m2', 'run2', 'More');
    session?.writeStart('run2');
    session?.writeChunks(
      'run2',
      { type: 'start' },
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'So' },
    );
    await using open = openChat({ relay: relay.origin, storage });
    await open.until(({ status }) => status === 'streaming');
    relay.sendToAll('event: bye\ndata: {"reason":"gone"}\n\n');
    const { messages, run } = await open.until(({ ended }) => ended);
    expect(run).toBeNull();
    expect(messages[3]?.parts).toMatchObject([{ type: 'text', text: 'So', state: 'done' }]);
  });

  it('when a prompt is sent gives the text back, and takes it for the first of another one', async () => {
    const { storage, sessionId } = storedSession();
    relay.plan = () => ({});
    await using open = openChat({ relay: relay.origin, storage });
    await open.until(isAnswered);
    const session = relay.sessions.get(sessionId);
    if (session) session.gone = true;
    expect(await open.chat.send('More')).toBe(false);
    expect(open.chat.view).toMatchObject({
      ended: true,
      unsent: { text: 'More' },
      problem: { code: 'session-expired' },
    });
    expect(await open.chat.retry()).toBe(true);
    const view = await open.until((next) => isAnswered(next) && next.messages.length === 2);
    expect(lastAnswer(view)).toBe('You said: More');
  });

  it('after a refresh says so when it has expired, and is replaced by the next prompt', async () => {
    const { storage, sessionId } = storedSession();
    const session = relay.sessions.get(sessionId);
    if (session) session.gone = true;
    await using open = openChat({ relay: relay.origin, storage });
    const view = await open.until(({ problem }) => problem !== null);
    expect(view).toMatchObject({
      status: 'idle',
      restoring: false,
      messages: [],
      problem: { code: 'session-expired' },
    });
    await open.chat.send('Anew');
    expect(lastAnswer(await open.until(isAnswered))).toBe('You said: Anew');
  });

  it.each(['not-found', 'unauthorized'] as const)(
    'after a refresh, as %s, is an empty chat without a word',
    async (code) => {
      const { storage } = storedSession();
      if (code === 'not-found') relay.sessions.clear();
      else relay.tokens.clear();
      await using open = openChat({ relay: relay.origin, storage });
      const view = await open.until(({ status, sessionId }) => status === 'idle' && sessionId === null);
      expect(view).toMatchObject({ restoring: false, messages: [], problem: null });
      expect(await open.chat.send('Anew')).toBe(true);
      expect(lastAnswer(await open.until(isAnswered))).toBe('You said: Anew');
    },
  );

  it('before anything was in it is replaced while a prompt is on its way', async () => {
    const { sessionId, token } = relay.mint();
    relay.sessions.delete(sessionId);
    const storage = createFakeProfile(null).tab();
    await using open = openChat({ relay: relay.origin, storage });
    storage.write({ sessionId, token });
    expect(await open.chat.send('Hello')).toBe(true);
    const view = await open.until(isAnswered);
    expect(lastAnswer(view)).toBe('You said: Hello');
    expect(view.sessionId).not.toBe(sessionId);
  });

  it('as its line finds out first is replaced for the prompt on its way', async () => {
    const credentials = relay.mint();
    relay.sessions.clear();
    const storage = createFakeProfile(credentials).tab();
    const lateFetch: typeof fetch = async (input, init) => {
      if (init?.method === 'POST') await new Promise((resolve) => setTimeout(resolve, 100));
      return fetch(input, init);
    };
    await using open = openChat({ relay: relay.origin, storage, fetch: lateFetch });
    expect(await open.chat.send('Hello')).toBe(true);
    expect(lastAnswer(await open.until(isAnswered))).toBe('You said: Hello');
  });

  it('for which no other can be had is not tried for ever', async () => {
    relay.fault = ({ path }) => (path === '/api/llm-stream' ? { kind: 'problem', code: 'not-found' } : null);
    await using open = openChat({ relay: relay.origin });
    expect(await open.chat.send('Hello')).toBe(false);
    expect(open.chat.view.unsent).toEqual({ text: 'Hello' });
    expect(relay.requests.filter(isMint)).toHaveLength(2);
  });
});

describe('a token', () => {
  it('that has run out is renewed once, for all that need it, and kept', async () => {
    const { storage, sessionId, token } = storedSession();
    relay.tokens.delete(token);
    storage.write({ sessionId, token: `stale:${token}` });
    relay.tokens.set(token, sessionId);
    // A renewal takes the stale token; nothing else does.
    await using open = openChat({ relay: relay.origin, storage });
    await open.until(isAnswered);
    expect(relay.requests.map(({ path }) => path)).toEqual(['/api/check-stream', '/api/sessions', '/api/check-stream']);
    expect(relay.requests[1]?.token).toBe(`stale:${token}`);
    expect(storage.read()?.sessionId).toBe(sessionId);
    expect(storage.read()?.token).toBe(relay.requests[2]?.token);
    await open.chat.send('More');
    expect(relay.requests.filter(isMint)).toHaveLength(1);
  });

  it('that has run out is renewed once for two requests at the same time', async () => {
    const { storage, sessionId, token } = storedSession();
    storage.write({ sessionId, token: `stale:${token}` });
    await using open = openChat({ relay: relay.origin, storage });
    expect(await open.chat.send('More')).toBe(true);
    await open.until((view) => isAnswered(view) && view.messages.length === 4);
    expect(relay.requests.filter(isMint)).toHaveLength(1);
  });

  it('whose renewal is lost is renewed later', async () => {
    const { storage, sessionId, token } = storedSession();
    storage.write({ sessionId, token: `stale:${token}` });
    relay.fault = (request) => (isMint(request) && request.count < 2 ? { kind: 'drop' } : null);
    await using open = openChat({ relay: relay.origin, storage });
    await open.until(isAnswered);
    expect(open.chat.view.problem).toBeNull();
    expect(storage.read()?.sessionId).toBe(sessionId);
  });

  it('that another tab has renewed is taken from there', async () => {
    const { storage, sessionId, token } = storedSession();
    storage.write({ sessionId, token: 'too-old' });
    relay.fault = ({ path, count }) => {
      // The other tab is quicker than the answer to this one.
      if (path === '/api/check-stream' && count === 0) storage.write({ sessionId, token });
      return null;
    };
    await using open = openChat({ relay: relay.origin, storage });
    await open.until(isAnswered);
    expect(relay.requests.filter(isMint)).toHaveLength(0);
  });

  it('with less than an hour left is renewed before it is used', async () => {
    const { storage, sessionId } = storedSession();
    const soon = btoa(JSON.stringify({ exp: Date.now() / 1000 + 60 })).replaceAll('=', '');
    const token = `header.${soon}.signature`;
    relay.tokens.set(token, sessionId);
    storage.write({ sessionId, token });
    await using open = openChat({ relay: relay.origin, storage });
    await open.until(isAnswered);
    expect(relay.requests.map(({ path }) => path)).toEqual(['/api/sessions', '/api/check-stream']);
    relay.cutStreams();
    await vi.waitFor(() => expect(relay.streams).toBe(2));
    expect(relay.requests.filter(isMint)).toHaveLength(1);
  });

  it('goes into no URL', async () => {
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('Hello');
    const { token } = (await open.until(isAnswered), open.chat.credentials) ?? { token: 'none' };
    for (const { path } of relay.requests) expect(path).not.toContain(token);
  });
});

it('another device joins by the credentials', async () => {
  const { sessionId, token } = storedSession();
  const storage = createFakeProfile().tab();
  await using open = openChat({ relay: relay.origin, storage });
  open.chat.join({ sessionId, token });
  expect(lastAnswer(await open.until(isAnswered))).toBe('Hello yourself.');
  expect(storage.read()).toEqual({ sessionId, token });
});
