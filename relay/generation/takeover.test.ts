import { describe, expect, test } from 'vitest';
import type { StreamMessage } from '#shared/protocol.ts';
import { createModel } from './models/index.ts';
import { createDemoModel } from './models/demo/demo-model.ts';
import { startOpenAiServer, type ScriptLine } from './testing/openai-server.ts';
import { createStage, type Stage, type StageOptions } from './testing/stage.ts';

const PROMPT = '/long 300';

/** The demo model's answer when nothing interrupts it. */
async function wholeAnswer(): Promise<string> {
  await using stage = createStage({ model: createDemoModel({ tokensPerSecond: 100_000 }) });
  stage.start();
  await stage.prompt(PROMPT);
  return stage.textOf((await stage.ended()).state.messages.at(-1));
}

async function partialText(stage: Stage): Promise<string> {
  const reply = (await stage.read()).state.messages.at(-1);
  return reply?.role === 'assistant' ? stage.textOf(reply) : '';
}

function chunksAfterRestart(messages: readonly StreamMessage[]): string[] {
  const from = messages.findIndex((message) => message.type === 'metadata' && message.status === 'restarted');
  return messages.slice(from + 1).flatMap((message) => (message.type === 'chunk' ? [message.chunk.type] : []));
}

/** A first relay writes some of its reply and dies or drains; a second one takes over. */
async function takeOver(options: StageOptions, leave: 'dies' | 'drains') {
  const stage = createStage({
    ...options,
    // A process that has died releases nothing.
    wrap: (store) => (leave === 'dies' ? { ...store, release: () => new Promise<never>(() => {}) } : store),
  });
  const first = stage.start();
  await stage.prompt(PROMPT);
  await stage.until(async () => (await partialText(stage)).length > 20);
  await first.drain(leave === 'dies' ? 0 : 5000);
  const partial = await partialText(stage);
  if (leave === 'dies') stage.advance(60_000);
  stage.start();
  return { stage, partial, ...(await stage.ended()), [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

describe('a reply whose relay is gone', () => {
  test.each<['dies' | 'drains', number]>([
    ['dies', 2],
    ['drains', 1],
  ])('in the middle is written again under takeover restart (the relay %s)', async (leave, attempt) => {
    await using taken = await takeOver({ model: createDemoModel({ tokensPerSecond: 400 }) }, leave);
    const { stage, messages, state, terminals } = taken;
    expect(messages.find((message) => message.type === 'metadata' && message.status === 'restarted')).toMatchObject({
      reset: true,
      steps: 0,
      attempt,
    });
    expect(chunksAfterRestart(messages).slice(0, 3)).toEqual(['start-step', 'text-start', 'text-delta']);
    expect(terminals).toMatchObject([{ status: 'completed', attempt }]);
    expect(stage.textOf(state.messages.at(-1))).toBe(await wholeAnswer());
  });

  test.each<'dies' | 'drains'>(['dies', 'drains'])(
    'in the middle of its text continues with the next word under takeover continue (the relay %s)',
    async (leave) => {
      const model = createDemoModel({ tokensPerSecond: 400 });
      await using taken = await takeOver({ model, engine: { takeover: 'continue' } }, leave);
      const { stage, messages, state, partial, terminals } = taken;
      const restarted = messages.find((message) => message.type === 'metadata' && message.status === 'restarted');
      expect(restarted).toBeDefined();
      expect(restarted).not.toHaveProperty('reset');
      const after = chunksAfterRestart(messages);
      expect(new Set(after.slice(0, -3))).toEqual(new Set(['text-delta']));
      expect(after.slice(-3)).toEqual(['text-end', 'finish-step', 'finish']);
      const text = stage.textOf(state.messages.at(-1));
      expect(text.startsWith(partial)).toBe(true);
      expect(text).toBe(await wholeAnswer());
      expect(state.messages.at(-1)?.parts.map(({ type }) => type)).toEqual(['step-start', 'text']);
      expect(terminals).toMatchObject([{ status: 'completed' }]);
    },
  );

  test.each<[string, ScriptLine, string[]]>([
    [
      'thinks first',
      { kind: 'ok', reasoning: ['Where was I?'], words: ['and ', 'on.'] },
      ['text-delta', 'text-end', 'finish-step', 'finish'],
    ],
    ['has nothing to add', { kind: 'ok', words: [] }, ['text-end', 'finish-step', 'finish']],
  ])('continues in the open text part when the model %s', async (_, line, kinds) => {
    await using server = await startOpenAiServer(
      { kind: 'words-then-stall', words: ['A first half of an answer '] },
      line,
    );
    const model = createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: server.baseUrl });
    await using taken = await takeOver({ model, engine: { takeover: 'continue' } }, 'drains');
    const { messages, terminals, state } = taken;
    const after = chunksAfterRestart(messages);
    expect(after.filter((kind, index) => kind !== after[index - 1])).toEqual(kinds);
    expect(terminals).toMatchObject([{ status: 'completed' }]);
    expect(server.requests[1]?.body.messages.at(-1)).toMatchObject({
      role: 'assistant',
      content: 'A first half of an answer ',
    });
    expect(state.messages.at(-1)?.parts.filter(({ type }) => type === 'text')).toMatchObject([{ state: 'done' }]);
  });
});

test('Stop aborts the model call at once, even while the model is silent', async () => {
  await using server = await startOpenAiServer({ kind: 'words-then-stall' });
  const model = createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: server.baseUrl });
  await using stage = createStage({ model, engine: { leaseMs: 60_000 } });
  const engine = stage.start();
  await stage.prompt('Hello?');
  await stage.until(async () => (await partialText(stage)) !== '');
  await stage.store.cancel(stage.sessionId, { token: 'cancel-1' });
  // Through the live channel: the next renewal is 20 s away.
  await stage.until(() => server.requests[0]?.left.aborted);
  await stage.until(() => engine.activeRuns === 0);
  const { terminals, state } = await stage.ended();
  expect(terminals).toMatchObject([{ status: 'cancelled' }]);
  expect(stage.textOf(state.messages.at(-1))).toBe('Hello from the other side.');
});
