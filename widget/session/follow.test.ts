import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Problem } from '#shared/problem.ts';
import { createProblem } from '#shared/problem.ts';
import type { Frame } from '#shared/protocol.ts';
import { SILENCE_MS } from './connection.ts';
import { createFollow, type Follow } from './follow.ts';
import type { IncomingFrame } from './read-events.ts';
import type { StreamEnd, StreamReader } from './transport.ts';

/** One connection that the follower has asked for, in the test's hand. */
interface Attempt {
  after: string | null;
  reader: StreamReader;
  signal: AbortSignal;
  end(end?: StreamEnd): void;
}

interface Bench {
  follow: Follow;
  attempts: Attempt[];
  frames: Frame[];
  over: (Problem | null)[];
}

let bench: Bench;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1);
  const attempts: Attempt[] = [];
  const frames: Frame[] = [];
  const over: (Problem | null)[] = [];
  const follow = createFollow({
    open: (after, reader, signal) =>
      new Promise((resolve) => {
        const end = (how: StreamEnd = { kind: 'lost' }): void => resolve(how);
        signal.addEventListener('abort', () => end());
        attempts.push({ after, reader, signal, end });
      }),
    onFrame: (frame) => frames.push(frame),
    onPing: () => {},
    onChange: () => {},
    onAlive: () => {},
    onOver: (problem) => over.push(problem),
  });
  bench = { follow, attempts, frames, over };
  follow.resume();
});
afterEach(async () => {
  bench.follow.suspend();
  await pass(0);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const last = (): Attempt => bench.attempts.at(-1) as Attempt;

/** A frame as a line brings it; answers whether the follower wants more. */
function bring(id: string, place: { prev?: string; from?: string } = {}, message?: IncomingFrame['message']): boolean {
  const chunk: IncomingFrame['message'] = {
    type: 'chunk',
    runId: 'run',
    chunk: { type: 'text-delta', id: '1', delta: id },
  };
  const frame = { id, from: place.from, prev: place.prev, message: message === undefined ? chunk : message };
  const { reader, end } = last();
  const goesOn = reader.event({ type: 'frame', frame });
  if (!goesOn) end({ kind: 'stopped' });
  return goesOn;
}
const snapshot = { type: 'snapshot' as const, sessionId: 's', messages: [] };
const ids = (): string[] => bench.frames.map(({ id }) => id);

describe('which messages are delivered', () => {
  it('those that follow, each once, and the cursor goes with them', async () => {
    expect(bring('5-0', { prev: '0-0' })).toBe(true);
    expect(bring('5-1')).toBe(true);
    expect(bring('5-4', { from: '5-2' })).toBe(true);
    expect(bring('9-0', { prev: '5-4' })).toBe(true);
    expect(ids()).toEqual(['5-0', '5-1', '5-4', '9-0']);
    expect(bench.follow.cursor).toBe('9-0');
    last().end();
    await pass(300);
    expect(last().after).toBe('9-0');
  });

  it('not those that came before', () => {
    bring('5-3', {}, snapshot);
    for (const id of ['5-3', '5-2', '4-77', '0-1']) expect(bring(id)).toBe(true);
    expect(bring('5-0', { prev: '4-77' })).toBe(true);
    expect(ids()).toEqual(['5-3']);
    expect(bench.follow.cursor).toBe('5-3');
  });

  it.each([
    ['a gap', '5-5', {}],
    ['a merged frame that begins too early', '5-5', { from: '5-3' }],
    ['a merged frame that begins too late', '5-6', { from: '5-5' }],
    ['another fence without its beginning', '9-1', {}],
    ['another fence that comes after something else', '9-0', { prev: '5-4' }],
    ['another fence that does not say what it comes after', '9-0', {}],
  ])('none after %s: it asks again from where it is', async (_, id, place) => {
    bring('5-3', {}, snapshot);
    expect(bring(id, place)).toBe(false);
    expect(ids()).toEqual(['5-3']);
    await pass(600);
    expect(bench.attempts).toHaveLength(2);
    expect(last().after).toBe('5-3');
  });

  it('a snapshot always, whatever its place', () => {
    bring('5-3', {}, snapshot);
    bring('5-3', {}, snapshot);
    expect(bring('2-1', {}, snapshot)).toBe(true);
    expect(bench.follow.cursor).toBe('2-1');
    expect(bring('5-0', { prev: '2-1' })).toBe(true);
    expect(ids()).toEqual(['5-3', '5-3', '2-1', '5-0']);
  });

  it('none of an unknown type, but their place counts', () => {
    bring('5-0', { prev: '0-0' });
    expect(bring('5-1', {}, null)).toBe(true);
    expect(bring('5-2')).toBe(true);
    expect(ids()).toEqual(['5-0', '5-2']);
  });

  it('a relay that never sends what follows is asked less and less often', async () => {
    bring('5-3', {}, snapshot);
    for (const wait of [600, 1_200, 2_000]) {
      expect(bring('5-5')).toBe(false);
      await pass(wait - 1);
      const before = bench.attempts.length;
      await pass(1);
      expect(bench.attempts).toHaveLength(before + 1);
    }
  });
});

describe('a line that ends', () => {
  it('is made anew after at most 0.3 s when it brought something, 0.6 s when not, and ever later', async () => {
    bring('5-0', { prev: '0-0' });
    last().end();
    await pass(300);
    expect(bench.attempts).toHaveLength(2);
    let all = 2;
    for (const wait of [
      600, 1_200, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 4_000, 8_000, 15_000, 15_000,
    ]) {
      last().end();
      await pass(wait - 1);
      expect(bench.attempts).toHaveLength(all);
      await pass(1);
      expect(bench.attempts).toHaveLength(++all);
    }
    bring('5-1');
    last().end();
    await pass(300);
    expect(bench.attempts).toHaveLength(all + 1);
  });

  it('counts as a good one when it has lived for a while', async () => {
    for (let round = 1; round < 4; round++) {
      last().reader.opened();
      await pass(5_000);
      last().end();
      await pass(300);
      expect(bench.attempts).toHaveLength(round + 1);
      expect(bench.follow.line.failures).toBe(0);
    }
  });

  it('is made anew at once when hurried, but not before the relay wants it', async () => {
    last().end();
    await pass(1);
    bench.follow.hurry();
    await pass(0);
    expect(bench.attempts).toHaveLength(2);

    last().end({ kind: 'refused', problem: createProblem('overloaded', { retryAfterMs: 5_000 }) });
    await pass(1_000);
    expect(bench.follow.line).toMatchObject({ phase: 'waiting', problem: { code: 'overloaded' } });
    bench.follow.hurry();
    await pass(3_999);
    expect(bench.attempts).toHaveLength(2);
    await pass(1);
    expect(bench.attempts).toHaveLength(3);
  });

  it('waits as long as a goodbye asks for', async () => {
    last().reader.opened();
    const goesOn = last().reader.event({ type: 'bye', reason: 'shutdown', retryAfterMs: 2_000 });
    expect(goesOn).toBe(false);
    last().end({ kind: 'stopped' });
    await pass(1_999);
    expect(bench.attempts).toHaveLength(1);
    await pass(1 + 600);
    expect(bench.attempts).toHaveLength(2);
  });
});

describe('a silent line', () => {
  it('is dead after 45 s without a byte', async () => {
    last().reader.opened();
    bring('5-0', { prev: '0-0' });
    for (let i = 0; i < 10; i++) {
      await pass(15_000);
      last().reader.alive();
    }
    expect(bench.attempts).toHaveLength(1);
    await pass(SILENCE_MS - 1);
    expect(last().signal.aborted).toBe(false);
    await pass(5_001);
    expect(bench.attempts[0]?.signal.aborted).toBe(true);
    expect(bench.attempts).toHaveLength(2);
    expect(last().after).toBe('5-0');
  });

  it('is dead no later when the clock is set back', async () => {
    last().reader.opened();
    vi.setSystemTime(Date.now() - 3_600_000);
    await pass(SILENCE_MS);
    expect(bench.attempts[0]?.signal.aborted).toBe(true);
    last().reader.opened();
    vi.setSystemTime(Date.now() - 3_600_000);
    bench.follow.hurry();
    expect(bench.attempts[1]?.signal.aborted).toBe(true);
  });

  it('is not trusted when hurried after 20 s of silence; one that spoke lately is, unless told otherwise', async () => {
    last().reader.opened();
    bring('5-0', { prev: '0-0' });
    await pass(19_000);
    bench.follow.hurry();
    await pass(0);
    expect(bench.attempts).toHaveLength(1);
    await pass(2_000);
    bench.follow.hurry();
    await pass(0);
    expect(bench.attempts).toHaveLength(2);
    last().reader.opened();
    last().reader.alive();
    bench.follow.hurry(0);
    await pass(0);
    expect(bench.attempts).toHaveLength(3);
  });
});

describe('what the relay answers', () => {
  it.each(['session-expired', 'not-found', 'unauthorized'] as const)('%s ends it', async (code) => {
    last().end({ kind: 'refused', problem: createProblem(code) });
    await pass(60_000);
    expect(bench.over).toMatchObject([{ code }]);
    expect(bench.attempts).toHaveLength(1);
    expect(bench.follow.line.phase).toBe('off');
  });

  it('so does a goodbye for good', async () => {
    last().reader.event({ type: 'bye', reason: 'gone', retryAfterMs: 0 });
    last().end({ kind: 'stopped' });
    await pass(60_000);
    expect(bench.over).toEqual([null]);
    expect(bench.attempts).toHaveLength(1);
  });

  it('that nothing was written yet is no trouble, and is asked again quietly', async () => {
    last().end({ kind: 'refused', problem: createProblem('stream-not-started') });
    await pass(0);
    expect(bench.follow.line).toMatchObject({ phase: 'empty', problem: null });
    await pass(600);
    expect(bench.attempts).toHaveLength(2);
  });

  it('what will not change is not asked again until it is resumed', async () => {
    last().end({ kind: 'refused', problem: createProblem('origin-not-allowed') });
    await pass(60_000);
    expect(bench.attempts).toHaveLength(1);
    expect(bench.follow.line).toMatchObject({ phase: 'refused', problem: { code: 'origin-not-allowed' } });
    bench.follow.resume();
    expect(bench.attempts).toHaveLength(2);
  });
});

it('a suspended follower lets go of everything, and goes on where it was', async () => {
  last().reader.opened();
  bring('5-0', { prev: '0-0' });
  bench.follow.suspend();
  expect(last().signal.aborted).toBe(true);
  await pass(0);
  expect(vi.getTimerCount()).toBe(0);
  expect(
    last().reader.event({ type: 'frame', frame: { id: '5-1', from: undefined, prev: undefined, message: null } }),
  ).toBe(false);
  expect(bench.follow.cursor).toBe('5-0');
  await pass(60_000);
  expect(bench.attempts).toHaveLength(1);
  bench.follow.resume();
  expect(last().after).toBe('5-0');
});
