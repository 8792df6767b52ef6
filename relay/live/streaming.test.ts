import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { MintAnswer } from '#shared/protocol.ts';
import type { ReadInput } from '../store/session-store.ts';
import { bearer, openRelayStage, TTL_MS, type RelayStage } from '../testing/relay-stage.ts';
import { brokenLinks, openStream, type StreamReader } from '../testing/stream-reader.ts';

vi.setConfig({ testTimeout: 30_000 });

let stage: RelayStage;
let origin: string;
let session: MintAnswer;
const open: StreamReader[] = [];

beforeEach(async () => {
  await begin();
});
afterEach(async () => {
  for (const stream of open.splice(0)) await stream.leave();
  await stage.close();
});

async function begin(options: Parameters<typeof openRelayStage>[0] = {}): Promise<void> {
  const streams = { perSession: 0, perAddress: 0, total: 0 };
  stage = openRelayStage({ timing: { activePollMs: 250, idlePollMs: 250 }, limits: { streams }, ...options });
  origin = await stage.listen();
  session = await stage.mint();
}

async function follow(query = '', headers: Record<string, string> = {}): Promise<StreamReader> {
  const url = `${origin}/api/check-stream?sessionId=${session.sessionId}${query}`;
  const stream = await openStream(url, { ...bearer(session.token), ...headers });
  open.push(stream);
  return stream;
}

it('sends a snapshot first, then the active run, then a ping, then what is written', async () => {
  await stage.prompt(session, 'Hello?');
  const pen = await stage.write(session.sessionId);
  await pen.text('Good ', 'morning');
  const stream = await follow();
  await stream.caughtUp();
  expect(stream.events.map(({ event, data }) => (event === 'message' ? data.type : event))).toEqual([
    'snapshot',
    'message',
    'metadata',
    'chunk',
    'chunk',
    'ping',
  ]);
  await pen.text('!');
  await pen.finish();
  await stream.next('the terminal', ({ data }) => data.type === 'metadata' && data.status === 'completed');
  expect(stream.text()).toBe('Good morning!');
  expect(brokenLinks(stream.messages())).toEqual([]);
});

it('has the headers that keep proxies from buffering it', async () => {
  await stage.prompt(session);
  const { response } = await follow();
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(response.headers.get('cache-control')).toBe('no-cache, no-transform');
  expect(response.headers.get('x-accel-buffering')).toBe('no');
});

it('resumes exactly after every cursor, of the active run and of the last finished one', async () => {
  await stage.prompt(session, 'First');
  const first = await stage.write(session.sessionId);
  await first.text('a', 'b', 'c');
  await first.finish();
  await stage.prompt(session, 'Second');
  const second = await stage.write(session.sessionId);
  await second.text('d', 'e');
  await second.text('f');

  const answer = await stage.store.read(session.sessionId, { after: '0-0', limit: 1000 });
  if (answer.kind !== 'exact') throw new Error(answer.kind);
  for (const cursor of ['0-0', ...answer.entries.map(({ id }) => id)]) {
    const stream = await follow('', { 'last-event-id': cursor });
    await stream.caughtUp();
    expect(brokenLinks(stream.messages(), cursor)).toEqual([]);
    expect(stream.messages().at(-1)?.id ?? cursor).toBe(answer.head);
    await stream.leave();
  }
});

it('prefers Last-Event-ID to the cursor in the URL: a browser that reconnects sends both', async () => {
  await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  await pen.text('Good ', 'morning');
  const head = await stage.store.head(session.sessionId);
  if (head.kind !== 'open') throw new Error(head.kind);
  const stream = await follow('&after=0-0', { 'last-event-id': head.head });
  await stream.caughtUp();
  expect(stream.messages()).toEqual([]);
});

it('treats a cursor that nothing follows like no cursor', async () => {
  await stage.prompt(session);
  for (const cursor of ['1-1', '9007199254740991-0', '9007199254740991-9007199254740991']) {
    const stream = await follow(`&after=${cursor}`);
    await stream.caughtUp();
    expect(stream.messages()[0]?.data.type).toBe('snapshot');
    await stream.leave();
  }
});

it('folds finished runs into the snapshot, sealed or not', async () => {
  await stage.prompt(session, 'First');
  const first = await stage.write(session.sessionId);
  await first.text('An answer');
  await first.finish();
  await stage.prompt(session, 'Second');
  const stream = await follow();
  await stream.caughtUp();
  const [snapshot, ...rest] = stream.messages();
  expect(snapshot?.data).toMatchObject({
    messages: [{ role: 'user' }, { role: 'assistant', parts: [{ text: 'An answer' }] }],
  });
  expect(rest.map(({ data }) => data.type)).toEqual(['message']);
  expect(brokenLinks(stream.messages())).toEqual([]);
});

