import { describe, expect, onTestFinished, test } from 'vitest';
import { createProblem } from '#shared/problem.ts';
import type { SessionStore } from '../../store/session-store.ts';
import { StoreError } from '../../store/store-error.ts';
import { RetryableError } from '../errors.ts';
import { openEngineBench, WORDS, type EngineBench, type LeftBehind } from './engine-bench.ts';
import type { EngineModule } from './engine-harness.ts';
import { runAndKill } from './run-and-kill.ts';

/** Real time without anything happening that is taken as proof that nothing will, in ms. */
const QUIET_MS = 200;

const TEXT = WORDS.join('');

/**
 * Declares the tests that every engine has to pass: runs that are dispatched twice, late, out of order, after their end, or
 * not at all; planned stops, cancels and crashes.
 *
 * @param name of the engine, in the tests' names.
 * @param module that exports `openEngine`: it is imported here, and in the processes that the suite kills.
 *
 * @example
 * import { describeEngine } from 'resumable-chat/testing';
 *
 * await describeEngine('my', new URL('./my-engine-harness.js', import.meta.url));
 *
 * // my-engine-harness.js
 * export const openEngine = () => ({ create: createMyEngine, close: async () => {} });
 */
export async function describeEngine(name: string, module: URL): Promise<void> {
  const { openEngine } = (await import(/* @vite-ignore */ module.href)) as EngineModule;
  const openBench: OpenBench = (left) => openEngineBench(openEngine, left);

  describe(`the ${name} engine`, () => {
    describeDispatch(openBench);
    describeRetry(openBench);
    describeDrain(openBench);
    describeCancel(openBench);
    describeCrash(openBench, module);
  });
}

type OpenBench = (left?: LeftBehind) => Promise<EngineBench>;

const quiet = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS));

