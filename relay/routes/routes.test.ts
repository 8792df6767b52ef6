import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MintAnswer, PromptAnswer, SessionAnswer } from '#shared/protocol.ts';
import { createPromptLimiter } from '../limits/create-prompt-limiter.ts';
import { bearer, json, openRelayStage, TTL_MS, type RelayStage, type RelayStageOptions } from '../testing/relay-stage.ts';

let stage: RelayStage;
let session: MintAnswer;

beforeEach(() => begin());
afterEach(() => stage.close());

async function begin(options: RelayStageOptions = {}): Promise<void> {
  stage = openRelayStage(options);
  session = await stage.mint();
}
async function restart(options: RelayStageOptions): Promise<void> {
  await stage.close();
  await begin(options);
}
const post = (body: object) => stage.request('/api/llm-stream', json({ sessionId: session.sessionId, ...body }, session.token));
const get = (path: string, headers = {}) => stage.request(path, { headers: { ...bearer(session.token), ...headers } });
const del = (path: string) => stage.request(path, { method: 'DELETE', headers: bearer(session.token) });
const code = async (response: Response) => `${response.status} ${((await response.json()) as { code: string }).code}`;
const state = async () => (await (await get(`/api/sessions/${session.sessionId}`)).json()) as SessionAnswer;
const stream = () => get(`/api/check-stream?sessionId=${session.sessionId}&until=idle`);
const finishRun = async (text = 'An answer') => {
  const pen = await stage.write(session.sessionId);
  await pen.text(text);
  await pen.finish();
  return pen.runId;
};

describe('POST /api/sessions', () => {
  it('mints a session that nothing is stored of', async () => {
    expect(session.sessionId).toMatch(/^[\w-]{21,}$/);
    expect(session.expiresAt).toBeGreaterThanOrEqual(stage.clock.now + 2 * TTL_MS);
    expect(await stage.store.head(session.sessionId)).toEqual({ kind: 'empty' });
  });

  it('renews the token of a session, up to SESSION_TTL after its end, and keeps the time of minting', async () => {
    stage.clock.now = session.expiresAt + TTL_MS - 1000;
    expect(await code(await stream())).toBe('401 unauthorized');
    const response = await stage.request('/api/sessions', json({}, session.token));
    expect(response.status).toBe(201);
    const renewed = (await response.json()) as MintAnswer;
    expect(renewed.sessionId).toBe(session.sessionId);
    session = renewed;
    // Minted long ago and never written: not young any more.
    expect(await code(await stream())).toBe('404 not-found');

    stage.clock.now = renewed.expiresAt + TTL_MS + 1000;
    expect(await code(await stage.request('/api/sessions', json({}, renewed.token)))).toBe('401 unauthorized');
  });

  it.each(['', '[]', 'null', '"{}"', '{"a":1}', '{', '{"__proto__":{}}'])('refuses the body %j', async (body) => {
    const headers = { 'content-type': 'application/json' };
    expect(await code(await stage.request('/api/sessions', { method: 'POST', body, headers }))).toBe('400 invalid-request');
  });
});

