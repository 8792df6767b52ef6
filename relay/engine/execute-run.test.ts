import { expect, onTestFinished, test } from 'vitest';
import { createProblem } from '#shared/problem.ts';
import type { SessionStore } from '../store/session-store.ts';
import { openSqliteStore } from '../store/sqlite/open-sqlite-store.ts';
import { StoreError } from '../store/store-error.ts';
import { readSession } from '../store/read-session.ts';
import { RetryableError, RunStopped } from './errors.ts';
import { executeRun, type ExecuteRunOptions } from './execute-run.ts';
import { endAtOnce, type Body } from './testing/scripted-run.ts';
import { promptInput } from './testing/engine-bench.ts';
import { begin, say } from './testing/scripted-steps.ts';
import { workflow } from './workflow.ts';

const SESSION = 'session-to-be-executed';
const LEASE_MS = 60_000;

function openBench(body: Body = endAtOnce, wrap: (store: SessionStore) => SessionStore = (store) => store) {
  const clock = { offsetMs: 0 };
  const store = openSqliteStore({ path: ':memory:', ttlMs: 3_600_000, clock: () => Date.now() + clock.offsetMs });
  onTestFinished(() => store.close());
  const lines: string[] = [];
  const note = (_: object, message: string) => void lines.push(message);
  const closing = new AbortController();
  return {
    store,
    clock,
    closing,
    lines,
    /** Submits a prompt; answers its run's id. */
    async submit(): Promise<string> {
      const input = promptInput();
      const answer = await store.submit(SESSION, input);
      expect(answer.kind).toBe('ok');
      return input.runId;
    },
    execute: (over: Partial<ExecuteRunOptions> = {}) =>
      executeRun({
        store: wrap(store),
        workflow: workflow('test', body),
        logger: { debug() {}, info: note, warn: note, error: note },
        owner: 'test',
        leaseMs: LEASE_MS,
        takeover: 'restart',
        sessionId: SESSION,
        handOver: new AbortController().signal,
        closing: closing.signal,
        ...over,
      }),
    async sealed(): Promise<boolean> {
      const session = await readSession(store, SESSION);
      return session.kind === 'open' && session.sealed !== '0-0';
    },
  };
}

/** Claims the due run as another execution does, and writes nothing. */
function claimElsewhere(store: SessionStore) {
  const claim = { token: 'elsewhere', owner: 'elsewhere', leaseMs: LEASE_MS, maxAttempts: 3 };
  return store.claim(SESSION, { ...claim, takeover: { kind: 'restart' } });
}

test('a due run is done, sealed, and reported as ended before it is sealed', async () => {
  const bench = openBench();
  await bench.submit();
  const order: string[] = [];
  const seal: SessionStore['seal'] = (...args) => {
    order.push('sealed');
    return bench.store.seal(...args);
  };
  const answer = await bench.execute({ store: { ...bench.store, seal }, onEnded: () => order.push('ended') });
  expect(answer).toEqual({ kind: 'done' });
  expect(order).toEqual(['ended', 'sealed']);
});

test('nothing is due in a session without a run, or of which nothing is known', async () => {
  const bench = openBench();
  expect(await bench.execute()).toEqual({ kind: 'nothing-due' });
  await bench.submit();
  await bench.execute();
  expect(await bench.execute()).toEqual({ kind: 'nothing-due' });
});

test('a run that another execution holds is owned until its lease ends', async () => {
  const bench = openBench();
  const runId = await bench.submit();
  await claimElsewhere(bench.store);
  for (const over of [{}, { runId }]) {
    const answer = await bench.execute(over);
    if (answer.kind !== 'owned') throw new Error(answer.kind);
    expect(answer.retryAfterMs).toBeGreaterThan(LEASE_MS - 5000);
    expect(answer.retryAfterMs).toBeLessThanOrEqual(LEASE_MS);
  }
});

test('a run that has ended is not owned while another run of its session is held', async () => {
  const bench = openBench();
  const ended = await bench.submit();
  await bench.execute();
  await bench.submit();
  await claimElsewhere(bench.store);
  expect(await bench.execute({ runId: ended })).toEqual({ kind: 'nothing-due' });
});

test('a run whose process died before it sealed is sealed by the next delivery', async () => {
  const bench = openBench();
  await bench.submit();
  await bench.execute({ store: { ...bench.store, seal: () => Promise.reject(new TypeError('died')) } });
  expect(await bench.sealed()).toBe(false);
  expect(bench.lines).toContain('A session could not be sealed: it is sealed after its next run');
  expect(await bench.execute()).toEqual({ kind: 'nothing-due' });
  expect(await bench.sealed()).toBe(true);
});

test('a run that is given back says when it is due', async () => {
  const bench = openBench(async () => {
    throw new RetryableError(createProblem('model-failed'), { retryAfterMs: 1234 });
  });
  await bench.submit();
  expect(await bench.execute()).toEqual({ kind: 'released', retryAfterMs: 1234 });
});

test('a run that is handed over is due at once', async () => {
  const bench = openBench();
  await bench.submit();
  expect(await bench.execute({ handOver: AbortSignal.abort() })).toEqual({ kind: 'released', retryAfterMs: 0 });
});

/** Says a word once the gate is open. */
const gatedBody =
  (running: () => void, gate: Promise<void>): Body =>
  async (context, { runId }) => {
    await context.run('talk', async (step) => {
      running();
      await gate;
      await begin(step, runId);
      await say(step, runId, 'late');
    });
  };

test('a run that is taken over is lost, and one that is cancelled is done', async () => {
  for (const [how, kind] of [
    ['taken over', 'lost'],
    ['cancelled', 'done'],
  ] as const) {
    const [running, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const bench = openBench(gatedBody(running.resolve, gate.promise));
    await bench.submit();
    const executed = bench.execute();
    await running.promise;
    if (how === 'cancelled') {
      await bench.store.cancel(SESSION, { token: 'cancel-1' });
    } else {
      bench.clock.offsetMs += 2 * LEASE_MS;
      await claimElsewhere(bench.store);
    }
    gate.resolve();
    expect(await executed, how).toEqual({ kind });
  }
});

test('a run whose store has lost what cannot be written again is tried again after its lease', async () => {
  const bench = openBench(
    gatedBody(() => {}, Promise.resolve()),
    (store) => ({
      ...store,
      append: async () => ({ kind: 'gap', next: 0 }),
    }),
  );
  await bench.submit();
  expect(await bench.execute()).toEqual({ kind: 'abandoned', retryAfterMs: LEASE_MS });
  expect(bench.lines).toContain('The store has lost entries that this attempt cannot write again');
});

test('a run whose end was stored, though the answer never came, is done and sealed', async () => {
  const bench = openBench(endAtOnce, (store) => ({
    ...store,
    async finish(...args) {
      await store.finish(...args);
      // As a store answers to the same end again, once the next prompt has raised the fence.
      return { kind: 'fenced' };
    },
  }));
  await bench.submit();
  expect(await bench.execute()).toEqual({ kind: 'done' });
  expect(bench.lines).toEqual(['Run completed']);
  expect(await bench.sealed()).toBe(true);
});

test('a process that stops while the store cannot be reached to claim is told so', async () => {
  const away = () => Promise.reject(new StoreError('store-unavailable', 'away'));
  const bench = openBench(endAtOnce, (store) => ({ ...store, claim: away }));
  await bench.submit();
  const executed = bench.execute();
  bench.closing.abort(new RunStopped('closing'));
  await expect(executed).rejects.toMatchObject({ reason: 'closing' });
});