it('joins the live stream without a gap or a repetition at any moment', async () => {
  await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  const streams: Promise<StreamReader>[] = [];
  let whole = '';
  for (let i = 0; i < 120; i += 1) {
    whole += `${i} `;
    await pen.text(`${i} `);
    if (i % 4 === 0) streams.push(follow(i % 8 === 0 ? '' : '&after=0-0'));
    if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await pen.finish();
  for (const stream of await Promise.all(streams)) {
    await stream.next('the terminal', ({ data }) => data.type === 'metadata' && data.status === 'completed');
    expect(stream.text()).toBe(whole);
    expect(brokenLinks(stream.messages(), '0-0')).toEqual([]);
    await stream.leave();
  }
});

it('replays a long reply from any cursor, from the store and from the cache, each entry once', async () => {
  await stage.close();
  const reads: ReadInput[] = [];
  await begin({
    wrapStore: (store) => ({
      ...store,
      read: (sessionId, input) => (reads.push(input), store.read(sessionId, input)),
    }),
  });
  await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  // 640,000 characters: two full reads, which are cached, and a part.
  const deltas = Array.from({ length: 2500 }, (_, i) => `${i},`.padEnd(256, 'x'));
  for (let i = 0; i < deltas.length; i += 100) await pen.text(...deltas.slice(i, i + 100));
  const head = await stage.store.head(session.sessionId);
  if (head.kind !== 'open') throw new Error(head.kind);
  const own = head.head.split('-')[0];
  // Entry 0 says that the run has started, entry 1 that its text does: delta i is entry i + 2.
  const check = async (query: string, after: string | undefined, text: string) => {
    const stream = await follow(query);
    await stream.caughtUp();
    expect(stream.text() === text, `all text ${query}`).toBe(true);
    expect(brokenLinks(stream.messages(), after)).toEqual([]);
    return stream;
  };
  // The first fills the cache; the others start from cached frames or run into them.
  const open = [await check('&after=0-0', '0-0', deltas.join(''))];
  const borders = reads.flatMap(({ after }) =>
    after === undefined || after === '0-0' ? [] : [Number(after.split('-')[1])],
  );
  expect(borders.length).toBeGreaterThan(1);
  reads.length = 0;
  open.push(await check('&after=0-0', '0-0', deltas.join('')));
  expect(reads, 'one entry to see the log, and the part that is not full').toEqual([
    { after: '0-0', limit: 1 },
    expect.objectContaining({ after: `${own}-${borders.at(-1)}` }),
  ]);
  for (const entry of [1, 2, 3, ...borders.flatMap((border) => [border - 1, border, border + 1]), 2500, 2501]) {
    const after = `${own}-${entry}`;
    open.push(await check(`&after=${after}`, after, deltas.slice(entry - 1).join('')));
  }
  open.push(await check('&after=0-0&until=idle', '0-0', deltas.join('')));
  await pen.text('the end');
  await pen.finish();
  for (const stream of open) {
    await stream.next('the terminal', ({ data }) => data.type === 'metadata' && data.status === 'completed');
    expect(stream.text().slice(-7)).toBe('the end');
    await stream.leave();
  }
  const late = await follow(`&after=${own}-1&until=idle`);
  await late.ended();
  expect(late.text() === `${deltas.join('')}the end`).toBe(true);
  expect(brokenLinks(late.messages(), `${own}-1`)).toEqual([]);
});

it('keeps nothing of a session that is deleted', async () => {
  await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  for (let i = 0; i < 20; i += 1) await pen.text('x'.repeat(30_000));
  await (await follow('&after=0-0')).caughtUp();
  const stream = await follow('&after=0-0');
  await stream.caughtUp();
  await stage.request(`/api/sessions/${session.sessionId}`, { method: 'DELETE', headers: bearer(session.token) });
  await stream.ended();
  const refused = await fetch(stream.response.url, { headers: bearer(session.token) });
  expect(refused.status).toBe(410);
});

it('ends until=idle right after the terminal message of the run that was active', async () => {
  const runId = await stage.prompt(session);
  const stream = await follow('&until=idle');
  const pen = await stage.write(session.sessionId);
  await pen.text('Good morning');
  await pen.finish();
  await stage.prompt(session, 'Another');
  await stream.ended();
  expect(stream.messages().at(-1)?.data).toMatchObject({ type: 'metadata', status: 'completed', runId });
  expect(stream.events.some(({ event }) => event === 'bye')).toBe(false);
});

it('passes the end of an earlier run with until=idle, and ends with the active run', async () => {
  const first = await stage.prompt(session, 'First');
  const early = await stage.write(session.sessionId);
  await early.text('a', 'b');
  const within = await stage.store.head(session.sessionId);
  if (within.kind !== 'open') throw new Error(within.kind);
  await early.text('c');
  await early.finish();
  const second = await stage.prompt(session, 'Second');
  const late = await stage.write(session.sessionId);
  await late.text('d');
  const stream = await follow(`&after=${within.head}&until=idle`);
  await stream.caughtUp();
  await late.text('e');
  await late.finish();
  await stream.ended();
  expect(stream.text()).toBe('cde');
  const ends = stream
    .messages()
    .flatMap(({ data }) => (data.type === 'metadata' && data.status === 'completed' ? [data.runId] : []));
  expect(ends).toEqual([first, second]);
  expect(brokenLinks(stream.messages(), within.head)).toEqual([]);
});

it('ends until=idle with the run that was active at the request, even if the next began during the replay', async () => {
  await stage.close();
  let meanwhile = async () => {};
  await begin({
    wrapStore: (store) => ({
      ...store,
      async read(...args) {
        const answer = await store.read(...args);
        const act = meanwhile;
        meanwhile = async () => {};
        await act();
        return answer;
      },
    }),
  });
  const runId = await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  await pen.text('Good ');
  meanwhile = async () => {
    await pen.text('morning');
    await pen.finish();
    await stage.prompt(session, 'Another');
  };
  const stream = await follow('&after=0-0&until=idle');
  await stream.ended();
  expect(stream.text()).toBe('Good morning');
  expect(stream.events.at(-1)?.data).toMatchObject({ type: 'metadata', status: 'completed', runId });
  expect(brokenLinks(stream.messages(), '0-0')).toEqual([]);
});

it('ends until=idle after the replay when no run is active', async () => {
  await stage.prompt(session);
  await (await stage.write(session.sessionId)).finish();
  const stream = await follow('&until=idle');
  await stream.ended();
  expect(stream.messages().at(-1)?.data.type).toBe('snapshot');
  expect(stream.events.at(-1)?.event).toBe('ping');
});

it('sends bye gone and ends when the session is deleted', async () => {
  await stage.prompt(session);
  const stream = await follow();
  await stream.caughtUp();
  await stage.request(`/api/sessions/${session.sessionId}`, { method: 'DELETE', headers: bearer(session.token) });
  await stream.ended();
  expect(stream.events.at(-1)).toMatchObject({ event: 'bye', data: { reason: 'gone', retryAfterMs: 0 } });
});

it('sends bye gone when the session expires', async () => {
  await stage.prompt(session);
  await (await stage.write(session.sessionId)).finish();
  const stream = await follow();
  await stream.caughtUp();
  stage.clock.now += TTL_MS + 1;
  await stream.ended();
  expect(stream.events.at(-1)).toMatchObject({ event: 'bye', data: { reason: 'gone' } });
});

it('pings live viewers', async () => {
  await stage.close();
  await begin({ timing: { pingMs: 250 } });
  await stage.prompt(session);
  const stream = await follow();
  await stream.caughtUp();
  await expect.poll(() => stream.events.filter(({ event }) => event === 'ping').length).toBeGreaterThan(2);
  expect(stream.events.at(-1)).toMatchObject({ event: 'ping', id: undefined, data: {} });
});

it('counts no stream once all viewers have left', async () => {
  await stage.prompt(session);
  const streams = [await follow(), await follow()];
  for (const stream of streams) await stream.caughtUp();
  expect(stage.relay.streams).toBe(2);
  for (const stream of streams) await stream.leave();
  await expect.poll(() => stage.relay.streams).toBe(0);
});

it('sends bye shutdown with a delay when the relay drains, and refuses new streams', async () => {
  await stage.prompt(session);
  const stream = await follow();
  await stream.caughtUp();
  await stage.relay.drain();
  await stream.ended();
  const bye = stream.events.at(-1);
  expect(bye).toMatchObject({ event: 'bye', data: { reason: 'shutdown' } });
  expect(bye?.data.retryAfterMs).toBeLessThanOrEqual(3000);
  const refused = await fetch(stream.response.url, { headers: bearer(session.token) });
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.json()).toMatchObject({ code: 'draining' });
});

it('works as a plain fetch handler too', async () => {
  await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  const stream = await openStream(
    `/api/check-stream?sessionId=${session.sessionId}&until=idle`,
    bearer(session.token),
    (path, init) => stage.request(path, init),
  );
  await stream.caughtUp();
  await pen.text('Good morning');
  await pen.finish();
  await stream.ended();
  expect(stream.text()).toBe('Good morning');
  expect(stage.relay.streams).toBe(0);
});
