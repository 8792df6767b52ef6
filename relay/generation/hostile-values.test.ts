import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { jsonSchema, tool } from 'ai';
import { expect, test } from 'vitest';
import { isToolPart } from '#shared/fold/reply.ts';
import { TOO_DEEP_INPUT } from '#shared/fold/bound-depth.ts';
import { sealSession } from '../store/seal-session.ts';
import { createModel } from './models/index.ts';
import { startOpenAiServer } from './testing/openai-server.ts';
import { createPartsModel, FINISH, streamOf } from './testing/parts-model.ts';
import { createStage, type Stage } from './testing/stage.ts';

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const deep = (levels: number) => JSON.parse(nested(levels));

/** Asks twice; the conversation is read, sealed and sent to the model again in between. */
async function askTwice(stage: Stage) {
  stage.start();
  await stage.prompt('First?');
  const { state } = await stage.ended();
  const first = JSON.stringify(state.messages);
  await sealSession(stage.store, stage.sessionId);
  await stage.prompt('Second?');
  const second = await stage.ended();
  expect(second.state.messages).toHaveLength(4);
  expect(JSON.stringify(second.state.messages.slice(0, 2))).toBe(first);
  expect(second.state.messages[3]?.metadata?.run?.status).toBe('completed');
  return state.messages[1];
}

test.each([65, 1000, 8000])('a tool is not run with an input of %i levels; the model is told', async (levels) => {
  const input = nested(levels);
  await using server = await startOpenAiServer(({ body }) =>
    body.messages.some(({ role }) => role === 'tool')
      ? { kind: 'ok', words: ['Then ', 'not.'] }
      : { kind: 'tool-calls', calls: [{ id: 'call_a', name: 'weather', input }] },
  );
  const executions: unknown[] = [];
  const execute = async (value: unknown) => void executions.push(value);
  await using stage = createStage({
    model: createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: server.baseUrl }),
    tools: { weather: tool({ inputSchema: jsonSchema({}), execute }) },
  });
  const message = await askTwice(stage);
  expect(executions).toEqual([]);
  const call = message?.parts.find(isToolPart);
  expect(call).toMatchObject({ state: 'output-error', input, errorText: TOO_DEEP_INPUT });
  expect(stage.textOf(message)).toBe('Then not.');
  const told = server.requests[1]?.body.messages.find(({ role }) => role === 'tool');
  expect(told?.content).toBe(TOO_DEEP_INPUT);
});

test('an input of 64 levels is left as it is', async () => {
  await using server = await startOpenAiServer(({ body }) =>
    body.messages.some(({ role }) => role === 'tool')
      ? { kind: 'ok' }
      : { kind: 'tool-calls', calls: [{ id: 'call_a', name: 'weather', input: nested(64) }] },
  );
  const executions: unknown[] = [];
  const execute = async (value: unknown) => executions.push(value);
  await using stage = createStage({
    model: createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: server.baseUrl }),
    tools: { weather: tool({ inputSchema: jsonSchema({}), execute }) },
  });
  await askTwice(stage);
  expect(executions).toEqual([deep(64)]);
});

test.each([
  [200, nested(200)],
  [3000, nested(3000)],
])('an output of %i levels is kept as its text', async (levels, text) => {
  await using server = await startOpenAiServer(({ body }) =>
    body.messages.some(({ role }) => role === 'tool')
      ? { kind: 'ok' }
      : { kind: 'tool-calls', calls: [{ id: 'call_a', name: 'weather', input: '{}' }] },
  );
  await using stage = createStage({
    model: createModel({ MODEL: 'openai-compatible:m', MODEL_BASE_URL: server.baseUrl }),
    tools: { weather: tool({ inputSchema: jsonSchema({}), execute: async () => deep(levels) }) },
  });
  const message = await askTwice(stage);
  expect(message?.parts.find(isToolPart)).toMatchObject({ state: 'output-available', output: text });
});

const TEXT: LanguageModelV4StreamPart[] = [
  { type: 'text-start', id: 't' },
  { type: 'text-delta', id: 't', delta: 'Hello.' },
  { type: 'text-end', id: 't' },
];
const METADATA = { provider: { value: deep(8000) } };

test.each<[string, LanguageModelV4StreamPart[]]>([
  ['a text’s metadata', [{ type: 'text-start', id: 'a', providerMetadata: METADATA }]],
  [
    'a delta’s metadata',
    [
      { type: 'text-start', id: 'a' },
      { type: 'text-delta', id: 'a', delta: 'x', providerMetadata: METADATA },
    ],
  ],
  ['reasoning’s metadata', [{ type: 'reasoning-start', id: 'r', providerMetadata: METADATA }]],
  [
    'a source’s title',
    [{ type: 'source', sourceType: 'url', id: 's', url: 'https://example.com/', title: deep(8000) }],
  ],
  [
    'a source’s metadata',
    [{ type: 'source', sourceType: 'url', id: 's', url: 'https://example.com/', providerMetadata: METADATA }],
  ],
  [
    'a file’s metadata',
    [{ type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AAAA' }, providerMetadata: METADATA }],
  ],
  ['a custom part', [{ type: 'custom', kind: 'a.b', providerMetadata: METADATA }]],
  [
    'the answer of a provider’s tool',
    [
      { type: 'tool-call', toolCallId: 'c', toolName: 'search', input: '{}', providerExecuted: true, dynamic: true },
      { type: 'tool-result', toolCallId: 'c', toolName: 'search', result: deep(8000), dynamic: true },
    ],
  ],
  [
    'the error of a provider’s tool',
    [
      { type: 'tool-call', toolCallId: 'c', toolName: 'search', input: '{}', providerExecuted: true, dynamic: true },
      { type: 'tool-result', toolCallId: 'c', toolName: 'search', result: deep(8000), isError: true, dynamic: true },
    ],
  ],
  [
    'the input of a provider’s tool',
    [
      {
        type: 'tool-call',
        toolCallId: 'c',
        toolName: 'search',
        input: nested(8000),
        providerExecuted: true,
        dynamic: true,
      },
    ],
  ],
  [
    'a tool call’s metadata',
    [
      {
        type: 'tool-call',
        toolCallId: 'c',
        toolName: 'search',
        input: '{}',
        providerExecuted: true,
        dynamic: true,
        providerMetadata: METADATA,
      },
    ],
  ],
])('a deep value in %s leaves the conversation as it is', async (_, parts) => {
  await using stage = createStage({ model: createPartsModel(() => streamOf([...parts, ...TEXT, FINISH])) });
  expect(stage.textOf(await askTwice(stage))).toContain('Hello.');
});
