import { afterEach, describe, expect, test } from 'vitest';
import { createProblem } from '#shared/problem.ts';
import { createStage, type Stage, type StageOptions } from '../generation/testing/stage.ts';
import type { SessionStore } from '../store/session-store.ts';
import { StoreError } from '../store/store-error.ts';
import { FatalError, RetryableError, RunStopped } from './errors.ts';
import { sleep } from './time.ts';
import { withFaults } from './testing/faulty-store.ts';
import { workflow, type RunInput, type StepContext, type Workflow, type WorkflowContext } from './workflow.ts';

const stages: Stage[] = [];

// A rejection that nobody handles makes the whole run of the tests fail: vitest sees to it.
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage[Symbol.asyncDispose]();
});

type Body = (context: WorkflowContext, input: RunInput) => Promise<void>;

function stageWith(body: Body, options: Omit<StageOptions, 'workflow'> = {}): Stage {
  const stage = createStage({ ...options, workflow: (): Workflow => workflow('test', body) });
  stages.push(stage);
  return stage;
}

async function say(step: StepContext, runId: string, text: string): Promise<void> {
  await step.emit({ type: 'chunk', runId, chunk: { type: 'text-delta', id: '1', delta: text } });
}

async function begin(step: StepContext, runId: string): Promise<void> {
  await step.emit({ type: 'chunk', runId, chunk: { type: 'start-step' } });
  await step.emit({ type: 'chunk', runId, chunk: { type: 'text-start', id: '1' } });
}

function complete(step: StepContext, { runId }: RunInput, attempt: number): void {
  step.endRun([{ type: 'metadata', status: 'completed', runId, messageId: runId, attempt }]);
}

const statuses = async (stage: Stage) =>
  (await stage.messages()).flatMap((message) => (message.type === 'metadata' ? [message.status] : []));