describe('POST /api/llm-stream', () => {
  it('stores the prompt byte for byte, then answers where its stream begins', async () => {
    const prompt = '  Grüße 👋\r\n\u0000\u2028"\\ ';
    const response = await post({ prompt, messageId: 'm-1' });
    expect(response.status).toBe(202);
    const answer = (await response.json()) as PromptAnswer;
    expect(answer).toMatchObject({ sessionId: session.sessionId, messageId: 'm-1', cursor: '0-0' });
    expect(response.headers.get('location')).toBe(`/api/check-stream?sessionId=${session.sessionId}&after=0-0`);
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
    await finishRun();
    expect((await post({ prompt: 'Hello?', messageId: 'm-1' })).status).toBe(200);
    expect((await state()).messages).toHaveLength(2);
  });

  it.each([{ prompt: 'Another?' }, { prompt: 'Hello?', parentId: '' }])('refuses the messageId for %j', async (body) => {
    await post({ prompt: 'Hello?', messageId: 'm-1' });
    expect(await code(await post({ ...body, messageId: 'm-1' }))).toBe('422 idempotency-mismatch');
  });

  it('refuses a second prompt while a run is active', async () => {
    await post({ prompt: 'Hello?' });
    expect(await code(await post({ prompt: 'And?' }))).toBe('409 run-active');
  });

  it('edits: what came after the parent is dropped', async () => {
    await post({ prompt: 'First', messageId: 'm-1' });
    const reply = await finishRun();
    await post({ prompt: 'Second', messageId: 'm-2' });
    await finishRun();
    expect((await post({ prompt: 'Second, better', messageId: 'm-3', parentId: reply })).status).toBe(202);
    expect((await state()).messages.map(({ id }) => id)).toEqual(['m-1', reply, 'm-3']);
    await finishRun();
    expect((await post({ prompt: 'All anew', messageId: 'm-4', parentId: '' })).status).toBe(202);
    expect((await state()).messages.map(({ id }) => id)).toEqual(['m-4']);
  });

  it('regenerates the answer to a message of the visitor, and to nothing else', async () => {
    await post({ prompt: 'First', messageId: 'm-1' });
    const reply = await finishRun();
    for (const parentId of [reply, 'nobody', '']) expect(await code(await post({ parentId }))).toBe('422 unknown-parent');
    const again = (await (await post({ parentId: 'm-1', messageId: 'm-2' })).json()) as PromptAnswer;
    expect(await state()).toMatchObject({ messages: [{ id: 'm-1' }], run: { runId: again.runId, status: 'queued' } });
    await finishRun('Another answer');
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
    expect(await code(await post(body))).toBe('400 invalid-request');
  });

  it.each([
    ['a field named twice', (id: string) => `{"sessionId":"${id}","prompt":"a","prompt":"b"}`],
    ['a field named twice in another spelling', (id: string) => `{"sessionId":"${id}","prompt":"a","\\u0070rompt":"a"}`],
    ['a prototype', (id: string) => `{"sessionId":"${id}","prompt":"a","__proto__":{"x":1}}`],
    ['deep JSON', (id: string) => `{"sessionId":"${id}","prompt":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['a byte order mark', (id: string) => `\ufeff{"sessionId":"${id}","prompt":"a"}`],
  ])('refuses %s', async (_, body) => {
    const headers = { 'content-type': 'application/json', ...bearer(session.token) };
    const response = await stage.request('/api/llm-stream', { method: 'POST', body: body(session.sessionId), headers });
    expect(await code(response)).toBe('400 invalid-request');
  });

  it('refuses bytes that are no UTF-8', async () => {
    const body = new Uint8Array([...new TextEncoder().encode(`{"sessionId":"${session.sessionId}","prompt":"`), 0xff, 0x22, 0x7d]);
    const headers = { 'content-type': 'application/json', ...bearer(session.token) };
    expect(await code(await stage.request('/api/llm-stream', { method: 'POST', body, headers }))).toBe('400 invalid-request');
  });

  it('counts the bytes of a prompt, not its characters', async () => {
    await restart({ limits: { maxPromptBytes: 4 } });
    expect(await code(await post({ prompt: '👋a' }))).toBe('413 payload-too-large');
    expect((await post({ prompt: '👋' })).status).toBe(202);
  });

  it('counts accepted prompts alone, and says when the next may come', async () => {
    await restart({ limiter: createPromptLimiter({ perSession: 2, perAddress: 0 }) });
    await post({ prompt: '1', messageId: 'm-1' });
    for (let i = 0; i < 5; i += 1) {
      expect(await code(await post({ prompt: 'while it runs' }))).toBe('409 run-active');
      expect((await post({ prompt: '1', messageId: 'm-1' })).status).toBe(200);
    }
    await finishRun();
    expect((await post({ prompt: '2' })).status).toBe(202);
    await finishRun();
    const limited = await post({ prompt: '3' });
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    const problem = (await limited.json()) as { code: string; retryAfterMs: number };
    expect(problem).toMatchObject({ code: 'rate-limited', status: 429, retryable: true });
    expect(problem.retryAfterMs).toBeGreaterThan(0);
    expect((await post({ prompt: '1', messageId: 'm-1' })).status).toBe(200);
  });

  it('looks for the parent once more when the conversation has changed between the look and the writing', async () => {
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
    await finishRun();
    meanwhile = async () => {
      expect((await post({ prompt: 'instead', messageId: 'm-2', parentId: '' })).status).toBe(202);
      await finishRun();
    };
    expect(await code(await post({ prompt: 'after the first', messageId: 'm-3', parentId: 'm-1' }))).toBe('422 unknown-parent');
    expect((await state()).messages.map(({ id }) => id)).toEqual(['m-2', expect.any(String)]);
  });

  it('does not count a prompt that another came before at the last moment', async () => {
    await restart({ limiter: createPromptLimiter({ perSession: 2, perAddress: 0 }) });
    const statuses = (await Promise.all([post({ prompt: '1' }), post({ prompt: 'too late' })])).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([202, 409]);
    await finishRun();
    expect((await post({ prompt: '2' })).status).toBe(202);
    await finishRun();
    expect(await code(await post({ prompt: '3' }))).toBe('429 rate-limited');
  });

  it('accepts one of many prompts that come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => post({ prompt: `${i}`, messageId: `m-${i}` })));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([202, ...Array.from({ length: 19 }, () => 409)]);
  });

  it('makes one run of one prompt that comes many times at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post({ prompt: 'Hello?', messageId: 'm-1' })));
    const runs = await Promise.all(answers.map(async (answer) => ((await answer.json()) as PromptAnswer).runId));
    expect(new Set(runs).size).toBe(1);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
  });
});

