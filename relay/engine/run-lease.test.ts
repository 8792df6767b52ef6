import { describe, expect, test } from 'vitest';
import { createProblem } from '#shared/problem.ts';
import type { Stage } from '../generation/testing/stage.ts';
import type { SessionStore } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import { FatalError, RetryableError, RunStopped } from './errors.ts';
import type { Engine } from './engine.ts';
import type { LogMessage } from '../store/entries/encode-message.ts';
import { sleep } from '../util/sleep.ts';
import { endAtOnce, stageWith, statusesOf, submitPrompt, type Body } from './testing/scripted-run.ts';
import { begin, complete, say } from './testing/scripted-steps.ts';

describe('a workflow that fails', () => {
  test('with a FatalError ends the run with its problem', async () => {
    const stage = stageWith(async (context, { runId }) => {
      await context.run('say', async (step) => {
        await begin(step, runId);
        await say(step, runId, 'partial');
        throw new FatalError(createProblem('model-failed', { retryable: false }));
      });
    });
    stage.start();
    const runId = await stage.prompt('Hi');
    const { messages, state } = await stage.ended();
    expect(messages.slice(-2)).toMatchObject([
      { type: 'error', runId, problem: { code: 'model-failed', retryable: false } },
      { type: 'metadata', status: 'failed', runId, messageId: runId, attempt: 1 },
    ]);
    expect(state.messages.at(-1)?.parts.at(-1)).toMatchObject({ type: 'text', text: 'partial', state: 'done' });
  });

  test('by throwing anything else ends the run as internal, and is logged', async () => {
    const stage = stageWith(async () => {
      throw new TypeError('a bug with a secret');
    });
    const engine = stage.start();
    await stage.prompt('Hi');
    const { messages } = await stage.ended();
    expect(messages.at(-2)).toMatchObject({ problem: { code: 'internal' } });
    expect(JSON.stringify(messages)).not.toContain('secret');
    expect(stage.log.filter(({ level }) => level === 'error')).toHaveLength(1);
    await stage.until(() => engine.activeRuns === 0);
  });

  test('by returning without an end ends the run as internal', async () => {
    const stage = stageWith(async () => {});
    stage.start();
    await stage.prompt('Hi');
    expect((await stage.ended()).messages.at(-2)).toMatchObject({ problem: { code: 'internal' } });
  });

  test('with a RetryableError runs again after the delay, as the next attempt, and keeps finished steps', async () => {
    const ran: string[] = [];
    const at: number[] = [];
    const stage = stageWith(async (context, input) => {
      at.push(Date.now());
      const once = await context.run('once', () => ran.push('once'));
      expect(once).toBe(1);
      await context.run('twice', () => {
        ran.push('twice');
        if (context.attempt === 1) throw new RetryableError(createProblem('model-failed'), { retryAfterMs: 150 });
      });
      await context.run('end', (step) => complete(step, input, context.attempt));
    });
    stage.start();
    await stage.prompt('Hi');
    await stage.ended();
    expect(ran).toEqual(['once', 'twice', 'twice']);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(150);
    expect(await statusesOf(stage)).toEqual(['started', 'restarted', 'completed']);
  });

  test('with a RetryableError at its last attempt ends the run with its problem', async () => {
    let runs = 0;
    const stage = stageWith(async () => {
      runs += 1;
      throw new RetryableError(createProblem('model-timeout'), { retryAfterMs: 0 });
    });
    stage.start();
    await stage.prompt('Hi');
    const { messages, terminals } = await stage.ended();
    expect(runs).toBe(3);
    expect(messages.at(-2)).toMatchObject({ problem: { code: 'model-timeout' } });
    expect(terminals).toMatchObject([{ status: 'failed', attempt: 3 }]);
  });
});