describe('the runner', () => {
  test('runs a due run to its end, seals the transcript, and is idle again', async () => {
    const stage = stageWith(async (context, input) => {
      await context.run('say', async (step) => {
        await begin(step, input.runId);
        await say(step, input.runId, 'Hello.');
      });
      await context.run('end', (step) => complete(step, input, context.attempt));
    });
    const runner = stage.start();
    for (const _ of ['first', 'second']) {
      await stage.prompt('Hi');
      const { state } = await stage.ended();
      expect(state.messages.at(-1)?.metadata?.run).toMatchObject({ status: 'completed' });
    }
    await stage.until(() => runner.activeRuns === 0);
    const { sealed, state } = await stage.read();
    expect(sealed).not.toBe('0-0');
    expect(state.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  });

  test('finds a run that nobody told it of', async () => {
    const stage = stageWith(async (context, input) => {
      await context.run('end', (step) => complete(step, input, context.attempt));
    });
    await stage.prompt('Hi');
    stage.start();
    expect((await stage.ended()).terminals).toHaveLength(1);
  });

  test('runs no more at the same time than it may, and all of them in the end', async () => {
    let running = 0;
    let most = 0;
    const body: Body = async (context, input) => {
      most = Math.max(most, (running += 1));
      await sleep(20, context.signal);
      running -= 1;
      await context.run('end', (step) => complete(step, input, context.attempt));
    };
    const stage = stageWith(body, { runner: { maxRuns: 2, pollMs: 10_000 } });
    const sessions = Array.from({ length: 7 }, (_, index) => `session-number-${index}`);
    for (const sessionId of sessions) {
      const entries = [JSON.stringify({ type: 'message', message: { id: 'm', role: 'user', parts: [] }, runId: 'r' })];
      await stage.store.submit(sessionId, { random: 1, messageId: 'm', hash: 'h', runId: 'r', entries });
    }
    stage.start();
    await stage.until(async () => {
      const heads = await Promise.all(sessions.map((sessionId) => stage.store.head(sessionId)));
      return heads.every((head) => head.kind === 'open' && head.run === null);
    });
    expect(most).toBe(2);
  });

  test('keeps a lease for as long as the run takes', async () => {
    const stage = stageWith(
      async (context, input) => {
        await context.run('wait', (step) => sleep(700, step.signal));
        await context.run('end', (step) => complete(step, input, context.attempt));
      },
      { runner: { leaseMs: 200 } },
    );
    stage.start();
    stage.start();
    await stage.prompt('Hi');
    await stage.ended();
    expect(await statuses(stage)).toEqual(['started', 'completed']);
  });
});

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
    const runner = stage.start();
    await stage.prompt('Hi');
    const { messages } = await stage.ended();
    expect(messages.at(-2)).toMatchObject({ problem: { code: 'internal' } });
    expect(JSON.stringify(messages)).not.toContain('secret');
    expect(stage.log.filter(({ level }) => level === 'error')).toHaveLength(1);
    await stage.until(() => runner.activeRuns === 0);
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
    expect(await statuses(stage)).toEqual(['started', 'restarted', 'completed']);
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

describe('a run whose writer is gone', () => {
  /** Says three words, a step each; its first execution then waits for the gate, and says one more. */
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
    const zombie = stage.start();
    await stage.prompt('Hi');
    await stage.until(async () => stage.textOf((await stage.read()).state.messages.at(-1)) === 'one two three');
    frozen = true;
    stage.advance(10_000);
    stage.start();
    const { terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'completed', attempt: 2 }]);
    expect(zombie.activeRuns).toBe(1);

    gate.resolve();
    await stage.until(() => zombie.activeRuns === 0);
    expect(signals[0]?.reason).toBeInstanceOf(RunStopped);
    expect(await statuses(stage)).toEqual(['started', 'restarted', 'completed']);
    expect(stage.textOf((await stage.read()).state.messages.at(-1))).not.toContain('LATE');
  });

  test('stops at once when somebody cancels it, even if it says nothing', async () => {
    const signals: AbortSignal[] = [];
    const stage = stageWith(hangingBody(signals), { runner: { leaseMs: 60_000 } });
    const runner = stage.start();
    await stage.prompt('Hi');
    await stage.until(async () => stage.textOf((await stage.read()).state.messages.at(-1)) === 'one two three');
    await stage.store.cancel(stage.sessionId, { token: 'cancel-1', random: 1 });
    await stage.until(() => runner.activeRuns === 0, 1000);
    expect(signals[0]?.aborted).toBe(true);
    expect(await statuses(stage)).toEqual(['started', 'cancelled']);
  });

  test('stops by its next renewal when the live channel is silent', async () => {
    const signals: AbortSignal[] = [];
    const stage = stageWith(hangingBody(signals), {
      runner: { leaseMs: 300 },
      wrap: (store) => ({ ...store, follow: () => Promise.reject(new StoreError('store-unavailable', 'no channel')) }),
    });
    const runner = stage.start();
    await stage.prompt('Hi');
    await stage.until(async () => stage.textOf((await stage.read()).state.messages.at(-1)) === 'one two three');
    await stage.store.cancel(stage.sessionId, { token: 'cancel-1', random: 1 });
    await stage.until(() => runner.activeRuns === 0, 2000);
    expect(signals[0]?.aborted).toBe(true);
  });

  test('that dies in each attempt ends as exhausted, after three of them', async () => {
    const attempts: number[] = [];
    const stage = stageWith(async (context) => {
      attempts.push(context.attempt);
      await context.run('hang', () => new Promise<never>(() => {}));
    }, {
      // Each runner dies at once: it renews nothing, and cannot give the run back.
      wrap: (store) => ({ ...store, release: () => new Promise<never>(() => {}) }),
    });
    for (let n = 1; n <= 3; n += 1) {
      const runner = stage.start();
      if (n === 1) await stage.prompt('Hi');
      await stage.until(() => attempts.length === n);
      await runner.drain(0);
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
    const stage = stageWith(hangingBody(signals), { runner: { takeover: 'fail' } });
    const first = stage.start();
    await stage.prompt('Hi');
    await stage.until(async () => stage.textOf((await stage.read()).state.messages.at(-1)) === 'one two three');
    await first.drain(0);
    stage.advance(60_000);
    stage.start();
    const { messages, state } = await stage.ended();
    expect(messages.at(-2)).toMatchObject({ problem: { code: 'interrupted', retryable: true } });
    expect(stage.textOf(state.messages.at(-1))).toBe('one two three');
  });
});