describe('a session through its life', () => {
  it('has not started, expires, is forgotten', async () => {
    expect(await code(await stream())).toBe('412 stream-not-started');
    expect(await code(await get(`/api/sessions/${session.sessionId}`))).toBe('412 stream-not-started');
    await post({ prompt: 'Hello?' });
    // It does not end during a run, however long that takes.
    stage.clock.now += TTL_MS + 1;
    expect((await state()).run).not.toBeNull();
    await finishRun();
    const renewed = await stage.request('/api/sessions', json({}, session.token));
    session = (await renewed.json()) as MintAnswer;

    stage.clock.now += TTL_MS + 1;
    for (const response of [await stream(), await post({ prompt: 'Still there?' }), await get(`/api/sessions/${session.sessionId}`)]) {
      expect(await code(response)).toBe('410 session-expired');
    }
    session = (await (await stage.request('/api/sessions', json({}, session.token))).json()) as MintAnswer;
    stage.clock.now += 2 * TTL_MS;
    session = (await (await stage.request('/api/sessions', json({}, session.token))).json()) as MintAnswer;
    for (const response of [await stream(), await post({ prompt: 'Still there?' }), await get(`/api/sessions/${session.sessionId}`)]) {
      expect(await code(response)).toBe('404 not-found');
    }
  });

  it('is deleted with all that runs in it, as often as one likes', async () => {
    await post({ prompt: 'Hello?' });
    for (let i = 0; i < 2; i += 1) expect((await del(`/api/sessions/${session.sessionId}`)).status).toBe(204);
    expect(await code(await stream())).toBe('410 session-expired');
    expect(await code(await post({ prompt: 'Hello?' }))).toBe('410 session-expired');
  });

  it('can be deleted before anything was written', async () => {
    expect((await del(`/api/sessions/${session.sessionId}`)).status).toBe(204);
    expect(await code(await stream())).toBe('410 session-expired');
  });
});

describe('DELETE /api/llm-stream', () => {
  const stop = (more = '') => del(`/api/llm-stream?sessionId=${session.sessionId}${more}`);

  it('stops the active run, and says that there is none', async () => {
    expect(await (await stop()).json()).toEqual({ cancelled: false });
    const { runId } = (await (await post({ prompt: 'Hello?' })).json()) as PromptAnswer;
    expect(await (await stop('&runId=another')).json()).toEqual({ cancelled: false });
    expect(await (await stop(`&runId=${runId}`)).json()).toEqual({ cancelled: true, runId });
    expect(await (await stop()).json()).toEqual({ cancelled: false });
    expect((await state()).run).toBeNull();
  });

  it('keeps the partial reply, and seals it', async () => {
    const { runId } = (await (await post({ prompt: 'Hello?' })).json()) as PromptAnswer;
    await (await stage.write(session.sessionId)).text('Good mor');
    await stop();
    expect((await state()).messages.at(-1)).toMatchObject({
      id: runId,
      parts: [{ type: 'text', text: 'Good mor', state: 'done' }],
      metadata: { run: { status: 'cancelled' } },
    });
    await expect
      .poll(async () => (await stage.store.read(session.sessionId, { limit: 1 })).kind === 'snapshot' && stage.store.inspect(session.sessionId)?.sealedTo)
      .toBe((await state()).cursor);
  });
});

