import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { createModel } from '../index.ts';
import { createStage } from '../../testing/stage.ts';

const API_KEY = 'gateway-key-that-nobody-may-see';

/** A server that speaks the AI Gateway's protocol as far as a streamed answer needs it. */
async function startGateway(answer: (response: ServerResponse) => void) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    request.resume().on('end', () => answer(response));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    requests,
    baseUrl: `http://127.0.0.1:${port}/v4/ai`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function gatewayModel(baseUrl: string) {
  return createModel({ MODEL: 'gateway:openai/gpt-5', MODEL_BASE_URL: baseUrl, MODEL_API_KEY: API_KEY });
}

const usage = {
  inputTokens: { total: 3, noCache: 3, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 2, text: 2, reasoning: 0 },
};
const WORDS = ['Good ', 'evening.'];

test('a model of the AI Gateway answers', async () => {
  await using gateway = await startGateway((response) => {
    const parts: object[] = [
      { type: 'stream-start', warnings: [] },
      { type: 'text-start', id: '1' },
      ...WORDS.map((delta) => ({ type: 'text-delta', id: '1', delta })),
      { type: 'text-end', id: '1' },
      { type: 'finish', finishReason: { unified: 'stop', raw: 'stop' }, usage },
    ];
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(parts.map((part) => `data: ${JSON.stringify(part)}\n\n`).join(''));
  });
  await using stage = createStage({ model: gatewayModel(gateway.baseUrl) });
  stage.start();
  await stage.prompt('Hello?');
  const { terminals, state } = await stage.ended();
  expect(terminals).toMatchObject([{ status: 'completed', finishReason: 'stop' }]);
  expect(stage.textOf(state.messages.at(-1))).toBe(WORDS.join(''));
  expect(gateway.requests[0]?.headers).toMatchObject({
    authorization: `Bearer ${API_KEY}`,
    'ai-language-model-id': 'openai/gpt-5',
  });
});

test.each([
  [401, 'authentication_error', 'MODEL_API_KEY'],
  [404, 'model_not_found', 'MODEL'],
])(
  'a refusal by the AI Gateway with %i (%s) tells the operator to check %s, and is not retried',
  async (status, type, setting) => {
    await using gateway = await startGateway((response) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: `no: ${API_KEY}`, type } }));
    });
    await using stage = createStage({ model: gatewayModel(gateway.baseUrl) });
    stage.start();
    await stage.prompt('Hello?');
    const { terminals, state } = await stage.ended();
    expect(terminals).toMatchObject([{ status: 'failed' }]);
    expect(state.messages.at(-1)?.metadata?.run?.problem).toMatchObject({ code: 'model-failed', retryable: false });
    expect(gateway.requests).toHaveLength(1);
    const error = stage.log.find(({ level }) => level === 'error');
    expect(error?.message).toContain(setting);
    expect(JSON.stringify(stage.log)).not.toContain(API_KEY);
  },
);