describe('draining', () => {
  test('stores what was emitted and hands the run over, at once and without counting an attempt', async () => {
    let executions = 0;
    const stage = stageWith(async (context, input) => {
      executions += 1;
      if (executions === 1) {
        await context.run('talk', async (step) => {
          await begin(step, input.runId);
          for (let n = 0; ; n += 1) {
            await say(step, input.runId, `${n} `);
            if (n === 5) await sleep(60_000, step.signal);
          }
        });
      }
      await context.run('end', (step) => complete(step, input, context.attempt));
    });
    const first = stage.start();
    await stage.prompt('Hi');
    await stage.until(() => executions === 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const startedAt = Date.now();
    await first.drain(10_000);
    expect(Date.now() - startedAt).toBeLessThan(2000);
    expect(first.activeRuns).toBe(0);
    expect(stage.textOf((await stage.read()).state.messages.at(-1))).toBe('0 1 2 3 4 5 ');
    stage.start();
    const { terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'completed', attempt: 1 }]);
  });

  test('lets a step that may finish do so, and runs none after it', async () => {
    const ran: string[] = [];
    const gate = Promise.withResolvers<void>();
    const stage = stageWith(async (context, input) => {
      await context.run('tool', async () => {
        ran.push('tool');
        await gate.promise;
      }, { mayFinish: true });
      await context.run('next', () => void ran.push('next'));
      await context.run('end', (step) => complete(step, input, context.attempt));
    });
    const first = stage.start();
    await stage.prompt('Hi');
    await stage.until(() => ran.length === 1);
    const drained = first.drain(10_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(first.activeRuns).toBe(1);
    gate.resolve();
    await drained;
    expect(ran).toEqual(['tool']);
    stage.start();
    expect((await stage.ended()).terminals).toMatchObject([{ status: 'completed', attempt: 1 }]);
    expect(ran).toEqual(['tool', 'next']);
  });

  test('leaves behind what does not finish in time, and takes nothing new', async () => {
    const stage = stageWith(async (context) => {
      await context.run('tool', () => new Promise<never>(() => {}), { mayFinish: true });
    });
    const runner = stage.start();
    await stage.prompt('Hi');
    await stage.until(() => runner.activeRuns === 1);
    await runner.drain(50);
    expect(runner.activeRuns).toBe(0);
    stage.advance(60_000);
    runner.nudge();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(runner.activeRuns).toBe(0);
    expect(await statuses(stage)).toEqual(['started']);
  });
});

describe('a store that fails', () => {
  test('kills neither the runner nor a run', async () => {
    let asked = 0;
    /** Every other question is not answered; every other one of those was carried out all the same. */
    const unreliable = (store: SessionStore): SessionStore => {
      const shaky =
        <A extends unknown[], T>(operation: (...args: A) => Promise<T>) =>
        async (...args: A): Promise<T> => {
          asked += 1;
          if (asked % 4 === 1) throw new StoreError('store-unavailable', 'lost before');
          const answer = await operation(...args);
          if (asked % 4 === 3) throw new StoreError('store-unavailable', 'lost after');
          return answer;
        };
      return {
        ...store,
        take: shaky(store.take),
        claim: shaky(store.claim),
        renew: shaky(store.renew),
        append: shaky(store.append),
        finish: shaky(store.finish),
        read: shaky(store.read),
        seal: shaky(store.seal),
        follow: shaky(store.follow),
      };
    };
    const stage = stageWith(
      async (context, input) => {
        for (const word of ['one ', 'two ', 'three']) {
          await context.run(word, async (step) => {
            if (word === 'one ') await begin(step, input.runId);
            await say(step, input.runId, word);
          });
        }
        await context.run('end', (step) => complete(step, input, context.attempt));
      },
      { wrap: unreliable },
    );
    stage.start();
    await stage.prompt('Hi');
    const { state, terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'completed', attempt: 1 }]);
    expect(stage.textOf(state.messages.at(-1))).toBe('one two three');
  });

  test('by losing the answer to the end still has one end only', async () => {
    const stage = stageWith(
      async (context, input) => {
        await context.run('end', (step) => complete(step, input, context.attempt));
      },
      { wrap: (store) => withFaults(store, (write) => (write <= 3 ? 'lost-after' : 'none')) },
    );
    const runner = stage.start();
    await stage.prompt('Hi');
    expect((await stage.ended()).terminals).toHaveLength(1);
    await stage.until(() => runner.activeRuns === 0);
    expect((await stage.ended()).terminals).toHaveLength(1);
  });
});
