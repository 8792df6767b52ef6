import { describe, expect, it, vi } from 'vitest';
import type { FakeRelay, FakeRequest } from './testing/fake-relay.ts';
import { openChat } from './testing/open-chat.ts';
import { isDone, isPrompt, textsOf, useFakeRelay } from './testing/use-fake-relay.ts';

let relay: FakeRelay;
useFakeRelay((fake) => (relay = fake));

const prompts = (): FakeRequest[] => relay.requests.filter(isPrompt);

describe('a prompt that is retried', () => {
  it('is brought to the relay once, however often its answer is lost', async () => {
    const rounds = 40;
    relay.fault = (request) => (isPrompt(request) && request.count % 4 !== 3 ? { kind: 'drop-answer' } : null);
    await using open = openChat({ relay: relay.origin });
    for (let round = 1; round <= rounds; round++) {
      expect(await open.chat.send(`Prompt ${round}`)).toBe(true);
      await open.until((view) => isDone(view) && view.messages.length === 2 * round);
    }
    expect(relay.session().answers.size).toBe(rounds);
    expect(new Set(prompts().map(({ body }) => body.messageId)).size).toBe(rounds);
  });

  it('is answered by what is stored, when no line shows it', async () => {
    relay.fault = (request) => (isPrompt(request) && request.count < 5 ? { kind: 'drop-answer' } : null);
    relay.plan = () => ({ cut: { afterBytes: 0, how: 'silence' } });
    await using open = openChat({ relay: relay.origin });
    expect(await open.chat.send('Hello')).toBe(true);
    expect(open.chat.view.pending).toMatchObject({ text: 'Hello' });
    expect(prompts()).toHaveLength(6);
    expect(relay.session().answers.size).toBe(1);
  });

  it('says that the relay has it from the moment of the answer, though no line shows it', async () => {
    let answer = (): void => undefined;
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    const slow: typeof fetch = async (input, init) => {
      if (init?.method === 'POST' && new Request(input).url.endsWith('/api/llm-stream')) await mayAnswer;
      return fetch(input, init);
    };
    relay.fault = ({ path }) => (path === '/api/check-stream' ? { kind: 'drop' } : null);
    await using open = openChat({ relay: relay.origin, fetch: slow });
    const sent = open.chat.send('Hello');
    expect(open.chat.view.pending).toMatchObject({ text: 'Hello', accepted: false });
    answer();
    expect(await sent).toBe(true);
    const { pending } = await open.until(({ status }) => status === 'reconnecting');
    expect(pending).toMatchObject({ text: 'Hello', accepted: true });
  });

  it('is settled by the line when that shows it first', async () => {
    relay.fault = (request) => (isPrompt(request) && request.count > 0 ? { kind: 'drop-answer' } : null);
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('One');
    await open.until(isDone);
    expect(await open.chat.send('Two')).toBe(true);
    expect(textsOf(await open.until((view) => isDone(view) && view.messages.length === 4))).toEqual([
      'One',
      'You said: One',
      'Two',
      'You said: Two',
    ]);
    expect(relay.session().answers.size).toBe(2);
  });

  it('is given back after a while of refusals, and keeps its id so that it is never stored twice', async () => {
    relay.fault = (request) => {
      if (!isPrompt(request) || request.count >= 13) return null;
      return request.count === 0 ? { kind: 'drop-answer' } : { kind: 'problem', code: 'store-unavailable' };
    };
    // Nor does the line tell.
    relay.plan = () => ({ cut: { afterBytes: 0, how: 'silence' } });
    await using open = openChat({ relay: relay.origin });
    relay.fault = (request) =>
      isPrompt(request) && request.count < 13 ? { kind: 'problem', code: 'store-unavailable' } : null;
    expect(await open.chat.send('Hello')).toBe(false);
    expect(open.chat.view).toMatchObject({
      pending: null,
      unsent: { text: 'Hello' },
      problem: { code: 'store-unavailable' },
    });
    expect(await open.chat.retry()).toBe(true);
    expect(open.chat.view).toMatchObject({ unsent: null, problem: null });
    expect(new Set(prompts().map(({ body }) => body.messageId)).size).toBe(1);
  });
});

