import { afterEach, expect, it, vi } from 'vitest';
import type { MintAnswer } from '#shared/protocol.ts';
import type { FollowEvent, SessionStore } from '../store/session-store.ts';
import { sealSession } from '../store/seal-session.ts';
import { StoreError } from '../store/store-error.ts';
import { bearer, openRelayStage, type RelayStage } from '../testing/relay-stage.ts';
import { brokenLinks, openStream, type StreamReader } from '../testing/stream-reader.ts';

vi.setConfig({ testTimeout: 30_000 });

let stage: RelayStage;
let session: MintAnswer;
let follow: (query?: string) => Promise<StreamReader>;
const open: StreamReader[] = [];

afterEach(async () => {
  for (const stream of open.splice(0)) await stream.leave();
  await stage.close();
});

async function begin(wrapStore: (store: SessionStore) => SessionStore, pollMs = 250): Promise<void> {
  stage = openRelayStage({ wrapStore, timing: { activePollMs: pollMs, idlePollMs: pollMs } });
  const origin = await stage.listen();
  session = await stage.mint();
  follow = async (query = '') => {
    const url = `${origin}/api/check-stream?sessionId=${session.sessionId}${query}`;
    const stream = await openStream(url, bearer(session.token));
    open.push(stream);
    return stream;
  };
}

/** A store whose hints pass through `pass`. */
const hinting =
  (pass: (event: FollowEvent, tell: (event: FollowEvent) => void) => void) =>
  (store: SessionStore): SessionStore => ({
    ...store,
    follow: (sessionId, listener) => store.follow(sessionId, (event) => pass(event, listener)),
  });

async function writeReply(): Promise<string> {
  const pen = await stage.write(session.sessionId);
  let whole = '';
  for (let i = 0; i < 60; i += 1) {
    whole += `${i} `;
    await pen.text(`${i} `);
    await new Promise((resolve) => setTimeout(resolve, i % 10));
  }
  await pen.finish();
  return whole;
}

let count = 0;
it.each<[string, Parameters<typeof hinting>[0]]>([
  ['are all lost', () => undefined],
  ['are lost every other time', (event, tell) => void (++count % 2 === 0 && tell(event))],
  ['come twice', (event, tell) => (tell(event), tell(event))],
  ['come late, and in another order', (event, tell) => void setTimeout(() => tell(event), (++count % 5) * 7)],
  ['say nothing but that something happened', (_, tell) => tell({ kind: 'unsure' })],
])('serves every message once, in order, when hints %s', async (_, pass) => {
  await begin(hinting(pass));
  await stage.prompt(session);
  const early = await follow();
  const resumed = await follow('&after=0-0');
  await Promise.all([early.caughtUp(), resumed.caughtUp()]);
  const whole = await writeReply();
  for (const stream of [early, resumed]) {
    await stream.next('the terminal', ({ data }) => data.type === 'metadata' && data.status === 'completed');
    expect(stream.text()).toBe(whole);
    expect(brokenLinks(stream.messages(), '0-0')).toEqual([]);
  }
});

it('misses nothing that is written while a slow store answers', async () => {
  const later =
    <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      const answer = await operation(...args);
      await new Promise((resolve) => setTimeout(resolve, 15));
      return answer;
    };
  // No poll may find what a hint missed.
  await begin((store) => ({ ...store, read: later(store.read), head: later(store.head) }), 600_000);
  await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  const streams: Promise<StreamReader>[] = [];
  let whole = '';
  for (let i = 0; i < 100; i += 1) {
    whole += `${i} `;
    await pen.text(`${i} `);
    if (i % 10 === 0) streams.push(follow('&after=0-0'));
    // Now and then everybody leaves, so that the next viewer opens the session anew.
    if (i % 25 === 24) for (const stream of await Promise.all(streams.splice(0))) await stream.leave();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  streams.push(follow('&after=0-0'));
  await pen.finish();
  for (const stream of await Promise.all(streams)) {
    await stream.next('the terminal', ({ data }) => data.type === 'metadata' && data.status === 'completed');
    expect(stream.text()).toBe(whole);
    expect(brokenLinks(stream.messages(), '0-0')).toEqual([]);
  }
});

