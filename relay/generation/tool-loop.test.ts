import { jsonSchema, stepCountIs, streamText, tool, type ModelMessage, type ToolSet } from 'ai';
import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '#shared/protocol.ts';
import { isToolPart } from '#shared/fold/reply.ts';
import { withFaults, type Fault, type FaultyStore } from '../engine/testing/faulty-store.ts';
import { createModel } from './models/index.ts';
import { startOpenAiServer, type OpenAiRequest, type OpenAiServer, type Reply } from './testing/openai-server.ts';
import { createStage, type Stage } from './testing/stage.ts';

const cityOf = jsonSchema<{ city: string }>({
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
});

/** Two calls in the first turn, one in the second, words in the third. */
function threeTurns({ body }: OpenAiRequest): Reply {
  const answered = body.messages.filter(({ role }) => role === 'tool').length;
  if (answered === 0) {
    return {
      kind: 'tool-calls',
      words: ['Let me ', 'look. '],
      calls: [
        { id: 'call_a', name: 'weather', input: '{"city":"Oslo"}' },
        { id: 'call_b', name: 'weather', input: '{"city":"Rome"}' },
      ],
    };
  }
  // The same id as before: some servers restart the numbers of calls with each turn.
  if (answered === 2)
    return { kind: 'tool-calls', calls: [{ id: 'call_a', name: 'weather', input: '{"city":"Paris"}' }] };
  return { kind: 'ok', words: ['All ', 'sunny.'] };
}

function connect(server: OpenAiServer) {
  return createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: server.baseUrl });
}

function weatherTools(executions: string[]): ToolSet {
  return {
    weather: tool({
      description: 'The weather in a city',
      inputSchema: cityOf,
      execute: async ({ city }) => {
        executions.push(city);
        return { city, sky: 'clear' };
      },
    }),
  };
}

function answeredCities(message: ChatMessage | undefined): string[] {
  return (message?.parts ?? []).flatMap((part) =>
    isToolPart(part) && part.state === 'output-available' ? [(part.output as { city: string }).city] : [],
  );
}