/** The text of a run's reply. */
async function replyOf(bench: EngineBench, runId: string, sessionId?: string): Promise<string> {
  const { messages } = await bench.state(sessionId);
  const parts = messages.find(({ id }) => id === runId)?.parts ?? [];
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** Holds executions before a word until they are let go; `reached` resolves when the first one is there. */
function holdBefore(bench: EngineBench, word: string) {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  bench.beforeWord = async (at, { signal }) => {
    if (at !== word) return;
    reached.resolve();
    await Promise.race([
      gate.promise,
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ]);
  };
  return { reached: reached.promise, letGo: gate.resolve };
}

function describeDispatch(openBench: OpenBench): void {
  describe('a dispatched run', () => {
    test('is executed once and sealed, however often it is dispatched at once', async () => {
      const bench = await openBench();
      const engines = [bench.startEngine(), bench.startEngine()];
      const runId = await bench.submit();
      await Promise.all([...engines, ...engines].map((engine) => engine.dispatch(bench.sessionId, runId)));
      await bench.ended(runId);
      expect(bench.executed).toEqual([{ runId, attempt: 1 }]);
      expect(bench.statuses(runId)).toEqual(['started', 'completed']);
      await bench.eventually(async () => {
        const view = await bench.store.read(bench.sessionId, { limit: 1 });
        expect(view.kind === 'snapshot' && view.transcript).toContain('three');
      });
      expect(await replyOf(bench, runId)).toBe(TEXT);
    });

    test('is not executed again by a dispatch that comes after its end', async () => {
      const bench = await openBench();
      const engine = bench.startEngine();
      const runId = await bench.submit();
      await engine.dispatch(bench.sessionId, runId);
      await bench.ended(runId);
      await engine.dispatch(bench.sessionId, runId);
      await quiet();
      await bench.eventually(() => expect(engine.activeRuns).toBe(0));
      expect(bench.executed).toHaveLength(1);
      expect(bench.statuses(runId)).toEqual(['started', 'completed']);
    });

    test('is not disturbed by a late dispatch of the run before it', async () => {
      const bench = await openBench();
      const engine = bench.startEngine();
      const first = await bench.submit();
      await engine.dispatch(bench.sessionId, first);
      await bench.ended(first);
      const held = holdBefore(bench, 'two ');
      const second = await bench.submit();
      await engine.dispatch(bench.sessionId, second);
      await held.reached;
      await engine.dispatch(bench.sessionId, first);
      await quiet();
      held.letGo();
      await bench.ended(second);
      expect(bench.executed).toEqual([
        { runId: first, attempt: 1 },
        { runId: second, attempt: 1 },
      ]);
      expect(await replyOf(bench, second)).toBe(TEXT);
    });

    test('is executed though its dispatch is overtaken by a dispatch of the run after it', async () => {
      const bench = await openBench();
      const engine = bench.startEngine();
      const others = Array.from({ length: 8 }, (_, index) => `session-of-the-suite-${index}`);
      const runs = await Promise.all(others.map((sessionId) => bench.submit(sessionId)));
      for (const [index, runId] of [...runs.entries()].toReversed()) await engine.dispatch(others[index] ?? '', runId);
      await Promise.all(runs.map((runId) => bench.ended(runId)));
      expect(bench.executed).toHaveLength(runs.length);
    });

    test('is found when it was never dispatched', async () => {
      const bench = await openBench();
      const before = await bench.submit('session-before-start');
      bench.startEngine();
      await bench.ended(before);
      const after = await bench.submit();
      await bench.ended(after);
      expect(bench.executed.map(({ runId }) => runId)).toEqual([before, after]);
    });

    test('is executed while the previous run of its session is still being sealed', async () => {
      const bench = await openBench();
      const [sealing, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const engine = bench.startEngine({
        pollMs: 60_000,
        store: {
          ...bench.store,
          async seal(...args) {
            sealing.resolve();
            await gate.promise;
            return await bench.store.seal(...args);
          },
        },
      });
      const first = await bench.submit();
      await engine.dispatch(bench.sessionId, first);
      await sealing.promise;
      const second = await bench.submit();
      await engine.dispatch(bench.sessionId, second);
      await bench.ended(second);
      gate.resolve();
      await bench.eventually(() => expect(engine.activeRuns).toBe(0));
    });

    test('is executed though the store could not be reached to claim it at first', async () => {
      const bench = await openBench();
      let refused = 0;
      const engine = bench.startEngine({
        store: {
          ...bench.store,
          async claim(...args) {
            refused += 1;
            if (refused <= 3) throw new StoreError('store-unavailable', 'away');
            return await bench.store.claim(...args);
          },
        },
      });
      const runId = await bench.submit();
      await engine.dispatch(bench.sessionId, runId);
      await bench.ended(runId);
      expect(bench.executed).toEqual([{ runId, attempt: 1 }]);
    });
  });
}

function describeRetry(openBench: OpenBench): void {
  test('a run that is given back is executed again after its delay, without another dispatch', async () => {
    const bench = await openBench();
    const retryAfterMs = 300;
    const at: number[] = [];
    bench.beforeWord = (word, { attempt }) => {
      if (word !== 'two ') return;
      at.push(performance.now());
      if (attempt === 1) throw new RetryableError(createProblem('model-failed'), { retryAfterMs });
    };
    // No poll finds it by chance.
    const engine = bench.startEngine({ pollMs: 60_000 });
    const runId = await bench.submit();
    await engine.dispatch(bench.sessionId, runId);
    await bench.ended(runId);
    expect(bench.executed).toEqual([
      { runId, attempt: 1 },
      { runId, attempt: 2 },
    ]);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(retryAfterMs - 1);
    expect(await replyOf(bench, runId)).toBe(TEXT);
  });
}

function describeDrain(openBench: OpenBench): void {
  describe('draining', () => {
    test('hands a run over to another engine, with what it has said, and counts no attempt', async () => {
      const bench = await openBench();
      const held = holdBefore(bench, 'three');
      const first = bench.startEngine();
      const runId = await bench.submit();
      await first.dispatch(bench.sessionId, runId);
      await held.reached;
      bench.startEngine();
      bench.beforeWord = () => {};
      await first.drain(60_000);
      expect(first.activeRuns).toBe(0);
      await bench.ended(runId);
      expect(bench.executed).toEqual([
        { runId, attempt: 1 },
        { runId, attempt: 1 },
      ]);
      expect(bench.marks).toBe(1);
      expect(await replyOf(bench, runId)).toBe(TEXT);
    });

    test('executes nothing that is dispatched afterwards, and loses none of it', async () => {
      const bench = await openBench();
      let polls = 0;
      const take: SessionStore['take'] = (limit) => {
        polls += 1;
        return bench.store.take(limit);
      };
      const stopped = bench.startEngine({ store: { ...bench.store, take } });
      await stopped.drain(1000);
      await stopped.drain(1000);
      const pollsBefore = polls;
      const runId = await bench.submit();
      await stopped.dispatch(bench.sessionId, runId).catch(() => {});
      await quiet();
      expect(bench.executed).toEqual([]);
      expect(polls).toBe(pollsBefore);
      bench.startEngine();
      await bench.ended(runId);
    });

    test('cuts short what does not finish in time', async () => {
      const bench = await openBench();
      const engine = bench.startEngine({
        store: { ...bench.store, append: () => new Promise<never>(() => {}) },
      });
      const runId = await bench.submit();
      await engine.dispatch(bench.sessionId, runId);
      await bench.eventually(() => expect(engine.activeRuns).toBeGreaterThan(0));
      await engine.drain(50);
      expect(engine.activeRuns).toBe(0);
    });
  });
}

function describeCancel(openBench: OpenBench): void {
  test.each(['cancelled', 'deleted'])(
    'a run that is %s while it is executed stops, and writes nothing more',
    async (how) => {
      const bench = await openBench();
      const held = holdBefore(bench, 'two ');
      const engine = bench.startEngine();
      const runId = await bench.submit();
      await engine.dispatch(bench.sessionId, runId);
      await held.reached;
      if (how === 'deleted') await bench.store.delete(bench.sessionId);
      else await bench.store.cancel(bench.sessionId, { token: 'cancel-1' });
      await bench.eventually(() => expect(engine.activeRuns).toBe(0));
      held.letGo();
      await engine.dispatch(bench.sessionId, runId);
      await quiet();
      expect(bench.executed).toHaveLength(1);
      expect(bench.statuses(runId)).toEqual(how === 'deleted' ? ['started'] : ['started', 'cancelled']);
    },
  );

  test('the next prompt after a cancel is executed', async () => {
    const bench = await openBench();
    const held = holdBefore(bench, 'two ');
    const engine = bench.startEngine();
    const cancelled = await bench.submit();
    await engine.dispatch(bench.sessionId, cancelled);
    await held.reached;
    await bench.store.cancel(bench.sessionId, { token: 'cancel-1' });
    bench.beforeWord = () => {};
    const next = await bench.submit();
    await engine.dispatch(bench.sessionId, next);
    await bench.ended(next);
    expect(bench.statuses(cancelled)).toEqual(['started', 'cancelled']);
  });
}

function describeCrash(openBench: OpenBench, module: URL): void {
  describe('a crash', () => {
    test('a run whose engine is frozen past its lease goes on elsewhere, and the frozen engine writes no more', async () => {
      const bench = await openBench();
      let frozen = false;
      const thawed = Promise.withResolvers<void>();
      const hold = async <T>(answer: () => Promise<T>): Promise<T> => {
        if (frozen) await thawed.promise;
        return await answer();
      };
      const { store } = bench;
      const held = holdBefore(bench, 'two ');
      const engine = bench.startEngine({
        store: {
          ...store,
          take: (...args) => hold(() => store.take(...args)),
          claim: (...args) => hold(() => store.claim(...args)),
          renew: (...args) => hold(() => store.renew(...args)),
          append: (...args) => hold(() => store.append(...args)),
          head: (...args) => hold(() => store.head(...args)),
          follow: (id, listener) => store.follow(id, (event) => frozen || listener(event)),
        },
      });
      const runId = await bench.submit();
      await engine.dispatch(bench.sessionId, runId);
      await held.reached;
      frozen = true;
      bench.beforeWord = () => {};
      bench.advance(120_000);
      const other = bench.startEngine();
      await bench.ended(runId);
      held.letGo();
      thawed.resolve();
      await bench.eventually(() => expect(engine.activeRuns + other.activeRuns).toBe(0));
      expect(bench.executed).toEqual([
        { runId, attempt: 1 },
        { runId, attempt: 2 },
      ]);
      expect(bench.marks).toBe(1);
      expect(bench.statuses(runId)).toEqual(['started', 'restarted', 'completed']);
      expect(await replyOf(bench, runId)).toBe(TEXT);
    });

    test('a run whose process is killed goes on as the next attempt', async () => {
      const crash = await runAndKill(module, 'word');
      onTestFinished(crash.remove);
      const bench = await openBench(crash);
      expect(await replyOf(bench, crash.runId)).toBe('one two ');
      bench.startEngine();
      await bench.ended(crash.runId);
      expect(bench.executed).toEqual([{ runId: crash.runId, attempt: 2 }]);
      expect(bench.marks).toBe(0);
      expect(await replyOf(bench, crash.runId)).toBe(TEXT);
    });

    test('a run whose process is killed between its end and its seal is executed no more, and is part of what is sealed next', async () => {
      const crash = await runAndKill(module, 'seal');
      onTestFinished(crash.remove);
      const bench = await openBench(crash);
      const engine = bench.startEngine();
      await engine.dispatch(crash.sessionId, crash.runId);
      await quiet();
      expect(bench.executed).toEqual([]);
      const next = await bench.submit();
      await engine.dispatch(crash.sessionId, next);
      await bench.ended(next);
      await bench.eventually(async () => {
        const view = await bench.store.read(crash.sessionId, { limit: 1 });
        expect(view.kind === 'snapshot' && view.transcript).toMatch(new RegExp(`${crash.runId}.*${next}`));
      });
      expect(await replyOf(bench, crash.runId)).toBe(TEXT);
    });
  });
}