it('does not poll a session that is still being opened', async () => {
  let isSlow = false;
  await begin((store) => ({
    ...store,
    head: async (sessionId) => {
      if (isSlow && sessionId === session.sessionId) {
        isSlow = false;
        await new Promise((resolve) => setTimeout(resolve, 800));
      }
      return store.head(sessionId);
    },
  }));
  // Another session is watched, so that the relay's clock runs.
  const other = await stage.mint();
  await stage.prompt(other);
  open.push(
    await openStream(`${await stage.listen()}/api/check-stream?sessionId=${other.sessionId}`, bearer(other.token)),
  );
  await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  isSlow = true;
  const opening = follow('&after=0-0');
  let whole = '';
  for (let i = 0; i < 150; i += 1) {
    whole += `${i} `;
    await pen.text(`${i} `);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await pen.finish();
  const stream = await opening;
  await stream.next('the terminal', ({ data }) => data.type === 'metadata' && data.status === 'completed');
  expect(brokenLinks(stream.messages(), '0-0')).toEqual([]);
  expect(stream.text()).toBe(whole);
});

it('polls the head of the log only while it hears nothing', async () => {
  let heads = 0;
  let deaf = false;
  const counted = (store: SessionStore): SessionStore => ({
    ...hinting((event, tell) => void (deaf || tell(event)))(store),
    head: (sessionId) => {
      heads += 1;
      return store.head(sessionId);
    },
  });
  stage = openRelayStage({ wrapStore: counted, timing: { activePollMs: 500, idlePollMs: 600_000 } });
  const origin = await stage.listen();
  session = await stage.mint();
  await stage.prompt(session);
  const stream = await openStream(`${origin}/api/check-stream?sessionId=${session.sessionId}`, bearer(session.token));
  open.push(stream);
  await stream.caughtUp();
  const pen = await stage.write(session.sessionId);
  heads = 0;
  const until = Date.now() + 2000;
  while (Date.now() < until) {
    await pen.text('.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(heads).toBe(0);
  // The last hint is lost.
  deaf = true;
  await pen.finish();
  await stream.next('the terminal', ({ data }) => data.type === 'metadata' && data.status === 'completed');
  expect(heads).toBeGreaterThan(0);
});

it('misses nothing that is written between the subscription and the first read of the head', async () => {
  let write = async () => {};
  await begin(
    (store) => ({
      ...store,
      head: async (sessionId) => {
        const answer = await store.head(sessionId);
        await write();
        return answer;
      },
    }),
    600_000,
  );
  await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  write = () => pen.text('heard');
  const stream = await follow('&after=0-0');
  await stream.next('the text', ({ data }) => data.type === 'chunk' && data.chunk.type === 'text-delta');
  expect(stream.text()).toBe('heard');
});

it('sends a snapshot when the missed entries were trimmed', async () => {
  let deaf = true;
  await begin((store) => ({
    ...hinting((event, tell) => void (deaf || tell(event)))(store),
    // Polls see nothing either for now.
    head: async (sessionId) => {
      const answer = await store.head(sessionId);
      return deaf && answer.kind === 'open' ? { ...answer, head: known ?? answer.head } : answer;
    },
  }));
  let known: string | undefined;
  await stage.prompt(session, 'First');
  const stream = await follow('&until=idle');
  const stays = await follow();
  await Promise.all([stream.caughtUp(), stays.caughtUp()]);
  known = stream.messages().at(-1)?.id;
  for (const text of ['one', 'two', 'three']) {
    if (text !== 'one') await stage.prompt(session, text);
    const pen = await stage.write(session.sessionId);
    await pen.text(text);
    await pen.finish();
    await sealSession(stage.store, session.sessionId);
  }
  await stage.prompt(session, 'Last');
  deaf = false;
  // The run that it waited for has ended.
  await stream.ended();
  expect(stream.messages().at(-1)?.data).toMatchObject({ type: 'snapshot', messages: { length: 6 } });
  await stays.next(
    'what is active now',
    ({ data }) => data.type === 'message' && JSON.stringify(data).includes('Last'),
  );
  expect(brokenLinks(stays.messages(), '0-0')).toEqual([]);
});

it('ignores a stale read that answers after newer hints', async () => {
  const late: (() => void)[] = [];
  let holdsHints = false;
  let asked = () => {};
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  let answer = () => {};
  const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
  let answered = () => {};
  const isAnswered = new Promise<void>((resolve) => (answered = resolve));
  await begin((store) => ({
    ...hinting((event, tell) => (holdsHints ? void late.push(() => tell(event)) : tell(event)))(store),
    async read(sessionId, input) {
      if (!holdsHints) return store.read(sessionId, input);
      // A poll has seen a newer head; the store stalls, and answers with the log as it is later.
      asked();
      await mayAnswer;
      const found = await store.read(sessionId, input);
      setTimeout(answered);
      return found;
    },
  }));
  await stage.prompt(session);
  const stream = await follow('&after=0-0');
  await stream.caughtUp();
  const pen = await stage.write(session.sessionId);
  await stream.next('the start', ({ data }) => data.type === 'metadata');
  holdsHints = true;
  await pen.text('one');
  await isAsked;
  holdsHints = false;
  for (const tell of late) tell();
  await pen.finish();
  await stage.prompt(session, 'Again');
  await (await stage.write(session.sessionId)).finish();
  // The viewer knows both ends; then the first run is trimmed.
  await stream.next('the end', ({ data }) => data.type === 'metadata' && data.status === 'completed');
  await stream.next('the second end', ({ data }) => data.type === 'metadata' && data.status === 'completed');
  await sealSession(stage.store, session.sessionId);
  answer();
  await isAnswered;
  await stage.prompt(session, 'Last');
  await stream.next(
    'what is active now',
    ({ data }) => data.type === 'message' && JSON.stringify(data).includes('Last'),
  );
  expect(stream.messages().filter(({ data }) => data.type === 'snapshot')).toEqual([]);
  expect(brokenLinks(stream.messages(), '0-0')).toEqual([]);
});

it('ends with bye gone within one poll when the hint that the session is gone was lost', async () => {
  await begin(hinting((event, tell) => void (event.kind === 'gone' || tell(event))));
  await stage.prompt(session);
  const stream = await follow();
  await stream.caughtUp();
  await stage.request(`/api/sessions/${session.sessionId}`, { method: 'DELETE', headers: bearer(session.token) });
  await stream.ended();
  expect(stream.events.at(-1)).toMatchObject({ event: 'bye', data: { reason: 'gone', retryAfterMs: 0 } });
});

it('keeps its viewers while the store is unreachable, and resumes afterwards', async () => {
  let down = false;
  let failures = 0;
  const failing =
    <A extends unknown[], R>(operation: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (down) failures += 1;
      if (down) throw new StoreError('store-unavailable', 'down');
      return operation(...args);
    };
  let pausing: Promise<void> | null = null;
  await begin((store) => ({
    ...hinting((event, tell) => void (down || tell(event)))(store),
    head: failing(store.head),
    check: failing(store.check),
    read: failing(async (sessionId, input) => {
      await pausing;
      return store.read(sessionId, input);
    }),
  }));
  await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  // Its replay takes more than one read.
  const long = Array.from({ length: 1200 }, (_, i) => `${i},`);
  await pen.text(...long);
  const stream = await follow();
  await stream.caughtUp();
  let resume = () => {};
  const replaying = await follow('&after=0-0');
  await replaying.caughtUp();
  pausing = new Promise((resolve) => (resume = resolve));
  const late = follow('&after=0-0');
  down = true;
  resume();
  pausing = null;
  await pen.text('while it was down');
  expect((await (await stage.request('/readyz')).json()) as object).toMatchObject({ code: 'store-unavailable' });
  const refused = await stage.request(`/api/sessions/${session.sessionId}`, { headers: bearer(session.token) });
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('2');
  // Several polls and reads have failed.
  const before = failures;
  await expect.poll(() => failures, { timeout: 5000 }).toBeGreaterThan(before + 2);
  expect(stage.relay.streams).toBeGreaterThanOrEqual(2);

  down = false;
  await pen.finish();
  const whole = `${long.join('')}while it was down`;
  const streams = [stream, replaying];
  const opened = await late;
  if (opened.response.status === 200) streams.push(opened);
  for (const each of streams) {
    await each.next('the terminal', ({ data }) => data.type === 'metadata' && data.status === 'completed');
    expect(each.text()).toBe(whole);
    expect(brokenLinks(each.messages(), '0-0')).toEqual([]);
  }
  expect((await stage.request('/readyz')).status).toBe(200);
});

it('sends nothing of a history that the store has lost, not even from the cache', async () => {
  let other: MintAnswer | null = null;
  const at = (sessionId: string) => other?.sessionId ?? sessionId;
  await begin((store) => ({
    ...store,
    read: (sessionId, input) => store.read(at(sessionId), input),
    head: (sessionId) => store.head(at(sessionId)),
    follow: (sessionId, listener) => store.follow(at(sessionId), listener),
  }));
  await stage.prompt(session, 'A prompt that will be lost');
  const pen = await stage.write(session.sessionId);
  // More than one read returns, so that the first is cached.
  for (let i = 0; i < 20; i += 1) await pen.text('x'.repeat(30_000));
  const early = await follow('&after=0-0');
  await early.caughtUp();

  const minted = await stage.mint();
  await stage.prompt(minted, 'Another history');
  other = minted;
  const snapshot = await early.next('a snapshot', ({ data }) => data.type === 'snapshot');
  expect(snapshot.data).toMatchObject({ messages: [] });
  const late = await follow('&after=0-0');
  await late.caughtUp();
  for (const stream of [early, late]) {
    const found = await stream.next('the other prompt', ({ data }) => JSON.stringify(data).includes('Another history'));
    expect(found.data).toMatchObject({ type: 'message' });
  }
  expect(JSON.stringify(late.messages())).not.toContain('will be lost');
  expect(brokenLinks(late.messages(), '0-0')).toEqual([]);
});
