import { beforeEach, describe, expect, it } from 'vitest';
import type { MintAnswer, PromptAnswer } from '#shared/protocol.ts';
import { json, problemOf, TTL_MS } from '../testing/relay-stage.ts';
import { useRelayStage } from '../testing/use-relay-stage.ts';

const visit = useRelayStage();
const { post, get, del, state, restart } = visit;
const stream = () => get(`/api/check-stream?sessionId=${visit.session.sessionId}&until=idle`);

describe('POST /api/sessions', () => {
  it('mints a session without storing anything', async () => {
    expect(visit.session.sessionId).toMatch(/^[\w-]{21,}$/);
    expect(visit.session.expiresAt).toBeGreaterThanOrEqual(visit.stage.clock.now + 2 * TTL_MS);
    expect(await visit.stage.store.head(visit.session.sessionId)).toEqual({ kind: 'empty' });
  });

  it('renews a token until one TTL after its end, and keeps the time of minting', async () => {
    visit.stage.clock.now = visit.session.expiresAt + TTL_MS - 1000;
    expect(await problemOf(await stream())).toBe('401 unauthorized');
    const response = await visit.stage.request('/api/sessions', json({}, visit.session.token));
    expect(response.status).toBe(201);
    const renewed = (await response.json()) as MintAnswer;
    expect(renewed.sessionId).toBe(visit.session.sessionId);
    visit.session = renewed;
    // Minted long ago and never written: not young any more.
    expect(await problemOf(await stream())).toBe('404 not-found');

    visit.stage.clock.now = renewed.expiresAt + TTL_MS + 1000;
    expect(await problemOf(await visit.stage.request('/api/sessions', json({}, renewed.token)))).toBe(
      '401 unauthorized',
    );
  });

  it.each(['', '[]', 'null', '"{}"', '{"a":1}', '{', '{"__proto__":{}}'])('refuses the body %j', async (body) => {
    const headers = { 'content-type': 'application/json' };
    expect(await problemOf(await visit.stage.request('/api/sessions', { method: 'POST', body, headers }))).toBe(
      '400 invalid-request',
    );
  });
});

describe('a session through its life', () => {
  it('is not-found when the store loses it between two reads', async () => {
    await restart({ wrapStore: (store) => ({ ...store, head: () => Promise.resolve({ kind: 'empty' }) }) });
    await post({ prompt: 'Hello?' });
    await visit.answer();
    // It was read, and a moment later nothing is known of it: 410 would tell its visitors never to come back.
    expect(await problemOf(await stream())).toBe('412 stream-not-started');
  });

  it('has not started, expires, is forgotten', async () => {
    expect(await problemOf(await stream())).toBe('412 stream-not-started');
    expect(await problemOf(await get(`/api/sessions/${visit.session.sessionId}`))).toBe('412 stream-not-started');
    await post({ prompt: 'Hello?' });
    // It does not end during a run, however long that takes.
    visit.stage.clock.now += TTL_MS + 1;
    expect((await state()).run).not.toBeNull();
    await visit.answer();
    const renewed = await visit.stage.request('/api/sessions', json({}, visit.session.token));
    visit.session = (await renewed.json()) as MintAnswer;

    visit.stage.clock.now += TTL_MS + 1;
    for (const response of [
      await stream(),
      await post({ prompt: 'Still there?' }),
      await get(`/api/sessions/${visit.session.sessionId}`),
    ]) {
      expect(await problemOf(response)).toBe('410 session-expired');
    }
    visit.session = (await (
      await visit.stage.request('/api/sessions', json({}, visit.session.token))
    ).json()) as MintAnswer;
    visit.stage.clock.now += 2 * TTL_MS;
    visit.session = (await (
      await visit.stage.request('/api/sessions', json({}, visit.session.token))
    ).json()) as MintAnswer;
    for (const response of [
      await stream(),
      await post({ prompt: 'Still there?' }),
      await get(`/api/sessions/${visit.session.sessionId}`),
    ]) {
      expect(await problemOf(response)).toBe('404 not-found');
    }
  });

  it('is deleted with its active run, and can be deleted again', async () => {
    await post({ prompt: 'Hello?' });
    for (let i = 0; i < 2; i += 1) expect((await del(`/api/sessions/${visit.session.sessionId}`)).status).toBe(204);
    expect(await problemOf(await stream())).toBe('410 session-expired');
    expect(await problemOf(await post({ prompt: 'Hello?' }))).toBe('410 session-expired');
  });

  it('can be deleted before anything was written', async () => {
    expect((await del(`/api/sessions/${visit.session.sessionId}`)).status).toBe(204);
    expect(await problemOf(await stream())).toBe('410 session-expired');
  });
});

describe('DELETE /api/llm-stream', () => {
  const stop = (more = '') => del(`/api/llm-stream?sessionId=${visit.session.sessionId}${more}`);

  it('stops the active run, and answers when there is none', async () => {
    expect(await (await stop()).json()).toEqual({ cancelled: false });
    const { runId } = (await (await post({ prompt: 'Hello?' })).json()) as PromptAnswer;
    expect(await (await stop('&runId=another')).json()).toEqual({ cancelled: false });
    expect(await (await stop(`&runId=${runId}`)).json()).toEqual({ cancelled: true, runId });
    expect(await (await stop()).json()).toEqual({ cancelled: false });
    expect((await state()).run).toBeNull();
  });

  it('keeps the partial reply, and seals it', async () => {
    const { runId } = (await (await post({ prompt: 'Hello?' })).json()) as PromptAnswer;
    await (await visit.stage.write(visit.session.sessionId)).text('Good mor');
    await stop();
    expect((await state()).messages.at(-1)).toMatchObject({
      id: runId,
      parts: [{ type: 'text', text: 'Good mor', state: 'done' }],
      metadata: { run: { status: 'cancelled' } },
    });
    await expect
      .poll(
        async () =>
          (await visit.stage.store.read(visit.session.sessionId, { limit: 1 })).kind === 'snapshot' &&
          visit.stage.store.inspect(visit.session.sessionId)?.sealedTo,
      )
      .toBe((await state()).cursor);
  });
});