describe('a prompt that is refused', () => {
  it.each([
    ['run-active', 409],
    ['payload-too-large', 413],
    ['unknown-parent', 422],
    ['idempotency-mismatch', 422],
    ['store-full', 507],
    ['read-only', 403],
    ['invalid-request', 400],
  ] as const)('as %s comes back to the composer', async (code, status) => {
    relay.fault = (request) => (isPrompt(request) && request.count === 0 ? { kind: 'problem', code } : null);
    await using open = openChat({ relay: relay.origin });
    expect(await open.chat.send('Hello', { parentId: '' })).toBe(false);
    expect(open.chat.view).toMatchObject({
      ...{ status: 'idle', pending: null, retryAt: null },
      ...{ unsent: { text: 'Hello', parentId: '' }, problem: { code, status } },
    });
    expect(prompts()).toHaveLength(1);

    expect(await open.chat.retry()).toBe(true);
    expect(textsOf(await open.until(isDone))).toEqual(['Hello', 'You said: Hello']);
    expect(new Set(prompts().map(({ body }) => body.messageId)).size).toBe(2);
  });

  it('for its rate says until when, and not any longer', async () => {
    relay.fault = (request) =>
      isPrompt(request) && request.count === 0
        ? { kind: 'problem', code: 'rate-limited', options: { retryAfterMs: 200 } }
        : null;
    await using open = openChat({ relay: relay.origin });
    const before = Date.now();
    expect(await open.chat.send('Hello')).toBe(false);
    expect(open.chat.view.retryAt).toBeGreaterThanOrEqual(before + 200);
    const view = await open.until(({ retryAt }) => retryAt === null);
    expect(Date.now()).toBeGreaterThanOrEqual(before + 200);
    expect(view).toMatchObject({ problem: { code: 'rate-limited' }, unsent: { text: 'Hello' } });
  });

  it('for its rate says so until the clock has come so far, however early its timers are', async () => {
    relay.fault = (request) =>
      isPrompt(request) ? { kind: 'problem', code: 'rate-limited', options: { retryAfterMs: 20 } } : null;
    await using open = openChat({ relay: relay.origin });
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      expect(await open.chat.send('Hello')).toBe(false);
      const { retryAt } = open.chat.view;
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(open.chat.view.retryAt).toBe(retryAt);
      vi.setSystemTime(retryAt ?? 0);
      await open.until((view) => view.retryAt === null);
    } finally {
      vi.useRealTimers();
    }
  });

  it('because the relay is at its limit waits, says so, and goes through', async () => {
    relay.fault = (request) =>
      isPrompt(request) && request.count === 0 ? { kind: 'problem', code: 'overloaded', retryAfter: '1' } : null;
    await using open = openChat({ relay: relay.origin });
    const sent = open.chat.send('Hello');
    const view = await open.until(({ problem }) => problem !== null);
    expect(view).toMatchObject({ status: 'reconnecting', pending: { text: 'Hello' }, problem: { code: 'overloaded' } });
    expect(view.retryAt).not.toBeNull();
    expect(await sent).toBe(true);
    expect(open.chat.view).toMatchObject({ problem: null, retryAt: null });
  });

  it('is forgotten on request', async () => {
    relay.fault = () => ({ kind: 'problem', code: 'payload-too-large' });
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('Hello');
    open.chat.dismiss();
    expect(open.chat.view).toMatchObject({ problem: null, unsent: null });
  });

  it('because another is on its way does not disturb that one', async () => {
    relay.fault = (request) => (isPrompt(request) && request.count === 0 ? { kind: 'drop' } : null);
    await using open = openChat({ relay: relay.origin });
    const sent = open.chat.send('One');
    expect(await open.chat.send('Two')).toBe(false);
    expect(open.chat.view).toMatchObject({
      pending: { text: 'One' },
      unsent: { text: 'Two' },
      problem: { code: 'run-active' },
    });
    expect(await sent).toBe(true);
    expect(textsOf(await open.until(isDone))).toEqual(['One', 'You said: One']);
  });
});
