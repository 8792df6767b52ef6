import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTransport, type StreamReader } from './transport.ts';

const own = { sessionId: 'session_id_of_21_char', token: 'token' };
const { signal } = new AbortController();
const deaf: StreamReader = { opened: () => {}, alive: () => {}, event: () => true };

/** A transport whose requests are answered as given, and what was asked. */
function answering(respond: (signal: AbortSignal) => Response | Promise<Response>): {
  transport: ReturnType<typeof createTransport>;
  asked: { url: string; init: RequestInit }[];
} {
  const asked: { url: string; init: RequestInit }[] = [];
  const fetch = async (input: unknown, init: RequestInit = {}): Promise<Response> => {
    asked.push({ url: String(input), init });
    return respond(init.signal as AbortSignal);
  };
  return { transport: createTransport({ relay: 'https://relay.example', fetch }), asked };
}
const never = (given: AbortSignal): Promise<Response> =>
  new Promise((_, reject) => given.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))));
const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a request', () => {
  it('carries the token in its header, and in its body only what is meant', async () => {
    const answer = { sessionId: own.sessionId, messageId: 'm', runId: 'r', cursor: '0-0' };
    const { transport, asked } = answering(() => json(202, answer));
    expect(await transport.submit(own, { messageId: 'm', text: 'Hi' }, signal)).toEqual({ kind: 'ok', value: answer });
    expect(asked[0]?.url).toBe('https://relay.example/api/llm-stream');
    expect(asked[0]?.init.headers).toEqual({ authorization: 'Bearer token', 'content-type': 'application/json' });
    expect(JSON.parse(asked[0]?.init.body as string)).toEqual({
      sessionId: own.sessionId,
      messageId: 'm',
      prompt: 'Hi',
    });
  });

  it('asks for a stream from a place by a header, so that every connection has the same address', async () => {
    const { transport, asked } = answering(
      () => new Response('', { headers: { 'content-type': 'text/event-stream' } }),
    );
    await transport.stream(own, null, deaf, signal);
    await transport.stream(own, '5-7', deaf, signal);
    expect(asked.map(({ url }) => url)).toEqual(
      Array(2).fill('https://relay.example/api/check-stream?sessionId=session_id_of_21_char'),
    );
    expect(asked.map(({ init }) => init.headers)).toEqual([
      { authorization: 'Bearer token' },
      { authorization: 'Bearer token', 'last-event-id': '5-7' },
    ]);
  });

  it.each([
    ['no answer', () => Promise.reject(new TypeError('Failed to fetch'))],
    ['a page', () => new Response('<h1>Login</h1>')],
    ['another answer', () => json(200, { hello: 'there' })],
    ['a cursor that is none', () => json(202, { sessionId: 's', messageId: 'm', runId: 'r', cursor: 'x' })],
  ])('that brings %s has no answer', async (_, respond) => {
    const { transport } = answering(respond);
    expect(await transport.submit(own, { messageId: 'm', text: 'Hi' }, signal)).toEqual({ kind: 'lost' });
    expect(await transport.stream(own, null, deaf, signal)).toEqual({ kind: 'lost' });
  });

  it('is given up after 20 s without an answer', async () => {
    const { transport } = answering(never);
    const ends = [
      transport.mint(null, signal),
      transport.submit(own, { messageId: 'm' }, signal),
      transport.stop(own, 'r', signal),
      transport.stream(own, null, deaf, signal),
    ];
    const settled = vi.fn<() => void>();
    for (const end of ends) void end.then(settled);
    await vi.advanceTimersByTimeAsync(19_999);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await Promise.all(ends)).toEqual(ends.map(() => ({ kind: 'lost' })));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends when it is aborted, before and after it was made', async () => {
    const { transport, asked } = answering(never);
    const controller = new AbortController();
    const end = transport.stream(own, null, deaf, controller.signal);
    controller.abort();
    expect(await end).toEqual({ kind: 'lost' });
    expect(asked[0]?.init.signal?.aborted).toBe(true);
    const { transport: other, asked: others } = answering((given) =>
      given.aborted ? Promise.reject(new Error()) : json(200, {}),
    );
    expect(await other.mint(null, controller.signal)).toEqual({ kind: 'lost' });
    expect(others[0]?.init.signal?.aborted).toBe(true);
  });
});

describe('a refusal', () => {
  const problem = { type: 't', title: 'Full', status: 503, code: 'overloaded', retryable: true };

  it('carries the problem of the relay, with fields and codes that this version does not know', async () => {
    const sent = { ...problem, code: 'of-a-later-version', status: 418, instance: '/x' };
    const { transport } = answering(() => json(418, sent));
    expect(await transport.mint(null, signal)).toEqual({ kind: 'refused', problem: sent });
    expect(await transport.stream(own, null, deaf, signal)).toEqual({ kind: 'refused', problem: sent });
  });

  it.each([
    ['seconds', '3', 3_000],
    ['a date', 'Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['a date that has passed', 'Thu, 01 Jan 2015 00:00:00 GMT', 0],
    ['what nobody understands', 'soon', undefined],
  ])('says when to come back by %s', async (_, header, retryAfterMs) => {
    const { transport } = answering(() => json(503, problem, { 'retry-after': header }));
    expect(await transport.mint(null, signal)).toEqual({
      kind: 'refused',
      problem: retryAfterMs === undefined ? problem : { ...problem, retryAfterMs },
    });
  });

  it('says it more exactly in its body', async () => {
    const { transport } = answering(() => json(503, { ...problem, retryAfterMs: 250 }, { 'retry-after': '1' }));
    expect(await transport.mint(null, signal)).toMatchObject({ problem: { retryAfterMs: 250 } });
  });

  it('by something that is not the relay may pass, whatever its status', async () => {
    for (const status of [401, 404, 410, 500]) {
      const { transport } = answering(() => new Response('<h1>No</h1>', { status }));
      expect(await transport.mint(null, signal)).toMatchObject({
        kind: 'refused',
        problem: { code: 'unreadable-answer', status, retryable: true },
      });
    }
  });
});