describe('a reply that calls tools', () => {
  test('writes its turns and answers to the log in the order in which they depend on each other', async () => {
    await using server = await startOpenAiServer(threeTurns);
    const executions: string[] = [];
    await using stage = createStage({ model: connect(server), tools: weatherTools(executions) });
    stage.start();
    await stage.prompt('What is the weather like?');
    const { messages, state, terminals } = await stage.ended();

    expect(executions.toSorted()).toEqual(['Oslo', 'Paris', 'Rome']);
    const kinds = messages.flatMap((message) => (message.type === 'chunk' ? [message.chunk.type] : []));
    expect(kinds.filter((kind) => /step|available$|finish$/.test(kind))).toEqual([
      'start-step',
      'tool-input-available',
      'tool-input-available',
      'finish-step',
      'tool-output-available',
      'tool-output-available',
      'start-step',
      'tool-input-available',
      'finish-step',
      'tool-output-available',
      'start-step',
      'finish-step',
      'finish',
    ]);
    expect(stage.textOf(state.messages.at(-1))).toBe('Let me look. All sunny.');
    expect(terminals).toMatchObject([
      { status: 'completed', finishReason: 'stop', usage: { inputTokens: 21, outputTokens: 15 } },
    ]);
    expect(server.requests[1]?.body.messages.slice(1)).toMatchObject([
      { role: 'assistant', content: 'Let me look. ', tool_calls: [{ id: 'call_a' }, { id: 'call_b' }] },
      { role: 'tool', tool_call_id: 'call_a', content: '{"city":"Oslo","sky":"clear"}' },
      { role: 'tool', tool_call_id: 'call_b', content: '{"city":"Rome","sky":"clear"}' },
    ]);
  });

  test('gives each tool the messages that the AI SDK would give it', async () => {
    const prompt = 'What is the weather like?';
    /** What each execution is given, by the city it is asked for. */
    const recordingTools = (given: Map<string, ModelMessage[]>): ToolSet => ({
      weather: tool({
        inputSchema: cityOf,
        execute: async ({ city }, { messages }) => {
          given.set(city, messages);
          return { city, sky: 'clear' };
        },
      }),
    });
    await using server = await startOpenAiServer(threeTurns);
    const [ours, theirs] = [new Map<string, ModelMessage[]>(), new Map<string, ModelMessage[]>()];
    await using stage = createStage({ model: connect(server), tools: recordingTools(ours) });
    stage.start();
    await stage.prompt(prompt);
    await stage.ended();
    const messages: ModelMessage[] = [{ role: 'user', content: [{ type: 'text', text: prompt }] }];
    await streamText({
      model: connect(server),
      messages,
      tools: recordingTools(theirs),
      stopWhen: stepCountIs(3),
    }).consumeStream();

    expect([...ours.keys()].toSorted()).toEqual(['Oslo', 'Paris', 'Rome']);
    expect(theirs.get('Paris')).toHaveLength(3);
    for (const [city, given] of theirs) expect(ours.get(city), city).toEqual(given);
  });

  test('sends the error of a tool to the model', async () => {
    await using server = await startOpenAiServer(
      { kind: 'tool-calls', calls: [{ id: 'call_a', name: 'weather', input: '{"city":"Oslo"}' }] },
      { kind: 'ok', words: ['I could not find out.'] },
    );
    const tools: ToolSet = {
      weather: tool({
        inputSchema: cityOf,
        execute: async ({ city }): Promise<string> => {
          throw new Error(`no such city: ${city}`);
        },
      }),
    };
    await using stage = createStage({ model: connect(server), tools });
    stage.start();
    await stage.prompt('?');
    const { state, terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'completed' }]);
    expect(state.messages.at(-1)?.parts.find(isToolPart)).toMatchObject({
      state: 'output-error',
      errorText: 'no such city: Oslo',
    });
    expect(server.requests[1]?.body.messages.at(-1)).toMatchObject({ role: 'tool', content: 'no such city: Oslo' });
  });

  test('tells the model that its call does not fit the tool, and runs nothing', async () => {
    await using server = await startOpenAiServer(
      { kind: 'tool-calls', calls: [{ id: 'call_a', name: 'nonsense', input: '{}' }] },
      { kind: 'ok', words: ['Sorry.'] },
    );
    const executions: string[] = [];
    await using stage = createStage({ model: connect(server), tools: weatherTools(executions) });
    stage.start();
    await stage.prompt('?');
    const { state, terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'completed' }]);
    expect(executions).toEqual([]);
    expect(server.requests).toHaveLength(2);
    expect(state.messages.at(-1)?.parts.find(isToolPart)).toMatchObject({ state: 'output-error' });
    expect(stage.textOf(state.messages.at(-1))).toBe('Sorry.');
  });

  test.each([
    ['that the relay cannot run', {}],
    ['that needs an approval', { execute: () => 'never', needsApproval: true }],
  ])('ends when it calls a tool %s', async (_, more) => {
    await using server = await startOpenAiServer(threeTurns);
    const tools: ToolSet = { weather: { inputSchema: cityOf, ...more } };
    await using stage = createStage({ model: connect(server), tools });
    stage.start();
    await stage.prompt('?');
    const { terminals, state } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'completed', finishReason: 'tool-calls' }]);
    expect(server.requests).toHaveLength(1);
    expect(
      state.messages
        .at(-1)
        ?.parts.filter(isToolPart)
        .map(({ state }) => state),
    ).toEqual(['output-error', 'output-error']);
  });

  test('ends after its last turn, though the model calls more tools', async () => {
    await using server = await startOpenAiServer({
      kind: 'tool-calls',
      calls: [{ id: 'call_a', name: 'weather', input: '{"city":"Oslo"}' }],
    });
    const executions: string[] = [];
    await using stage = createStage({ model: connect(server), tools: weatherTools(executions), maxTurns: 3 });
    stage.start();
    await stage.prompt('?');
    const { terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'completed', finishReason: 'tool-calls' }]);
    expect(server.requests).toHaveLength(3);
    expect(executions).toEqual(['Oslo', 'Oslo']);
  });

  test('ends as a timeout when a tool exceeds the total time, even one that ignores its signal', async () => {
    await using server = await startOpenAiServer(threeTurns);
    const tools: ToolSet = { weather: tool({ inputSchema: cityOf, execute: () => new Promise<string>(() => {}) }) };
    const timeouts = { firstChunkMs: 5000, chunkMs: 5000, totalMs: 300 };
    await using stage = createStage({ model: connect(server), tools, timeouts });
    const engine = stage.start();
    await stage.prompt('?');
    const { messages, terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'failed' }]);
    expect(messages.at(-2)).toMatchObject({ problem: { code: 'model-timeout' } });
    await stage.until(() => engine.activeRuns === 0);
  });

  test('fails when the answers of a tool outgrow the log, and does not report that as an error of the tool', async () => {
    await using server = await startOpenAiServer(threeTurns);
    const tools: ToolSet = {
      weather: tool({
        inputSchema: cityOf,
        async *execute() {
          for (let index = 0; index < 4; index += 1) yield 'x'.repeat(3_000_000);
        },
      }),
    };
    await using stage = createStage({ model: connect(server), tools });
    stage.start();
    await stage.prompt('?');
    const { messages, terminals } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'failed' }]);
    expect(messages.at(-2)).toMatchObject({
      problem: { code: 'model-failed', retryable: false, detail: 'The answer grew longer than one answer may be.' },
    });
    expect(messages.some((message) => message.type === 'chunk' && message.chunk.type === 'tool-output-error')).toBe(
      false,
    );
    expect(server.requests).toHaveLength(1);
  });

  test('emits the values that a tool yields as preliminary answers', async () => {
    await using server = await startOpenAiServer(threeTurns);
    const tools: ToolSet = {
      weather: tool({
        inputSchema: cityOf,
        async *execute({ city }) {
          yield { city, sky: 'looking' };
          yield { city, sky: 'clear' };
        },
      }),
    };
    await using stage = createStage({ model: connect(server), tools });
    stage.start();
    await stage.prompt('?');
    const { messages, state } = await stage.ended();
    expect(JSON.stringify(messages)).toContain('"output":{"city":"Rome","sky":"looking"},"preliminary":true');
    expect(answeredCities(state.messages.at(-1))).toEqual(['Oslo', 'Rome', 'Paris']);
  });
});

