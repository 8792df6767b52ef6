import { describe, expect, it } from 'vitest';
import type { PromptAnswer } from '#shared/protocol.ts';
import { createPromptLimiter } from '../limits/create-prompt-limiter.ts';
import { bearer, problemOf } from '../testing/relay-stage.ts';
import { useRelayStage } from '../testing/use-relay-stage.ts';

const visit = useRelayStage();
const { post, state, restart } = visit;

describe('POST /api/llm-stream', () => {
  it('stores the prompt byte for byte, then answers where its stream begins', async () => {
    const prompt = '  Grüße 👋\r\n\u0000\u2028"\\ ';
    const response = await post({ prompt, messageId: 'm-1' });
    expect(response.status).toBe(202);
    const answer = (await response.json()) as PromptAnswer;
    expect(answer).toMatchObject({ sessionId: visit.session.sessionId, messageId: 'm-1', cursor: '0-0' });
    expect(response.headers.get('location')).toBe(`/api/check-stream?sessionId=${visit.session.sessionId}&after=0-0`);
    expect(await state()).toMatchObject({
      messages: [{ id: 'm-1', role: 'user', parts: [{ type: 'text', text: prompt }] }],
      run: { runId: answer.runId, messageId: answer.runId, status: 'queued', attempt: 1 },
    });
  });

  it('answers the same messageId again as it did first, and starts no second run', async () => {
    const first = await post({ prompt: 'Hello?', messageId: 'm-1' });
    const again = await post({ prompt: 'Hello?', messageId: 'm-1' });
    expect([first.status, again.status]).toEqual([202, 200]);
    expect(await again.json()).toEqual(await first.json());
    await visit.answer();
    expect((await post({ prompt: 'Hello?', messageId: 'm-1' })).status).toBe(200);
    expect((await state()).messages).toHaveLength(2);
  });

  it.each([{ prompt: 'Another?' }, { prompt: 'Hello?', parentId: '' }])(
    'refuses the messageId for %j',
    async (body) => {
      await post({ prompt: 'Hello?', messageId: 'm-1' });
      expect(await problemOf(await post({ ...body, messageId: 'm-1' }))).toBe('422 idempotency-mismatch');
    },
  );

  it('refuses a second prompt while a run is active', async () => {
    await post({ prompt: 'Hello?' });
    expect(await problemOf(await post({ prompt: 'And?' }))).toBe('409 run-active');
  });

  it('edits: what came after the parent is dropped', async () => {
    await post({ prompt: 'First', messageId: 'm-1' });
    const reply = await visit.answer();
    await post({ prompt: 'Second', messageId: 'm-2' });
    await visit.answer();
    expect((await post({ prompt: 'Second, better', messageId: 'm-3', parentId: reply })).status).toBe(202);
    expect((await state()).messages.map(({ id }) => id)).toEqual(['m-1', reply, 'm-3']);
    await visit.answer();
    expect((await post({ prompt: 'All anew', messageId: 'm-4', parentId: '' })).status).toBe(202);
    expect((await state()).messages.map(({ id }) => id)).toEqual(['m-4']);
  });

  it('regenerates the answer to a message of the visitor, and to nothing else', async () => {
    await post({ prompt: 'First', messageId: 'm-1' });
    const reply = await visit.answer();
    for (const parentId of [reply, 'nobody', ''])
      expect(await problemOf(await post({ parentId }))).toBe('422 unknown-parent');
    const again = (await (await post({ parentId: 'm-1', messageId: 'm-2' })).json()) as PromptAnswer;
    expect(await state()).toMatchObject({ messages: [{ id: 'm-1' }], run: { runId: again.runId, status: 'queued' } });
    await visit.answer('Another answer');
    expect((await state()).messages.map(({ id }) => id)).toEqual(['m-1', again.runId]);
  });

  it.each([
    {},
    { prompt: '' },
    { prompt: ' \n\t' },
    { prompt: 1 },
    { prompt: 'half \ud83d' },
    { prompt: 'Hello?', messageId: '' },
    { prompt: 'Hello?', messageId: 'a b' },
    { prompt: 'Hello?', messageId: 'a'.repeat(65) },
    { prompt: 'Hello?', parentId: 'ä' },
    { prompt: 'Hello?', more: true },
    { prompt: 'Hello?', sessionId: 7 },
  ])('refuses %j', async (body) => {
    expect(await problemOf(await post(body))).toBe('400 invalid-request');
  });

  it.each([
    ['a field named twice', (id: string) => `{"sessionId":"${id}","prompt":"a","prompt":"b"}`],
    [
      'a field named twice in another spelling',
      (id: string) => `{"sessionId":"${id}","prompt":"a","\\u0070rompt":"a"}`,
    ],
    ['a prototype', (id: string) => `{"sessionId":"${id}","prompt":"a","__proto__":{"x":1}}`],
    ['deep JSON', (id: string) => `{"sessionId":"${id}","prompt":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['a byte order mark', (id: string) => `\ufeff{"sessionId":"${id}","prompt":"a"}`],
  ])('refuses %s', async (_, body) => {
    const headers = { 'content-type': 'application/json', ...bearer(visit.session.token) };
    const response = await visit.stage.request('/api/llm-stream', {
      method: 'POST',
      body: body(visit.session.sessionId),
      headers,
    });
    expect(await problemOf(response)).toBe('400 invalid-request');
  });

  it('refuses bytes that are no UTF-8', async () => {
    const body = new Uint8Array([
      ...new TextEncoder().encode(`{"sessionId":"${visit.session.sessionId}","prompt":"`),
      0xff,
      0x22,
      0x7d,
    ]);
    const headers = { 'content-type': 'application/json', ...bearer(visit.session.token) };
    expect(await problemOf(await visit.stage.request('/api/llm-stream', { method: 'POST', body, headers }))).toBe(
      '400 invalid-request',
    );
  });

  it('counts the bytes of a prompt, not its characters', async () => {
    await restart({ limits: { maxPromptBytes: 4 } });
    expect(await problemOf(await post({ prompt: '👋a' }))).toBe('413 payload-too-large');
    expect((await post({ prompt: '👋' })).status).toBe(202);
  });

  it('counts accepted prompts only, and says when to retry', async () => {
    await restart({ limiter: createPromptLimiter({ perSession: 2, perAddress: 0 }) });
    await post({ prompt: '1', messageId: 'm-1' });
    for (let i = 0; i < 5; i += 1) {
      expect(await problemOf(await post({ prompt: 'while it runs' }))).toBe('409 run-active');
      expect((await post({ prompt: '1', messageId: 'm-1' })).status).toBe(200);
    }
    await visit.answer();
    expect((await post({ prompt: '2' })).status).toBe(202);
    await visit.answer();
    const limited = await post({ prompt: '3' });
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    const problem = (await limited.json()) as { code: string; retryAfterMs: number };
    expect(problem).toMatchObject({ code: 'rate-limited', status: 429, retryable: true });
    expect(problem.retryAfterMs).toBeGreaterThan(0);
    expect((await post({ prompt: '1', messageId: 'm-1' })).status).toBe(200);
  });

  it('checks the parent again when the conversation changes between check and write', async () => {
    let meanwhile = async () => {};
    await restart({
      wrapStore: (store) => ({
        ...store,
        async submit(sessionId, input) {
          if (input.dryRun) return store.submit(sessionId, input);
          const act = meanwhile;
          meanwhile = async () => {};
          await act();
          return store.submit(sessionId, input);
        },
      }),
    });
    await post({ prompt: 'first', messageId: 'm-1' });
    await visit.answer();
    meanwhile = async () => {
      expect((await post({ prompt: 'instead', messageId: 'm-2', parentId: '' })).status).toBe(202);
      await visit.answer();
    };
    expect(await problemOf(await post({ prompt: 'after the first', messageId: 'm-3', parentId: 'm-1' }))).toBe(
      '422 unknown-parent',
    );
    expect((await state()).messages.map(({ id }) => id)).toEqual(['m-2', expect.any(String)]);
  });

  it('does not count a prompt that lost the race against another one', async () => {
    await restart({ limiter: createPromptLimiter({ perSession: 2, perAddress: 0 }) });
    const statuses = (await Promise.all([post({ prompt: '1' }), post({ prompt: 'too late' })])).map(
      ({ status }) => status,
    );
    expect(statuses.toSorted((a, b) => a - b)).toEqual([202, 409]);
    await visit.answer();
    expect((await post({ prompt: '2' })).status).toBe(202);
    await visit.answer();
    expect(await problemOf(await post({ prompt: '3' }))).toBe('429 rate-limited');
  });

  it('accepts one of many concurrent prompts', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => post({ prompt: `${i}`, messageId: `m-${i}` })),
    );
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([202, ...Array.from({ length: 19 }, () => 409)]);
  });

  it('starts one run for a prompt that is sent many times concurrently', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post({ prompt: 'Hello?', messageId: 'm-1' })));
    const runs = await Promise.all(answers.map(async (answer) => ((await answer.json()) as PromptAnswer).runId));
    expect(new Set(runs).size).toBe(1);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  });
});
