import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import type { ChatChunk } from '#shared/protocol.ts';
import { mergeDeltas } from '../../live/merge-deltas.ts';
import { openSqliteStore, type SqliteStore } from '../../store/sqlite/open-sqlite-store.ts';
import type { LogMessage } from '../../store/entries/encode-message.ts';
import { toFrame } from '../../store/read-session.ts';
import type { AppendAnswer, AppendInput, Lease, SessionStore } from '../../store/session-store.ts';
import { StoreError } from '../../store/store-error.ts';
import { FatalError, RunStopped, type StopReason } from '../errors.ts';
import { createLogWriter, type LogWriterOptions } from './log-writer.ts';
import { MAX_RUN_ENTRIES } from './reply-budget.ts';
import { withFaults, type Fault } from '../testing/faulty-store.ts';

let store: SqliteStore;
let sessionId: string;
let lease: Lease;
let stop: AbortController;
let stops: StopReason[];

beforeEach(async () => {
  store = openSqliteStore({ path: ':memory:', ttlMs: 60_000 });
  sessionId = newId();
  stop = new AbortController();
  stops = [];
  const entry = {
    type: 'message',
    message: { id: 'm', role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
    runId: 'r',
  };
  await store.submit(sessionId, { messageId: 'm', hash: 'h', runId: 'r', entries: [JSON.stringify(entry)] });
  lease = await claim();
});
afterEach(() => store.close());

async function claim(): Promise<Lease> {
  const answer = await store.claim(sessionId, {
    token: newId(),
    owner: 'test',
    leaseMs: 60_000,
    maxAttempts: 3,
    takeover: { kind: 'restart' },
  });
  if (answer.kind !== 'lease') throw new Error(answer.kind);
  return answer.lease;
}

function openWriter(over: Partial<LogWriterOptions> = {}) {
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  return createLogWriter({
    store,
    sessionId,
    fence: lease.fence,
    first: lease.next,
    used: { bytes: 0, entries: 0 },
    giveUpMs: 5000,
    batchMs: 0,
    signal: stop.signal,
    onStop: (reason) => {
      stops.push(reason);
      stop.abort(new RunStopped(reason));
    },
    logger: silent,
    logFields: {},
    ...over,
  });
}

const chunk = (value: ChatChunk): LogMessage => ({ type: 'chunk', runId: 'r', chunk: value });
const delta = (text: string, id = '1') => chunk({ type: 'text-delta', id, delta: text });
const completed: LogMessage = { type: 'metadata', status: 'completed', runId: 'r', messageId: 'r', attempt: 1 };

/** Entries written under the lease, without the claim's own entry. */
async function written(): Promise<{ seq: string | undefined; chunk: unknown }[]> {
  const answer = await store.read(sessionId, { after: lease.head, limit: 100_000 });
  if (answer.kind !== 'exact') throw new Error(answer.kind);
  return answer.entries.map((entry) => {
    const { message } = toFrame(entry);
    return { seq: entry.id.split('-')[1], chunk: message.type === 'chunk' ? message.chunk : message.type };
  });
}

async function writtenText(): Promise<string> {
  return (await written()).map(({ chunk }) => (chunk as { delta?: string }).delta ?? '').join('');
}

describe('the log writer', () => {
  test('writes what is emitted in one tick in one append, adjacent deltas of one part in one entry', async () => {
    const seen = withFaults(store, () => 'none');
    const writer = openWriter({ store: seen });
    await writer.emit(chunk({ type: 'text-start', id: '1' }));
    for (const text of ['a', 'b', 'c']) await writer.emit(delta(text));
    await writer.emit(delta('x', '2'));
    await writer.emit(chunk({ type: 'reasoning-delta', id: '2', delta: 'y' }));
    await writer.emit(chunk({ type: 'text-delta', id: '2', delta: 'z', providerMetadata: { p: { q: 1 } } }));
    await writer.emit(chunk({ type: 'text-delta', id: '2', delta: '!' }));
    await writer.flush();

    expect(seen.writes).toHaveLength(1);
    expect(await written()).toEqual([
      { seq: '1', chunk: { type: 'text-start', id: '1' } },
      { seq: '2', chunk: { type: 'text-delta', id: '1', delta: 'abc' } },
      { seq: '3', chunk: { type: 'text-delta', id: '2', delta: 'x' } },
      { seq: '4', chunk: { type: 'reasoning-delta', id: '2', delta: 'y' } },
      { seq: '5', chunk: { type: 'text-delta', id: '2', delta: 'z', providerMetadata: { p: { q: 1 } } } },
      { seq: '6', chunk: { type: 'text-delta', id: '2', delta: '!' } },
    ]);
  });

  test('flushes by itself, one append at a time, and gathers what is emitted meanwhile', async () => {
    let underWay = 0;
    let most = 0;
    const gate = Promise.withResolvers<void>();
    const slow: Pick<SessionStore, 'append' | 'finish'> = {
      finish: store.finish,
      async append(...args) {
        most = Math.max(most, (underWay += 1));
        await gate.promise;
        const answer = await store.append(...args);
        underWay -= 1;
        return answer;
      },
    };
    const writer = openWriter({ store: slow });
    for (let i = 0; i < 20; i += 1) {
      await writer.emit(delta(`${i} `));
      // The first append is under way; each of the others is emitted in a tick of its own.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(underWay).toBe(1);
    gate.resolve();
    await vi.waitFor(async () =>
      expect(await writtenText()).toBe(Array.from({ length: 20 }, (_, i) => `${i} `).join('')),
    );
    expect(most).toBe(1);
    expect(await written()).toHaveLength(2);
  });

  test('writes deltas in the form that viewers merge', async () => {
    const writer = openWriter();
    await writer.emit(delta('a "quoted" \u2028 word'));
    await writer.flush();
    await writer.emit(delta('.'));
    await writer.flush();
    const answer = await store.read(sessionId, { after: lease.head, limit: 10 });
    expect(answer.kind === 'exact' && mergeDeltas(answer.entries)).toHaveLength(1);
  });

  test('writes the result of a step in one append with the messages that end it', async () => {
    const seen = withFaults(store, () => 'none');
    const writer = openWriter({ store: seen });
    await writer.emit(delta('before'));
    await writer.endStep([chunk({ type: 'finish-step' })], { name: 'turn', result: '42', turns: 1 });
    expect(seen.writes.at(-1)?.input.step).toEqual({ name: 'turn', result: '42', turns: 1 });
    expect(seen.writes.at(-1)?.input.entries.at(-1)).toContain('finish-step');
    await store.release(sessionId, { fence: lease.fence, delayMs: 0, as: 'hand-over' });
    expect(await claim()).toMatchObject({ journal: { turn: '42' }, turns: 1 });
  });

  test('ends concurrent steps, each with its own record', async () => {
    const writer = openWriter();
    await Promise.all(
      ['a', 'b', 'c'].map((name) => writer.endStep([delta(name, name)], { name, result: `"${name}"` })),
    );
    await store.release(sessionId, { fence: lease.fence, delayMs: 0, as: 'hand-over' });
    expect((await claim()).journal).toEqual({ a: '"a"', b: '"b"', c: '"c"' });
  });

  test('closes the run with its last messages', async () => {
    const writer = openWriter();
    await writer.emit(delta('bye'));
    expect(writer.finished).toBe(false);
    await writer.finish([completed]);
    expect(writer.finished).toBe(true);
    expect(await store.head(sessionId)).toMatchObject({ run: null });
    expect((await written()).at(-1)).toMatchObject({ chunk: 'metadata' });
  });

  test('cuts a large flush into appends of a bounded size, and keeps the end of a step whole', async () => {
    const seen = withFaults(store, () => 'none');
    const writer = openWriter({ store: seen });
    const text = 'x'.repeat(50_000);
    for (let i = 0; i < 10; i += 1) await writer.emit(delta(text, String(i)));
    await writer.endStep([delta('end', 'z'), chunk({ type: 'finish-step' })], { name: 's', result: 'null' });
    expect(seen.writes.length).toBeGreaterThan(1);
    for (const { input } of seen.writes) expect(input.entries.join('').length).toBeLessThan(300_000);
    expect(seen.writes.filter(({ input }) => input.step)).toHaveLength(1);
    expect(seen.writes.at(-1)?.input.entries.slice(-2).join('')).toMatch(/"end".*finish-step/);
    expect((await writtenText()).length).toBe(500_003);
  });
});

describe('the log writer and a store that fails', () => {
  test.each<Fault>(['lost-before', 'lost-after'])(
    'sends the same numbered entries again (%s), and each lands once',
    async (how) => {
      const faulty = withFaults(store, (write) => (write % 3 === 0 ? 'none' : how));
      const writer = openWriter({ store: faulty });
      for (let i = 0; i < 5; i += 1) {
        await writer.emit(delta(`${i} `));
        await writer.flush();
      }
      await writer.endStep([chunk({ type: 'finish-step' })], { name: 's', result: '1' });
      await writer.finish([completed]);

      expect(await writtenText()).toBe('0 1 2 3 4 ');
      expect((await written()).map(({ seq }) => Number(seq))).toEqual([1, 2, 3, 4, 5, 6, 7]);
      const bySeq = new Map<number, string>();
      for (const { input } of faulty.writes) {
        const text = JSON.stringify(input);
        expect(bySeq.get(input.seq) ?? text).toBe(text);
        bySeq.set(input.seq, text);
      }
      expect(stops).toEqual([]);
    },
  );

  test('writes again what a failover has lost, from where the store says, records of steps included', async () => {
    const kept: string[] = [];
    const steps: string[] = [];
    let next = 1;
    /** A store that loses its newest entries in a failover. */
    const forgetful: Pick<SessionStore, 'append' | 'finish'> = {
      finish: () => Promise.reject(new Error('unused')),
      async append(_, { seq, entries, step }: AppendInput): Promise<AppendAnswer> {
        if (seq > next) return { kind: 'gap', next };
        const fresh = entries.slice(next - seq);
        kept.push(...fresh);
        if (step) steps.push(step.name);
        next += fresh.length;
        return { kind: 'ok', next };
      },
    };
    const writer = openWriter({ store: forgetful });
    for (const text of ['a', 'b']) {
      await writer.emit(delta(text));
      await writer.flush();
    }
    await writer.endStep([chunk({ type: 'finish-step' })], { name: 'turn', result: '1' });
    expect(kept).toHaveLength(3);
    kept.length = 1;
    steps.length = 0;
    next = 2;
    await writer.emit(delta('c'));
    await writer.flush();

    expect(kept.map((entry) => (JSON.parse(entry) as { chunk: { delta?: string } }).chunk.delta)).toEqual([
      'a',
      'b',
      undefined,
      'c',
    ]);
    expect(steps).toEqual(['turn']);
    expect(stops).toEqual([]);
  });

  test('gives up when entries are missing that are not its own', async () => {
    const writer = openWriter({ store: { ...store, append: async () => ({ kind: 'gap', next: 0 }) } });
    await writer.emit(delta('a'));
    await expect(writer.flush()).rejects.toThrow(RunStopped);
    expect(stops).toEqual(['lost']);
  });

  test('gives up on a store that stays away', async () => {
    const away = () => Promise.reject(new StoreError('store-unavailable', 'away'));
    const writer = openWriter({ store: { append: away, finish: away }, giveUpMs: 150 });
    await writer.emit(delta('a'));
    await expect(writer.flush()).rejects.toMatchObject({ reason: 'store-away' });
    expect(stops).toEqual(['store-away']);
  });

  test('gives up on a store that never answers', async () => {
    const silent = () => new Promise<never>(() => {});
    const writer = openWriter({ store: { append: silent, finish: silent }, giveUpMs: 150 });
    await expect(writer.endStep([delta('a')], { name: 's', result: '1' })).rejects.toMatchObject({
      reason: 'store-away',
    });
    expect(stops).toEqual(['store-away']);
  });

  test('applies backpressure: emit waits while a megabyte waits to be stored', async () => {
    const gate = Promise.withResolvers<void>();
    const gated: Pick<SessionStore, 'append' | 'finish'> = {
      finish: store.finish,
      async append(...args) {
        await gate.promise;
        return await store.append(...args);
      },
    };
    const writer = openWriter({ store: gated });
    let emitted = 0;
    const emitting = (async () => {
      for (let i = 0; i < 30; i += 1) {
        await writer.emit(delta('x'.repeat(100_000), String(i)));
        emitted += 1;
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(emitted).toBeGreaterThanOrEqual(9);
    expect(emitted).toBeLessThan(13);
    gate.resolve();
    await emitting;
    await writer.flush();
    expect((await writtenText()).length).toBe(3_000_000);
  });
});

describe('the log writer that may not write any more', () => {
  test('stops the run when the fence was raised, and writes no more', async () => {
    const writer = openWriter();
    await writer.emit(delta('kept'));
    await writer.flush();
    await store.cancel(sessionId, { token: newId() });
    const before = await written();
    await writer.emit(delta('late'));
    await expect(writer.flush()).rejects.toThrow(RunStopped);
    await expect(writer.emit(delta('later'))).rejects.toThrow(RunStopped);
    await expect(writer.finish([completed])).rejects.toThrow(RunStopped);
    expect(stops).toEqual(['lost']);
    expect(await written()).toEqual(before);
  });

  test('stops the run when another relay has claimed it', async () => {
    const writer = openWriter();
    await store.release(sessionId, { fence: lease.fence, as: 'retry', delayMs: 0 });
    await claim();
    await writer.emit(delta('late'));
    await expect(writer.flush()).rejects.toThrow(RunStopped);
    expect(stops).toEqual(['lost']);
    expect((await written()).map(({ chunk }) => chunk)).toEqual(['metadata']);
  });

  test('rejects what is pending when the run is stopped from outside', async () => {
    const writer = openWriter({ store: { append: () => new Promise<never>(() => {}), finish: store.finish } });
    const ending = writer.endStep([delta('a')], { name: 's', result: '1' });
    stop.abort(new RunStopped('closing'));
    await expect(ending).rejects.toMatchObject({ reason: 'closing' });
  });

  test('refuses more than a reply may take of the log', async () => {
    const writer = openWriter({ used: { bytes: 0, entries: MAX_RUN_ENTRIES - 1 } });
    await writer.emit(delta('last'));
    await expect(writer.emit(delta('more', '2'))).rejects.toThrow(FatalError);
    const full = openWriter({ used: { bytes: 8 * 1024 * 1024 - 100, entries: 0 } });
    await expect(full.endStep([delta('x'.repeat(200))], { name: 's', result: '1' })).rejects.toThrow(FatalError);
    // The end of the run always fits.
    await full.finish([completed]);
  });

  test('refuses a message that is larger than the room left, keeps what came before, and logs that once', async () => {
    const lines: string[] = [];
    const silent = { debug() {}, info() {}, error() {} };
    const writer = openWriter({ logger: { ...silent, warn: (_, message) => void lines.push(message) } });
    await writer.emit(delta('kept'));
    for (let i = 0; i < 2; i += 1)
      await expect(writer.emit(delta('x'.repeat(9 * 1024 * 1024)))).rejects.toThrow(FatalError);
    await writer.finish([completed]);
    expect((await written()).map(({ chunk }) => chunk)).toEqual([
      { type: 'text-delta', id: '1', delta: 'kept' },
      'metadata',
    ]);
    expect(lines).toEqual([
      'The answer takes more of the log than one answer may (8388608 bytes, 100000 entries): the run fails',
    ]);
  });

  test('accepts one large message', async () => {
    const writer = openWriter();
    const text = 'x'.repeat(6 * 1024 * 1024);
    await writer.emit(delta(text));
    await writer.finish([completed]);
    expect((await writtenText()).length).toBe(text.length);
  });
});

describe('what a reply may take of the log', () => {
  /** A store whose appends are held until the gate opens. */
  function gatedStore() {
    const gate = Promise.withResolvers<void>();
    const held: Pick<SessionStore, 'append' | 'finish'> = {
      finish: store.finish,
      async append(...args) {
        await gate.promise;
        return await store.append(...args);
      },
    };
    return { store: held, open: gate.resolve };
  }

  const big = (bytes: number) => chunk({ type: 'data-big', data: 'x'.repeat(bytes) });

  test('counts bytes once while their append is under way: two tools side by side may use all of it', async () => {
    const gated = gatedStore();
    const writer = openWriter({ store: gated.store });
    const first = writer.endStep([big(4_300_000)], { name: 'a', result: '1' });
    const second = writer.endStep([big(10)], { name: 'b', result: '2' });
    const third = writer.endStep([big(3_900_000)], { name: 'c', result: '3' });
    await expect(writer.endStep([big(300_000)], { name: 'd', result: '4' })).rejects.toThrow(FatalError);
    gated.open();
    await Promise.all([first, second, third]);
    await expect(writer.emit(big(300_000))).rejects.toThrow(FatalError);
    await writer.emit(big(10));
    await writer.flush();
  });

  test('an emit that is awaited is not refused, however much of another step is under way', async () => {
    const gated = gatedStore();
    const writer = openWriter({ store: gated.store });
    const tool = writer.endStep([big(5_000_000)], { name: 'a', result: '1' });
    const word = writer.emit(delta('word'));
    gated.open();
    await word;
    await tool;
    await writer.flush();
    expect(await writtenText()).toBe('word');
  });

  test('emits that are not awaited are refused once too many of them wait', async () => {
    const gated = gatedStore();
    const writer = openWriter({ store: gated.store });
    await writer.emit(big(1_000_000));
    const emits = [writer.emit(big(100_000))];
    for (let index = 0; index < 2000; index += 1) emits.push(writer.emit(delta(`${index} `)));
    const refused = Promise.allSettled(emits);
    gated.open();
    const answers = await refused;
    expect(answers[0]?.status).toBe('fulfilled');
    expect(answers.at(-1)).toMatchObject({ status: 'rejected', reason: { message: expect.stringContaining('await') } });
  });
});
