import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MintAnswer, SessionAnswer, ShareAnswer } from '#shared/protocol.ts';
import {
  bearer,
  json,
  openRelayStage,
  problemOf,
  TTL_MS,
  type RelayStage,
  type RelayStageOptions,
} from '../testing/relay-stage.ts';
import { openStream, type StreamReader } from '../testing/stream-reader.ts';

let stage: RelayStage;
let origin: string;
let session: MintAnswer;
const open: StreamReader[] = [];

beforeEach(() => begin());
afterEach(async () => {
  for (const stream of open.splice(0)) await stream.leave();
  await stage.close();
});

async function begin(options: RelayStageOptions = {}): Promise<void> {
  stage = openRelayStage({ timing: { activePollMs: 250, idlePollMs: 250 }, ...options });
  origin = await stage.listen();
  session = await stage.mint();
}

const path = () => `/api/sessions/${session.sessionId}/share`;
const post = (body: object = {}) => stage.request(path(), json(body, session.token));
const revoke = () => stage.request(path(), { method: 'DELETE', headers: bearer(session.token) });
const read = (token: string) => stage.request(`/api/sessions/${session.sessionId}`, { headers: bearer(token) });

async function share(body?: object): Promise<ShareAnswer> {
  const response = await post(body);
  expect(response.status).toBe(201);
  return (await response.json()) as ShareAnswer;
}

async function follow(token: string): Promise<StreamReader> {
  const stream = await openStream(`${origin}/api/check-stream?sessionId=${session.sessionId}`, bearer(token));
  open.push(stream);
  return stream;
}

async function answer(): Promise<void> {
  await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  await pen.text('An answer');
  await pen.finish();
}

describe('POST /api/sessions/:sessionId/share', () => {
  it('gives a token that reads the session, and follows it live', async () => {
    await answer();
    const { shareId, token, expiresAt } = await share();
    expect(shareId).toMatch(/^[\w-]{21,}$/);
    expect(expiresAt).toBeGreaterThanOrEqual(stage.clock.now + 2 * TTL_MS);
    const { messages } = (await (await read(token)).json()) as SessionAnswer;
    expect(messages).toHaveLength(2);

    const stream = await follow(token);
    await stream.caughtUp();
    await stage.prompt(session);
    const pen = await stage.write(session.sessionId);
    await pen.text('Live');
    await stream.next('what is written', ({ data }) => data.type === 'chunk');
  });

  it('names its token by the share’s id, so that whoever shared can tell tokens apart', async () => {
    await answer();
    const shares = [await share(), await share()];
    const ids = shares.map(
      ({ token }) =>
        (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti?: string }).jti,
    );
    expect(ids).toEqual(shares.map(({ shareId }) => shareId));
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('gives a token that can do nothing else', async () => {
    await answer();
    const { token } = await share();
    const { sessionId } = session;
    const requests: [string, RequestInit][] = [
      ['/api/sessions', json({}, token)],
      ['/api/llm-stream', json({ sessionId, prompt: 'Hello?' }, token)],
      [`/api/llm-stream?sessionId=${sessionId}`, { method: 'DELETE', headers: bearer(token) }],
      [`/api/sessions/${sessionId}`, { method: 'DELETE', headers: bearer(token) }],
      [`/api/sessions/${sessionId}/feedback`, json({ messageId: 'm', rating: 'up' }, token)],
      [path(), json({}, token)],
      [path(), { method: 'DELETE', headers: bearer(token) }],
    ];
    for (const [url, init] of requests)
      expect(await problemOf(await stage.request(url, init)), url).toBe('403 read-only');
    const other = await stage.mint();
    expect((await stage.request(`/api/sessions/${other.sessionId}`, { headers: bearer(token) })).status).toBe(404);
  });

  it('is valid for as long as asked, and no longer than a session’s own token', async () => {
    await answer();
    const short = await share({ expiresInSeconds: 10 });
    expect(short.expiresAt - stage.clock.now).toBeGreaterThanOrEqual(10_000);
    expect(short.expiresAt - stage.clock.now).toBeLessThan(12_000);
    const long = await share({ expiresInSeconds: 1_000_000_000 });
    expect(long.expiresAt - stage.clock.now).toBeLessThan(2 * TTL_MS + 2000);
    stage.clock.now = short.expiresAt;
    expect(await problemOf(await read(short.token))).toBe('401 unauthorized');
    expect((await read(long.token)).status).toBe(200);
  });

  it('refuses to share a session before its first prompt, or once it is gone', async () => {
    expect(await problemOf(await post())).toBe('412 stream-not-started');
    await answer();
    const { token } = await share();
    await stage.store.delete(session.sessionId);
    expect(await problemOf(await post())).toBe('410 session-expired');
    expect(await problemOf(await read(token))).toBe('410 session-expired');
  });

  it.each([
    { expiresInSeconds: 0 },
    { expiresInSeconds: -1 },
    { expiresInSeconds: 1.5 },
    { expiresInSeconds: '9' },
    { more: 1 },
  ])('refuses the body %j', async (body) => {
    expect(await problemOf(await post(body))).toBe('400 invalid-request');
  });
});

describe('DELETE /api/sessions/:sessionId/share', () => {
  it('revokes existing shares, but not later ones', async () => {
    await answer();
    const [first, second] = [await share(), await share()];
    const response = await revoke();
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(await problemOf(await read(first.token))).toBe('401 unauthorized');
    expect(await problemOf(await read(second.token))).toBe('401 unauthorized');
    expect((await read(session.token)).status).toBe(200);
    const later = await share();
    expect((await read(later.token)).status).toBe(200);
    expect(await problemOf(await read(first.token))).toBe('401 unauthorized');
    expect((await revoke()).status).toBe(204);
    expect(await problemOf(await read(later.token))).toBe('401 unauthorized');
  });

  it('ends the streams of revoked shares, even during a run, and no others', async () => {
    await answer();
    const { token } = await share();
    await stage.prompt(session);
    const pen = await stage.write(session.sessionId);
    const [guest, owner] = [await follow(token), await follow(session.token)];
    await guest.caughtUp();
    await owner.caughtUp();
    await revoke();
    const bye = await guest.next('goodbye', ({ event }) => event === 'bye');
    expect(bye.data.reason).toBe('gone');
    await guest.ended();
    await pen.text('goes on');
    await pen.finish();
    await owner.next('the end', ({ data }) => data.type === 'metadata' && data.status === 'completed');
    expect(owner.events.some(({ event }) => event === 'bye')).toBe(false);
    expect(guest.text()).toBe('');
  });

  it('ends them although the notification is lost', async () => {
    await stage.close();
    await begin({
      wrapStore: (store) => ({
        ...store,
        follow: (sessionId, listener) => store.follow(sessionId, (event) => event.kind !== 'unsure' && listener(event)),
      }),
    });
    await answer();
    const guest = await follow((await share()).token);
    await guest.caughtUp();
    await revoke();
    const bye = await guest.next('goodbye', ({ event }) => event === 'bye');
    expect(bye.data.reason).toBe('gone');
  });

  it('succeeds when nothing was shared, and is 410 once the session is gone', async () => {
    expect((await revoke()).status).toBe(204);
    await stage.store.delete(session.sessionId);
    expect(await problemOf(await revoke())).toBe('410 session-expired');
  });
});
