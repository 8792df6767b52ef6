import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createProblem } from '#shared/problem.ts';
import type { StageOptions } from '../generation/testing/stage.ts';
import { claimInput } from '../store/testing/conformance/store-harness.ts';
import type { SessionStore } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import { RetryableError } from './errors.ts';
import { endAtOnce, isIdle, stageWith, submitPrompt, type Body } from './testing/scripted-run.ts';
import { complete } from './testing/scripted-steps.ts';

describe('due runs are polled for', () => {
  const POLL_MS = 500;
  const LEASE_MS = 10_000;
  const STEP_MS = 25;
  /** Within this time of a moment that is known, in ms: the random delay and a step of the clock, with room. */
  const AT_ONCE_MS = 250;

  /** A stage whose time, the store's included, passes by `pass` alone, and that records when it polls. */
  function stageInTime(
    body: Body,
    { engine = {}, wrap = (store) => store }: Pick<StageOptions, 'engine' | 'wrap'> = {},
  ) {
    const polls: number[] = [];
    const stage = stageWith(body, {
      engine: { pollMs: POLL_MS, leaseMs: LEASE_MS, ...engine },
      wrap: (store) => ({
        ...wrap(store),
        take(limit) {
          polls.push(Date.now());
          return wrap(store).take(limit);
        },
      }),
    });
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += STEP_MS) {
        await vi.advanceTimersByTimeAsync(STEP_MS);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    return { ...stage, polls, pass };
  }

  /** Claims a run as a relay does that dies right after. */
  async function claimAndDie(store: SessionStore, sessionId: string): Promise<void> {
    await submitPrompt(store, sessionId);
    const claim = await store.claim(sessionId, claimInput({ leaseMs: LEASE_MS }));
    expect(claim.kind).toBe('lease');
  }

  test('seldom while there is nothing to do', async () => {
    const { start, pass, polls } = stageInTime(endAtOnce);
    start();
    await pass(2 * POLL_MS);
    polls.length = 0;
    await pass(60 * POLL_MS);
    expect(polls.length).toBeGreaterThanOrEqual(60 / (4 * 1.2) - 1);
    expect(polls.length).toBeLessThanOrEqual(60 / (4 * 0.8) + 1);
  });

  test('every pollMs where hand-overs cannot be heard of', async () => {
    const followDue = async () => {
      throw new StoreError('store-unavailable', 'nothing can be heard');
    };
    const { start, pass, polls } = stageInTime(endAtOnce, { wrap: (store) => ({ ...store, followDue }) });
    start();
    await pass(60 * POLL_MS);
    expect(polls.length).toBeGreaterThan(60 / (4 * 0.8) + 1);
    expect(polls.length).toBeLessThanOrEqual(60 / 0.8 + 1);
  });

  test('as soon as the lease of a dead relay runs out', async () => {
    const { start, pass, polls, store } = stageInTime(endAtOnce);
    start();
    for (const sessionId of ['one', 'two', 'three', 'four']) {
      // Right after a poll it takes longest until the next poll learns of it.
      const seen = polls.length;
      while (polls.length === seen) await pass(STEP_MS);
      await claimAndDie(store, sessionId);
      polls.length = 0;
      await pass(LEASE_MS - STEP_MS);
      expect(isIdle(await store.head(sessionId))).toBe(false);
      expect(polls.length).toBeLessThanOrEqual(LEASE_MS / (4 * POLL_MS * 0.8) + 1);
      await pass(AT_ONCE_MS);
      expect(isIdle(await store.head(sessionId))).toBe(true);
    }
  });

  test('as soon as a run that was given back is to be retried', async () => {
    const executions: number[] = [];
    const retryAfterMs = 3 * POLL_MS;
    const { start, pass, polls, store } = stageInTime(async (context, input) => {
      executions.push(Date.now());
      if (context.attempt === 1) throw new RetryableError(createProblem('model-failed'), { retryAfterMs });
      await context.run('end', (step) => complete(step, input, context.attempt));
    });
    const engine = start();
    for (const sessionId of ['one', 'two', 'three', 'four']) {
      executions.length = 0;
      const seen = polls.length;
      while (polls.length === seen) await pass(STEP_MS);
      await submitPrompt(store, sessionId);
      await engine.dispatch(sessionId, 'r');
      await pass(retryAfterMs + 2 * AT_ONCE_MS);
      const [first = 0, second = Number.POSITIVE_INFINITY] = executions;
      expect(second - first).toBeGreaterThanOrEqual(retryAfterMs);
      expect(second - first).toBeLessThan(retryAfterMs + 2 * AT_ONCE_MS);
    }
  });

  test('no more often for a lease that is renewed', async () => {
    const { start, pass, polls, store } = stageInTime(endAtOnce);
    start();
    await submitPrompt(store, 'long');
    const claim = await store.claim('long', claimInput({ leaseMs: LEASE_MS }));
    if (claim.kind !== 'lease') throw new Error(claim.kind);
    polls.length = 0;
    for (let renewal = 0; renewal < 9; renewal += 1) {
      await pass(LEASE_MS / 3);
      await store.renew('long', { fence: claim.lease.fence, leaseMs: LEASE_MS });
    }
    expect(polls.length).toBeLessThanOrEqual((3 * LEASE_MS) / (4 * POLL_MS * 0.8) + 2);
  });

  test('every pollMs, and not more often, while a due run cannot be claimed', async () => {
    const { start, pass, polls, store } = stageInTime(endAtOnce, {
      wrap: (inner) => ({ ...inner, claim: () => Promise.reject(new TypeError('it makes no sense')) }),
    });
    await submitPrompt(store, 'broken');
    start();
    await pass(30 * POLL_MS);
    expect(polls.length).toBeGreaterThan(30 / (4 * 0.8) + 2);
    expect(polls.length).toBeLessThanOrEqual(30 / 0.8 + 4);
  });

  test('not at all while there is no room for another run, and at once when there is', async () => {
    const gate = Promise.withResolvers<void>();
    const { start, pass, polls, store } = stageInTime(
      async (context, input) => {
        if (input.sessionId === 'first') await context.run('wait', () => gate.promise);
        await context.run('end', (step) => complete(step, input, context.attempt));
      },
      { engine: { maxRuns: 1 } },
    );
    await submitPrompt(store, 'first');
    start();
    await pass(AT_ONCE_MS);
    await submitPrompt(store, 'second');
    polls.length = 0;
    await pass(20 * POLL_MS);
    expect(polls).toEqual([]);
    gate.resolve();
    await pass(AT_ONCE_MS);
    expect(isIdle(await store.head('second'))).toBe(true);
  });
});
