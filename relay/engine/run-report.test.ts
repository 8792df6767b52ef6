import { MockLanguageModelV4, simulateReadableStream } from 'ai/test';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createProblem } from '#shared/problem.ts';
import { createStage, type Stage, type StageOptions } from '../generation/testing/stage.ts';
import { sleep } from '../util/sleep.ts';
import { FatalError, RetryableError } from './errors.ts';
import { stageWith, type Body } from './testing/scripted-run.ts';
import { begin, complete, say } from './testing/scripted-steps.ts';

/** The lines about runs, at info: one for each execution that is over. */
function runLines(stage: Stage) {
  return stage.log.filter(({ level, message }) => level === 'info' && message.startsWith('Run'));
}

async function firstLine(stage: Stage) {
  return await stage.until(() => runLines(stage)[0]);
}

/** Says a word, then waits until it is stopped. */
const talkOn: Body = async (context, { runId }) => {
  await context.run('talk', async (step) => {
    await begin(step, runId);
    await say(step, runId, 'word');
    await sleep(60_000, step.signal);
  });
};

async function stageThatTalks(options: Omit<StageOptions, 'workflow'> = {}) {
  const stage = stageWith(talkOn, options);
  const engine = stage.start();
  const runId = await stage.prompt('Hi');
  await stage.until(async () => stage.textOf((await stage.read()).state.messages.at(-1)) === 'word');
  return { stage, engine, runId };
}

describe('the line of a run', () => {
  test('says how it ended, which model answered, what it took, and how long', async () => {
    const usage = {
      inputTokens: { total: 11, noCache: 11, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 22, text: 22, reasoning: 0 },
    };
    const model = new MockLanguageModelV4({
      modelId: 'a-model',
      doStream: async () => ({
        stream: simulateReadableStream({
          initialDelayInMs: 60,
          chunkDelayInMs: 20,
          chunks: [
            { type: 'stream-start', warnings: [] },
            { type: 'text-start', id: '1' },
            { type: 'text-delta', id: '1', delta: 'Hello.' },
            { type: 'text-end', id: '1' },
            { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage },
          ],
        }),
      }),
    });
    const stage = createStage({ model });
    onTestFinished(() => stage[Symbol.asyncDispose]());
    stage.start();
    const runId = await stage.prompt('Hi');
    const line = await firstLine(stage);
    expect(line).toEqual({
      level: 'info',
      message: 'Run completed',
      fields: {
        session: stage.sessionId.slice(0, 8),
        run: runId.slice(0, 8),
        outcome: 'completed',
        finishReason: 'stop',
        model: 'a-model',
        inputTokens: 11,
        outputTokens: 22,
        firstTokenMs: expect.any(Number),
        totalMs: expect.any(Number),
        attempts: 1,
      },
    });
    const { firstTokenMs, totalMs } = line.fields as { firstTokenMs: number; totalMs: number };
    expect(firstTokenMs).toBeGreaterThanOrEqual(60);
    expect(totalMs).toBeGreaterThan(firstTokenMs);
    expect(runLines(stage)).toHaveLength(1);
  });

  test('names the problem of a run that failed', async () => {
    const stage = stageWith(async () => {
      throw new FatalError(createProblem('model-timeout'));
    });
    stage.start();
    await stage.prompt('Hi');
    expect(await firstLine(stage)).toMatchObject({
      message: 'Run failed',
      fields: { outcome: 'failed', code: 'model-timeout', attempts: 1 },
    });
  });

  test('is one for each attempt, and names the problem of one that is retried', async () => {
    const stage = stageWith(async (context, input) => {
      if (context.attempt === 1) throw new RetryableError(createProblem('model-failed'), { retryAfterMs: 0 });
      await context.run('end', (step) => complete(step, input, context.attempt));
    });
    stage.start();
    await stage.prompt('Hi');
    await stage.until(() => runLines(stage).length === 2);
    expect(runLines(stage)).toMatchObject([
      {
        message: 'Run given back: it will be retried',
        fields: { outcome: 'retried', code: 'model-failed', attempts: 1 },
      },
      { message: 'Run completed', fields: { outcome: 'completed', attempts: 2 } },
    ]);
  });

  test('says that a run was cancelled, and nothing of a lost lease', async () => {
    const { stage } = await stageThatTalks();
    await stage.store.cancel(stage.sessionId, { token: 'cancel-1' });
    expect(await firstLine(stage)).toMatchObject({ message: 'Run cancelled', fields: { outcome: 'cancelled' } });
    expect(stage.log.filter(({ message }) => message.includes('lost'))).toEqual([]);
  });

  test('says that a session was deleted', async () => {
    const { stage } = await stageThatTalks();
    await stage.store.delete(stage.sessionId);
    expect(await firstLine(stage)).toMatchObject({
      message: 'Run stopped: its session was deleted',
      fields: { outcome: 'deleted' },
    });
  });

  test('says that a run was handed over', async () => {
    const { stage, engine } = await stageThatTalks();
    await engine.drain(10_000);
    expect(await firstLine(stage)).toMatchObject({
      message: 'Run handed over to another relay',
      fields: { outcome: 'handed-over', attempts: 1 },
    });
  });

  test('says that the lease was lost to another relay, when it was', async () => {
    const { stage } = await stageThatTalks({ engine: { leaseMs: 60_000 } });
    stage.advance(120_000);
    const claim = { token: 'other', owner: 'other', leaseMs: 60_000, maxAttempts: 3 };
    await stage.store.claim(stage.sessionId, { ...claim, takeover: { kind: 'restart' } });
    expect(await firstLine(stage)).toMatchObject({
      message: 'Run stopped: the lease was lost to another relay',
      fields: { outcome: 'lost' },
    });
  });

  test('says that a run was abandoned, when the process had no time to give it back', async () => {
    const { stage, engine } = await stageThatTalks({
      wrap: (store) => ({ ...store, release: () => new Promise<never>(() => {}) }),
    });
    await engine.drain(0);
    expect(await firstLine(stage)).toMatchObject({ fields: { outcome: 'abandoned', attempts: 1 } });
  });

  test('is written for a run that its claim has ended, too', async () => {
    const { stage, engine, runId } = await stageThatTalks({
      engine: { maxAttempts: 1 },
      wrap: (store) => ({ ...store, release: () => new Promise<never>(() => {}) }),
    });
    await engine.drain(0);
    stage.advance(60_000);
    stage.start();
    await stage.until(() => runLines(stage).length === 2);
    expect(runLines(stage)[1]).toMatchObject({
      message: 'Run failed',
      fields: { run: runId.slice(0, 8), outcome: 'failed', code: 'attempts-exhausted', attempts: 1 },
    });
  });
});