describe('a run whose writer may not write any more', () => {
  /** Says three words, one in each step. The first execution then waits for the gate and says one more. */
  const hangingBody =
    (signals: AbortSignal[], gate: Promise<void> = new Promise(() => {})): Body =>
    async (context, input) => {
      signals.push(context.signal);
      for (const word of ['one ', 'two ', 'three']) {
        await context.run(word, async (step) => {
          if (word === 'one ') await begin(step, input.runId);
          await say(step, input.runId, word);
        });
      }
      if (signals.length === 1) {
        await context.run('hang', async (step) => {
          await gate;
          await say(step, input.runId, ' LATE');
        });
      }
      await context.run('end', (step) => complete(step, input, context.attempt));
    };

  /** Starts an engine whose run has said its three words and hangs. */
  async function startHanging(stage: Stage): Promise<Engine> {
    const engine = stage.start();
    await stage.prompt('Hi');
    await stage.until(async () => stage.textOf((await stage.read()).state.messages.at(-1)) === 'one two three');
    return engine;
  }

  /** Cancels such a run; resolves once nothing of it is left. */
  async function cancelHanging(stage: Stage): Promise<void> {
    const engine = await startHanging(stage);
    await stage.store.cancel(stage.sessionId, { token: 'cancel-1' });
    await stage.until(() => engine.activeRuns === 0);
  }

  test('is taken over when its lease has run out; the old writer, frozen until then, stops and writes nothing', async () => {
    const signals: AbortSignal[] = [];
    const gate = Promise.withResolvers<void>();
    let frozen = false;
    const freezable = (store: SessionStore): SessionStore => ({
      ...store,
      // A frozen process renews nothing and hears nothing.
      renew: (...args) => (frozen ? new Promise<never>(() => {}) : store.renew(...args)),
      follow: async (sessionId, listener) =>
        await store.follow(sessionId, (event) => {
          if (!frozen) listener(event);
        }),
    });
    const stage = stageWith(hangingBody(signals, gate.promise), { wrap: freezable });
    const zombie = await startHanging(stage);
    frozen = true;
    stage.advance(10_000);
    stage.start();
    const { terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'completed', attempt: 2 }]);
    expect(zombie.activeRuns).toBe(1);

    gate.resolve();
    await stage.until(() => zombie.activeRuns === 0);
    expect(signals[0]?.reason).toBeInstanceOf(RunStopped);
    expect(await statusesOf(stage)).toEqual(['started', 'restarted', 'completed']);
    expect(stage.textOf((await stage.read()).state.messages.at(-1))).not.toContain('LATE');
  });

  test('stops at once when it is cancelled, even while it says nothing', async () => {
    const signals: AbortSignal[] = [];
    const stage = stageWith(hangingBody(signals), { engine: { leaseMs: 60_000 } });
    await cancelHanging(stage);
    expect(signals[0]?.aborted).toBe(true);
    expect(await statusesOf(stage)).toEqual(['started', 'cancelled']);
  });

  test('stops by its next renewal when the live channel is silent', async () => {
    const signals: AbortSignal[] = [];
    const stage = stageWith(hangingBody(signals), {
      engine: { leaseMs: 300 },
      wrap: (store) => ({ ...store, follow: () => Promise.reject(new StoreError('store-unavailable', 'no channel')) }),
    });
    await cancelHanging(stage);
    expect(signals[0]?.aborted).toBe(true);
  });

  test('ends as exhausted after three attempts that died', async () => {
    const attempts: number[] = [];
    const stage = stageWith(
      async (context) => {
        attempts.push(context.attempt);
        await context.run('hang', () => new Promise<never>(() => {}));
      },
      {
        // Each engine dies at once: it renews nothing and cannot give the run back.
        wrap: (store) => ({ ...store, release: () => new Promise<never>(() => {}) }),
      },
    );
    for (let n = 1; n <= 3; n += 1) {
      const engine = stage.start();
      if (n === 1) await stage.prompt('Hi');
      await stage.until(() => attempts.length === n);
      await engine.drain(0);
      stage.advance(60_000);
    }
    stage.start();
    const { messages, terminals } = await stage.ended();
    expect(attempts).toEqual([1, 2, 3]);
    expect(messages.at(-2)).toMatchObject({ type: 'error', problem: { code: 'attempts-exhausted' } });
    expect(terminals).toHaveLength(1);
  });

  test('ends as interrupted under takeover fail, if something of the reply was written', async () => {
    const signals: AbortSignal[] = [];
    const stage = stageWith(hangingBody(signals), { engine: { takeover: 'fail' } });
    const first = await startHanging(stage);
    await first.drain(0);
    stage.advance(60_000);
    stage.start();
    const { messages, state } = await stage.ended();
    expect(messages.at(-2)).toMatchObject({ problem: { code: 'interrupted', retryable: true } });
    expect(stage.textOf(state.messages.at(-1))).toBe('one two three');
  });
});

