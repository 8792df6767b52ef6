import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { tool } from 'ai';
import { MockLanguageModelV4, simulateReadableStream } from 'ai/test';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { createRelay } from './app.ts';
import { openSqliteStore } from './store/sqlite/open-sqlite-store.ts';
import { bearer, json, SECRET } from './testing/relay-stage.ts';
import type { RelayOptions } from './relay-options.ts';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const model = new MockLanguageModelV4();

function createWith(options: Partial<RelayOptions>) {
  const store = openSqliteStore({ path: ':memory:', ttlMs: 60_000 });
  return { store, create: () => createRelay({ store, model, secret: SECRET, logger, ...options }) };
}

it('asks the model at once when a prompt is accepted, however rarely it polls', async () => {
  let asked = 0;
  const store = openSqliteStore({ path: ':memory:', ttlMs: 60_000 });
  const relay = createRelay({
    store: { ...store, pace: { batchMs: 0, pollMs: 60_000 } },
    model: new MockLanguageModelV4({
      doStream: async () => {
        asked += 1;
        return { stream: simulateReadableStream({ chunks: [] }) };
      },
    }),
    secret: SECRET,
    logger,
  });
  relay.start();
  // The poll with which the relay begins is over: from here on only the prompt itself can lead to its run.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const minted = await relay.fetch(new Request('http://relay.example/api/sessions', json({})));
  const { sessionId, token } = (await minted.json()) as { sessionId: string; token: string };
  const prompt = json({ sessionId, prompt: 'Hello?' }, token);
  expect((await relay.fetch(new Request('http://relay.example/api/llm-stream', prompt))).status).toBe(202);
  await expect.poll(() => asked, { timeout: 1000, interval: 10 }).toBe(1);
  await relay.close();
  await store.close();
});

it.each<[string, Partial<RelayOptions>, string]>([
  ['a proxy that is no address', { trustedProxies: ['10.0.0.0/8', 'nginx'] }, 'nginx'],
  [
    'an origin with a path',
    { origins: { allowed: ['https://shop.example/'], loopback: false } },
    'https://shop.example/',
  ],
  ['a secret that is too short', { secret: 'short' }, 'at least 16 bytes'],
  ['prompts larger than their body', { limits: { maxPromptBytes: 4096, maxBodyBytes: 4096 } }, 'limits.maxPromptBytes'],
])('refuses %s when it is created', async (_, options, message) => {
  const { store, create } = createWith(options);
  expect(create).toThrow(message);
  await store.close();
});

it('asks the model no more often in one reply than maxTurns allows, whatever it calls', async () => {
  const call: LanguageModelV4StreamPart[] = [
    { type: 'stream-start', warnings: [] },
    { type: 'tool-call', toolCallId: 'c', toolName: 'again', input: '{}' },
    {
      type: 'finish',
      finishReason: { unified: 'tool-calls', raw: 'tool_calls' },
      usage: {
        inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: 1, text: 1, reasoning: 0 },
      },
    },
  ];
  let asked = 0;
  const { store, create } = createWith({
    maxTurns: 2,
    tools: { again: tool({ inputSchema: z.object({}), execute: () => 'done' }) },
    model: new MockLanguageModelV4({
      doStream: async () => {
        asked += 1;
        const chunks = call.map((part) => (part.type === 'tool-call' ? { ...part, toolCallId: `c${asked}` } : part));
        return { stream: simulateReadableStream({ chunks }) };
      },
    }),
  });
  const relay = create();
  relay.start();
  const request = async (path: string, init: RequestInit) =>
    (await (await relay.fetch(new Request(`http://relay.example${path}`, init))).json()) as Record<string, string>;
  const { sessionId = '', token = '' } = await request('/api/sessions', json({}));
  await request('/api/llm-stream', json({ sessionId, prompt: 'Again?' }, token));
  const state = () => request(`/api/sessions/${sessionId}`, { headers: bearer(token) });
  await expect.poll(async () => JSON.stringify(await state()), { timeout: 5000 }).toContain('"completed"');
  expect(asked).toBe(2);
  await relay.close();
  await store.close();
});