describe('tokens', () => {
  it.each(['Basic', 'Token', 'bearer:', ''])('are refused under the scheme %j', async (scheme) => {
    const response = await visit.stage.request('/api/sessions', json({}));
    const { token } = (await response.json()) as MintAnswer;
    const answer = await visit.stage.request(`/api/sessions/${visit.session.sessionId}`, {
      headers: { authorization: `${scheme} ${token}` },
    });
    expect(await problemOf(answer)).toBe('401 unauthorized');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each(['bearer', 'BEARER', 'Bearer'])('are accepted under the scheme %j', async (scheme) => {
    const headers = { authorization: `${scheme} ${visit.session.token}` };
    expect(await problemOf(await visit.stage.request(`/api/sessions/${visit.session.sessionId}`, { headers }))).toBe(
      '412 stream-not-started',
    );
  });

  it.each([
    () => '/api/sessions/x',
    () => `/api/sessions/${'a'.repeat(100)}`,
    () => '/api/sessions/%2e%2e%2f',
    () => '/api/check-stream?sessionId=x',
    () => '/api/check-stream?sessionId=',
    () => `/api/check-stream?sessionId=${visit.session.sessionId}x`,
  ])('are for no other session: %s', async (path) => {
    expect(await problemOf(await get(path()))).toBe('404 not-found');
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
    expect(await problemOf(await get(`/api/check-stream?${query(visit.session.sessionId)}`))).toBe(
      '400 invalid-request',
    );
  });

  it.each(['', 'x', '1-', '-1'])('is refused when Last-Event-ID is %j, whatever its cursor', async (id) => {
    const response = await get(`/api/check-stream?sessionId=${visit.session.sessionId}&after=0-0`, {
      'last-event-id': id,
    });
    expect(await problemOf(response)).toBe('400 invalid-request');
  });
});

describe('origins', () => {
  beforeEach(() => restart({ origins: { allowed: ['https://good.example'], loopback: false } }));
  const preflight = (origin: string, path = '/api/llm-stream') =>
    visit.stage.request(path, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });

  it('lets an allowed page read the answer, with Location and Retry-After, and never with credentials', async () => {
    const response = await get(`/api/sessions/${visit.session.sessionId}`, { origin: 'https://good.example' });
    expect(response.status).toBe(412);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://good.example');
    expect(response.headers.get('access-control-expose-headers')).toBe('Location, Retry-After');
    expect(response.headers.has('access-control-allow-credentials')).toBe(false);
    expect(response.headers.get('vary')).toBe('Origin');
  });

  it('answers a preflight with the methods of the route', async () => {
    const response = await preflight('https://good.example');
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toBe('POST, DELETE');
    expect(response.headers.get('access-control-allow-headers')).toBe('Authorization, Content-Type, Last-Event-ID');
    expect(response.headers.get('access-control-allow-origin')).toBe('https://good.example');
  });

  // Otherwise a browser tells the page nothing but 'failed to fetch', as if the network were gone.
  it.each(['https://evil.example', 'null', 'https://good.example:8443'])(
    'refuses %s on every route, and lets its page read why and nothing else',
    async (origin) => {
      for (const path of ['/api/sessions', '/api/llm-stream', '/api/check-stream', '/api/sessions/x']) {
        const answer = await preflight(origin, path);
        expect(answer.headers.has('access-control-allow-methods')).toBe(false);
        expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
        expect(await problemOf(answer)).toBe('403 origin-not-allowed');
      }
      for (const response of [
        await get(`/api/check-stream?sessionId=${visit.session.sessionId}`, { origin }),
        await get(`/api/sessions/${visit.session.sessionId}`, { origin }),
        await visit.stage.request('/api/sessions', {
          method: 'POST',
          body: '{}',
          headers: { 'content-type': 'application/json', origin },
        }),
      ]) {
        expect(response.headers.get('access-control-allow-origin')).toBe(origin);
        expect(response.headers.has('access-control-allow-credentials')).toBe(false);
        expect(response.headers.has('access-control-expose-headers')).toBe(false);
        expect(await problemOf(response)).toBe('403 origin-not-allowed');
      }
    },
  );
});

describe('limits on streams', () => {
  it.each([
    ['429 rate-limited', { perSession: 1, perAddress: 0, total: 0 }],
    ['503 overloaded', { perSession: 0, perAddress: 0, total: 1 }],
  ])('answer %s, and count again once a viewer has left', async (expected, streams) => {
    await restart({ limits: { streams } });
    await visit.stage.prompt(visit.session);
    const follow = () => get(`/api/check-stream?sessionId=${visit.session.sessionId}`);
    const first = await follow();
    const second = await follow();
    expect(second.headers.has('retry-after')).toBe(true);
    expect(await problemOf(second)).toBe(expected);
    await first.body?.cancel();
    const third = await follow();
    expect(third.status).toBe(200);
    await third.body?.cancel();
  });
});
