import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFakeRelay, type FakeRelay } from './testing/fake-relay.ts';
import { createFakePage, createFakeProfile, lastAnswer, openChat } from './testing/open-chat.ts';

let relay: FakeRelay;

beforeEach(async () => {
  relay = await createFakeRelay();
  // The waits before another try are drawn from 0 to a bound: here always 0.
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await relay.close();
});

const isDone = (view: { status: string; messages: readonly unknown[]; pending: unknown }): boolean =>
  view.status === 'idle' && view.messages.length > 0 && view.pending === null;
/** POSTs of prompts that have reached the relay. */
const prompts = (): typeof relay.requests => relay.requests.filter(({ path, method }) => method === 'POST' && path === '/api/llm-stream');

describe('a first prompt', () => {
  it('makes a session, is shown at once, and is answered', async () => {
    const profile = createFakeProfile();
    const storage = profile.tab();
    await using open = openChat({ relay: relay.origin, storage });
    expect(open.chat.view).toMatchObject({ status: 'idle', sessionId: null, messages: [], pending: null });
    expect(relay.requests).toEqual([]);

    const sent = open.chat.send('Hello');
    expect(open.chat.view).toMatchObject({ status: 'connecting', pending: { text: 'Hello' } });
    expect(await sent).toBe(true);

    const view = await open.until(isDone);
    expect(view.messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(view.messages[0]?.parts).toEqual([{ type: 'text', text: 'Hello' }]);
    expect(lastAnswer(view)).toBe('You said: Hello');
    expect(storage.read()).toEqual(open.chat.credentials);
    expect(view.sessionId).toBe(open.chat.credentials?.sessionId);
    // Between the sending and the answer the prompt was never off the page, and never on it twice.
    for (const { pending, messages } of open.views) {
      const shown = messages.filter(({ role }) => role === 'user').length + (pending ? 1 : 0);
      expect(shown).toBe(1);
    }
  });

  it('is not sent when it is blank', async () => {
    await using open = openChat({ relay: relay.origin });
    expect(await open.chat.send('  \n ')).toBe(false);
    expect(relay.requests).toEqual([]);
  });

  it('is brought to the relay once, however often its answer is lost', async () => {
    relay.fault = ({ path, count }) => (path === '/api/llm-stream' && count < 5 ? { kind: 'drop-answer' } : null);
    relay.plan = () => ({ cut: { afterBytes: 0, how: 'silence' } });
    await using open = openChat({ relay: relay.origin });
    expect(await open.chat.send('Hello')).toBe(true);
    expect(prompts().length).toBe(6);
    expect(new Set(prompts().map(({ body }) => body.messageId)).size).toBe(1);
    expect(relay.session().answers.size).toBe(1);
  });
});