describe('tokens', () => {
  it.each(['Basic', 'Token', 'bearer:', ''])('are no tokens under the scheme %j', async (scheme) => {
    const response = await stage.request('/api/sessions', json({}));
    const { token } = (await response.json()) as MintAnswer;
    const answer = await stage.request(`/api/sessions/${session.sessionId}`, { headers: { authorization: `${scheme} ${token}` } });
    expect(await code(answer)).toBe('401 unauthorized');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each(['bearer', 'BEARER', 'Bearer'])('are taken under the scheme %j', async (scheme) => {
    const headers = { authorization: `${scheme} ${session.token}` };
    expect(await code(await stage.request(`/api/sessions/${session.sessionId}`, { headers }))).toBe('412 stream-not-started');
  });

  it.each([
    () => '/api/sessions/x',
    () => `/api/sessions/${'a'.repeat(100)}`,
    () => '/api/sessions/%2e%2e%2f',
    () => '/api/check-stream?sessionId=x',
    () => '/api/check-stream?sessionId=',
    () => `/api/check-stream?sessionId=${session.sessionId}x`,
  ])('are for no other session: %s', async (path) => {
    expect(await code(await get(path()))).toBe('404 not-found');
  });
});

describe('the query', () => {
  it.each([
    (id: string) => `sessionId=${id}&after=`,
    (id: string) => `sessionId=${id}&after=1`,
    (id: string) => `sessionId=${id}&after=01-1`,
    (id: string) => `sessionId=${id}&after=9007199254740992-0`,
    (id: string) => `sessionId=${id}&until=later`,
    (id: string) => `sessionId=${id}&until=`,
    (id: string) => `sessionId=${id}&sessionId=${id}`,
    (id: string) => `sessionId=${id}&token=x`,
    (id: string) => `sessionId=${id}&__proto__=x`,
    () => '',
  ])('is refused: %s', async (query) => {
    expect(await code(await get(`/api/check-stream?${query(session.sessionId)}`))).toBe('400 invalid-request');
  });

  it.each(['', 'x', '1-', '-1'])('is not saved by its cursor when Last-Event-ID is %j', async (id) => {
    const response = await get(`/api/check-stream?sessionId=${session.sessionId}&after=0-0`, { 'last-event-id': id });
    expect(await code(response)).toBe('400 invalid-request');
  });
});

describe('origins', () => {
  beforeEach(() => restart({ origins: { allowed: ['https://good.example'], loopback: false } }));
  const preflight = (origin: string, path = '/api/llm-stream') =>
    stage.request(path, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });

  it('lets an allowed page read the answer, with Location and Retry-After, and never with credentials', async () => {
    const response = await get(`/api/sessions/${session.sessionId}`, { origin: 'https://good.example' });
    expect(response.status).toBe(412);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://good.example');
    expect(response.headers.get('access-control-expose-headers')).toBe('Location, Retry-After');
    expect(response.headers.has('access-control-allow-credentials')).toBe(false);
    expect(response.headers.get('vary')).toBe('Origin');
  });

  it('answers a preflight with what the route takes', async () => {
    const response = await preflight('https://good.example');
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toBe('POST, DELETE');
    expect(response.headers.get('access-control-allow-headers')).toBe('Authorization, Content-Type, Last-Event-ID');
    expect(response.headers.get('access-control-allow-origin')).toBe('https://good.example');
  });

  it('refuses other pages on every route, and lets them read nothing', async () => {
    for (const path of ['/api/sessions', '/api/llm-stream', '/api/check-stream', '/api/sessions/x']) {
      const response = await preflight('https://evil.example', path);
      expect(await code(response)).toBe('403 origin-not-allowed');
      expect(response.headers.has('access-control-allow-origin')).toBe(false);
    }
  });
});

describe('pages and probes', () => {
  it('answer HEAD as GET', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const response = await stage.request(path, { method: 'HEAD' });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('');
    }
  });

  it('serve the files they were given, for good where the name says so, and to any page where they are the widget', async () => {
    const file = (text: string, immutable: boolean, isPublic: boolean) => ({
      bytes: new TextEncoder().encode(text),
      contentType: 'text/javascript; charset=utf-8',
      etag: `"${text}"`,
      immutable,
      isPublic,
    });
    await restart({
      files: new Map([
        ['/widget.js', file('widget', false, true)],
        ['/', file('page', false, false)],
        ['/assets/page-12345678.js', file('asset', true, false)],
      ]),
    });
    const widget = await stage.request('/widget.js');
    expect(await widget.text()).toBe('widget');
    expect(widget.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(widget.headers.get('access-control-allow-origin')).toBe('*');
    expect(widget.headers.get('cache-control')).toBe('no-cache');
    const again = await stage.request('/widget.js', { headers: { 'if-none-match': 'W/"widget"' } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const page = await stage.request('/');
    expect(page.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const asset = await stage.request('/assets/page-12345678.js');
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    for (const path of ['/assets/', '/assets/..%2f..%2fpackage.json', '//widget.js', '/widget.js/']) {
      expect(await code(await stage.request(path))).toBe('404 not-found');
    }
    expect((await stage.request('/widget.js', { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD');
  });

  it('say that the widget was not built', async () => {
    expect(await (await stage.request('/widget.js')).json()).toMatchObject({ status: 404, detail: expect.stringContaining('npm run build') });
  });
});

describe('limits on streams', () => {
  it.each([
    ['429 rate-limited', { perSession: 1, perAddress: 0, total: 0 }],
    ['503 overloaded', { perSession: 0, perAddress: 0, total: 1 }],
  ])('answer %s, and count again once a viewer has left', async (expected, streams) => {
    await restart({ limits: { streams } });
    await stage.prompt(session);
    const follow = () => get(`/api/check-stream?sessionId=${session.sessionId}`);
    const first = await follow();
    const second = await follow();
    expect(second.headers.has('retry-after')).toBe(true);
    expect(await code(second)).toBe(expected);
    await first.body?.cancel();
    const third = await follow();
    expect(third.status).toBe(200);
    await third.body?.cancel();
  });
});