describe('a lease', () => {
  test('is renewed while the live channel is still being opened', async () => {
    const stage = stageWith(
      async (context, input) => {
        await context.run('wait', (step) => sleep(900, step.signal));
        await context.run('end', (step) => complete(step, input, context.attempt));
      },
      {
        engine: { leaseMs: 200 },
        wrap: (store) => ({
          ...store,
          async follow(...args) {
            await new Promise((resolve) => setTimeout(resolve, 2000));
            return await store.follow(...args);
          },
        }),
      },
    );
    stage.start();
    stage.start();
    await stage.prompt('Hi');
    await stage.ended();
    expect(await statusesOf(stage)).toEqual(['started', 'completed']);
  });

  test('is not lost to the end of its own run, when a renewal is told of that end first', async () => {
    const refused = Promise.withResolvers<void>();
    const stage = stageWith(endAtOnce, {
      engine: { leaseMs: 150 },
      wrap: (store) => ({
        ...store,
        async finish(...args) {
          const answer = await store.finish(...args);
          await refused.promise;
          await new Promise((resolve) => setTimeout(resolve, 50));
          return answer;
        },
        async renew(...args) {
          const answer = await store.renew(...args);
          if (answer.kind === 'closed') refused.resolve();
          return answer;
        },
      }),
    });
    const engine = stage.start();
    await stage.prompt('Hi');
    await stage.until(() => engine.activeRuns === 0);
    expect((await stage.read()).sealed).not.toBe('0-0');
    expect(stage.log.map(({ message }) => message).join()).not.toContain('lost');
  });

  test('is not lost to the next prompt, when that arrives before the end is answered', async () => {
    const next = Promise.withResolvers<void>();
    const stage = stageWith(endAtOnce, {
      engine: { leaseMs: 60_000 },
      wrap: (store) => ({
        ...store,
        async finish(...args) {
          const answer = await store.finish(...args);
          next.resolve();
          // Meanwhile the live channel tells of the prompt's fence.
          await new Promise((resolve) => setTimeout(resolve, 100));
          return answer;
        },
      }),
    });
    const engine = stage.start();
    await stage.prompt('Hi');
    await next.promise;
    await submitPrompt(stage.store, stage.sessionId);
    await stage.until(async () => (await stage.read()).state.messages.length === 4);
    await stage.until(() => engine.activeRuns === 0);
    expect(stage.log.filter(({ message }) => message.startsWith('Run')).map(({ message }) => message)).toEqual([
      'Run completed',
      'Run completed',
    ]);
  });
});

describe('what earlier attempts wrote', () => {
  test('counts for the size of a reply', async () => {
    const say = (runId: string, bytes: number): LogMessage => ({
      type: 'chunk',
      runId,
      chunk: { type: 'data-big', data: 'x'.repeat(bytes) },
    });
    const stage = stageWith(async (context, { runId }) => {
      await context.run('first', (step) => step.emitWithResult([say(runId, 7_000_000)]));
      if (context.attempt === 1) throw new RetryableError(createProblem('model-failed'), { retryAfterMs: 0 });
      await context.run('second', (step) => step.emitWithResult([say(runId, 2_000_000)]));
    });
    stage.start();
    await stage.prompt('Hi');
    const { messages, terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'failed', attempt: 2 }]);
    expect(messages.at(-2)).toMatchObject({ problem: { detail: expect.stringContaining('longer') } });
  });
});