describe('a takeover in the middle of a tool loop', () => {
  /** The relay dies at its n-th write; then another one takes over. */
  async function dieAtWrite(n: number, how: Fault) {
    await using server = await startOpenAiServer(threeTurns);
    const executions: string[] = [];
    const faulty: FaultyStore[] = [];
    let dead = false;
    await using stage = createStage({
      model: connect(server),
      tools: weatherTools(executions),
      wrap: (store) => {
        const wrapped = withFaults(store, (write) => {
          if (dead || write !== n) return 'none';
          dead = true;
          return how;
        });
        faulty.push(wrapped);
        return wrapped;
      },
    });
    const first = stage.start();
    await stage.prompt('What is the weather like?');
    await stage.until(async () => dead || (await stage.read()).run === null);
    const died = dead;
    if (died) await Promise.all(faulty.map(({ faulted }) => faulted));
    await first.drain(0);
    const stored = await citiesInLog(stage);
    const before = executions.length;
    stage.advance(60_000);
    stage.start();
    const { state, terminals, messages } = await stage.ended();
    return {
      died,
      stored,
      before: executions.slice(0, before),
      after: executions.slice(before),
      reply: state.messages.at(-1),
      terminals,
      messages,
      text: stage.textOf(state.messages.at(-1)),
    };
  }

  async function citiesInLog(stage: Stage): Promise<string[]> {
    return (await stage.messages()).flatMap((message) =>
      message.type === 'chunk' && message.chunk.type === 'tool-output-available'
        ? [(message.chunk.output as { city: string }).city]
        : [],
    );
  }

  test.each<Fault>(['hangs-before', 'hangs-after'])(
    'at any write (%s) runs no tool again that has answered, and ends with the same reply',
    async (how) => {
      let points = 0;
      for (let n = 1; n < 100; n += 1) {
        const { died, stored, after, reply, terminals, text } = await dieAtWrite(n, how);
        expect(text, `write ${n}`).toBe('Let me look. All sunny.');
        expect(answeredCities(reply), `write ${n}`).toEqual(['Oslo', 'Rome', 'Paris']);
        expect(terminals, `write ${n}`).toHaveLength(1);
        expect(terminals[0]).toMatchObject({ status: 'completed' });
        expect(
          after.filter((city) => stored.includes(city)),
          `write ${n}`,
        ).toEqual([]);
        if (!died) break;
        points = n;
      }
      // At least a write each for the start, three turns, three answers and the end.
      expect(points).toBeGreaterThanOrEqual(8);
    },
    60_000,
  );
});
