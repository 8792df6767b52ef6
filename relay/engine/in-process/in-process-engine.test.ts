import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Stage } from '../../generation/testing/stage.ts';
import type { SessionStore } from '../../store/session-store.ts';
import { StoreError } from '../../store/store-error.ts';
import { sleep } from '../../util/sleep.ts';
import { withFaults } from '../testing/faulty-store.ts';
import { endAtOnce, isIdle, stageWith, statusesOf, submitPrompt, type Body } from '../testing/scripted-run.ts';
import { begin, complete, say } from '../testing/scripted-steps.ts';

async function completedReplies(stage: Stage): Promise<number> {
  const { state } = await stage.read();
  return state.messages.filter(({ metadata }) => metadata?.run?.status === 'completed').length;
}

describe('the in-process engine', () => {
  test('executes a due run to its end, seals the transcript, and is idle again', async () => {
    const stage = stageWith(async (context, input) => {
      await context.run('say', async (step) => {
        await begin(step, input.runId);
        await say(step, input.runId, 'Hello.');
      });
      await context.run('end', (step) => complete(step, input, context.attempt));
    });
    const engine = stage.start();
    for (const _ of ['first', 'second']) {
      await stage.prompt('Hi');
      const { state } = await stage.ended();
      expect(state.messages.at(-1)?.metadata?.run).toMatchObject({ status: 'completed' });
    }
    await stage.until(() => engine.activeRuns === 0);
    const { sealed, state } = await stage.read();
    expect(sealed).not.toBe('0-0');
    expect(state.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  });

  test('executes the next prompt of a session while the previous run is still being sealed', async () => {
    const gate = Promise.withResolvers<void>();
    let seals = 0;
    const stage = stageWith(endAtOnce, {
      engine: { pollMs: 60_000 },
      wrap: (store) => ({
        ...store,
        async seal(...args) {
          seals += 1;
          if (seals === 1) await gate.promise;
          return await store.seal(...args);
        },
      }),
    });
    const engine = stage.start();
    await stage.prompt('First');
    await stage.until(() => seals === 1);
    await stage.prompt('Second');
    await vi.waitFor(async () => expect(await completedReplies(stage)).toBe(2), 2000);
    gate.resolve();
    await stage.until(() => engine.activeRuns === 0);
  });

  test('polls again for a session that was due before its last run had heard of its own end', async () => {
    const accepted = Promise.withResolvers<void>();
    let finishes = 0;
    const stage = stageWith(endAtOnce, {
      engine: { pollMs: 60_000 },
      wrap: (store) => ({
        ...store,
        async finish(...args) {
          const answer = await store.finish(...args);
          finishes += 1;
          if (finishes === 1) await accepted.promise;
          return answer;
        },
      }),
    });
    stage.start();
    await stage.prompt('First');
    await stage.until(() => finishes === 1);
    await stage.prompt('Second');
    await sleep(100, new AbortController().signal);
    accepted.resolve();
    await vi.waitFor(async () => expect(await completedReplies(stage)).toBe(2), 2000);
  });

  test('finds a run that was not dispatched', async () => {
    const stage = stageWith(endAtOnce);
    await stage.prompt('Hi');
    stage.start();
    expect((await stage.ended()).terminals).toHaveLength(1);
  });

  test('executes no more than maxRuns at the same time, and all of them in the end', async () => {
    let running = 0;
    let most = 0;
    const body: Body = async (context, input) => {
      most = Math.max(most, (running += 1));
      await sleep(20, context.signal);
      running -= 1;
      await context.run('end', (step) => complete(step, input, context.attempt));
    };
    const stage = stageWith(body, { engine: { maxRuns: 2, pollMs: 10_000 } });
    const sessions = Array.from({ length: 7 }, (_, index) => `session-number-${index}`);
    for (const sessionId of sessions) await submitPrompt(stage.store, sessionId);
    stage.start();
    await stage.until(async () => {
      const heads = await Promise.all(sessions.map((sessionId) => stage.store.head(sessionId)));
      return heads.every(isIdle);
    });
    expect(most).toBe(2);
  });

  test('keeps a lease for as long as the run takes', async () => {
    const stage = stageWith(
      async (context, input) => {
        await context.run('wait', (step) => sleep(700, step.signal));
        await context.run('end', (step) => complete(step, input, context.attempt));
      },
      { engine: { leaseMs: 200 } },
    );
    stage.start();
    stage.start();
    await stage.prompt('Hi');
    await stage.ended();
    expect(await statusesOf(stage)).toEqual(['started', 'completed']);
  });
});

describe('draining', () => {
  test('stores what was emitted before it gives the run back, without counting an attempt', async () => {
    let executions = 0;
    const gate = Promise.withResolvers<void>();
    const said = Promise.withResolvers<void>();
    const stage = stageWith(
      async (context, input) => {
        executions += 1;
        if (executions === 1) {
          await context.run('talk', async (step) => {
            await begin(step, input.runId);
            for (const word of ['one ', 'two ', 'three']) await say(step, input.runId, word);
            // The test drains in the very tick of the last word.
            said.resolve();
            await sleep(60_000, step.signal);
          });
        }
        await context.run('end', (step) => complete(step, input, context.attempt));
      },
      {
        wrap: (store) => ({
          ...store,
          async append(...args) {
            await gate.promise;
            return await store.append(...args);
          },
        }),
      },
    );
    const first = stage.start();
    await stage.prompt('Hi');
    await said.promise;
    const drained = first.drain(60_000);
    await sleep(50, new AbortController().signal);
    expect(first.activeRuns).toBe(1);
    gate.resolve();
    await drained;
    expect(first.activeRuns).toBe(0);
    expect(stage.textOf((await stage.read()).state.messages.at(-1))).toBe('one two three');
    stage.start();
    const { terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'completed', attempt: 1 }]);
  });

  test('hands the run over to an engine that hears of it, before the next poll', async () => {
    const executions: number[] = [];
    const stage = stageWith(
      async (context, input) => {
        executions.push(context.attempt);
        if (executions.length === 1) await context.run('wait', (step) => sleep(60_000, step.signal));
        await context.run('end', (step) => complete(step, input, context.attempt));
      },
      // Neither polls again while the test lasts: not for the lease either, which lasts longer.
      { engine: { pollMs: 3_600_000, leaseMs: 3_600_000 } },
    );
    await stage.prompt('Hi');
    const first = stage.start();
    await stage.until(() => executions.length === 1);
    stage.start();
    await first.drain(10_000);
    const { terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'completed', attempt: 1 }]);
    expect(executions).toEqual([1, 1]);
  });

  test('lets a step finish that may, and executes none after it', async () => {
    const ran: string[] = [];
    const gate = Promise.withResolvers<void>();
    const stage = stageWith(async (context, input) => {
      await context.run(
        'tool',
        async () => {
          ran.push('tool');
          await gate.promise;
        },
        { mayFinish: true },
      );
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

  test('cuts short what does not finish in time, and executes nothing new', async () => {
    const stage = stageWith(async (context) => {
      await context.run('tool', () => new Promise<never>(() => {}), { mayFinish: true });
    });
    const engine = stage.start();
    await stage.prompt('Hi');
    await stage.until(() => engine.activeRuns === 1);
    await engine.drain(50);
    expect(engine.activeRuns).toBe(0);
    stage.advance(60_000);
    await engine.dispatch(stage.sessionId, 'r');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(engine.activeRuns).toBe(0);
    expect(await statusesOf(stage)).toEqual(['started']);
  });
});

describe('a store that fails', () => {
  test('fails no run that could not read what it needs: it is retried', async () => {
    const stage = stageWith(
      async (context, input) => {
        if (context.attempt === 1) throw new StoreError('store-unavailable', 'away for longer than was waited for it');
        await context.run('end', (step) => complete(step, input, context.attempt));
      },
      { engine: { leaseMs: 300 } },
    );
    stage.start();
    await stage.prompt('Hi');
    const { state, terminals } = await stage.ended();
    expect(terminals).toHaveLength(1);
    expect(state.messages.at(-1)?.metadata?.run).toMatchObject({ status: 'completed', attempt: 2 });
  });

  // A session whose claim fails for five seconds is left alone for five more.
  test('kills neither the engine nor a run', { timeout: 60_000 }, async () => {
    let asked = 0;
    /** Every other operation is not answered; half of those are carried out all the same. */
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
    const { state, terminals } = await stage.ended(50_000);
    expect(terminals).toMatchObject([{ status: 'completed', attempt: 1 }]);
    expect(stage.textOf(state.messages.at(-1))).toBe('one two three');
  });

  test('that loses the answers to the end of a run has one end of it', async () => {
    const lossy = (store: SessionStore) => withFaults(store, (write) => (write <= 3 ? 'lost-after' : 'none'));
    const stage = stageWith(endAtOnce, { wrap: lossy });
    const engine = stage.start();
    await stage.prompt('Hi');
    expect((await stage.ended()).terminals).toHaveLength(1);
    await stage.until(() => engine.activeRuns === 0);
    expect((await stage.ended()).terminals).toHaveLength(1);
  });
});

describe('a session that cannot be claimed', () => {
  test('is left alone for a while, and keeps no other from running', async () => {
    // The cool-down is counted by the clock, so that the test need not wait.
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    let polls = 0;
    let claims = 0;
    let broken = '';
    const stage = stageWith(endAtOnce, {
      engine: { pollMs: 5 },
      wrap: (store) => ({
        ...store,
        take(limit) {
          polls += 1;
          return store.take(limit);
        },
        async claim(sessionId, input) {
          if (sessionId !== broken) return await store.claim(sessionId, input);
          claims += 1;
          throw new TypeError('what is kept of this session makes no sense');
        },
      }),
    });
    const pollOften = async () => {
      const enough = polls + 10;
      await stage.until(() => polls >= enough);
    };
    broken = stage.sessionId;
    await stage.prompt('Hi');
    const engine = stage.start();
    await stage.until(() => claims === 1);

    await submitPrompt(stage.store, 'another-session');
    await stage.until(async () => isIdle(await stage.store.head('another-session')));
    vi.advanceTimersByTime(4999);
    await pollOften();
    expect(claims).toBe(1);

    vi.advanceTimersByTime(1);
    await stage.until(() => claims === 2);
    await pollOften();
    expect(claims).toBe(2);
    await stage.until(() => engine.activeRuns === 0);
    expect(stage.log.filter(({ level }) => level === 'error')).toHaveLength(2);

    broken = '';
    vi.advanceTimersByTime(5000);
    expect((await stage.ended()).terminals).toMatchObject([{ status: 'completed' }]);
  });
});
