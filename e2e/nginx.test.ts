import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import { readTestSeed } from '../scripts/test-seed.ts';
import { checkSession } from '#testkit/judge/check-session.ts';
import { openModelServer, type ModelServer } from '#testkit/model-server.ts';
import { startNginx, type NginxProcess } from '#testkit/processes/nginx-process.ts';
import { createProtocolClient } from '#testkit/client/protocol-client.ts';
import { createRelayProcess, type RelayProcess } from '#testkit/processes/relay-process.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { until } from '#testkit/wait.ts';

/** The set-up of compose.yaml as processes: nginx with the configuration that is shipped, two relays, a Redis with AOF. */
let redis: RedisProcess;
let model: ModelServer;
let relays: RelayProcess[];
let nginx: NginxProcess;

beforeAll(async () => {
  redis = await startRedis({
    args: [
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--maxmemory',
      '512mb',
      '--maxmemory-policy',
      'noeviction',
    ],
  });
  model = await openModelServer(readTestSeed());
  const settings = {
    STORE: redis.url,
    RELAY_SECRET: 'of all relays that share a store',
    TRUSTED_PROXIES: '127.0.0.0/8',
    MODEL: 'openai-compatible:test',
    MODEL_BASE_URL: model.baseUrl,
    MODEL_API_KEY: 'test-key',
  };
  relays = await Promise.all([createRelayProcess(settings), createRelayProcess(settings)]);
  await Promise.all(relays.map((relay) => relay.start()));
  nginx = await startNginx(relays);
});
afterAll(async () => {
  await nginx.close();
  await Promise.all(relays.map((relay) => relay.dispose()));
  await model.close();
  await redis.destroy();
});

it('lets words through as they come', async () => {
  const client = createProtocolClient(nginx.origin);
  const credentials = await client.mint();
  const viewer = watchSession({ origin: nginx.origin, credentials });
  const turn = { prompt: 'Word by word', messageId: randomUUID() };
  model.plan(turn.prompt, { tokens: 100, tokensPerSecond: 50 });
  const { body } = await client.post(credentials, turn);
  await until('the reply has ended', () => viewer.hasEnded(body));
  await viewer.leave();
  const words = viewer.received.filter(({ frame }) => frame.message.type === 'chunk');
  const [first, last] = [words.at(0), words.at(-1)];
  expect(words.length).toBeGreaterThan(20);
  // The model takes two seconds. What is buffered comes at once.
  expect((last?.seenAt ?? 0) - (first?.seenAt ?? 0)).toBeGreaterThan(1000);
  expect(viewer.connections).toBe(1);
});

it('brings every answer whole to every viewer while the relays behind it are stopped and killed in turn', async () => {
  const client = createProtocolClient(nginx.origin);
  const talks = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      const credentials = await client.mint();
      const viewers = [0, 1].map(() => watchSession({ origin: nginx.origin, credentials }));
      const turn = { prompt: `Behind nginx, ${index}`, messageId: randomUUID() };
      model.plan(turn.prompt, { tokens: 400, tokensPerSecond: 100 });
      const { status, body } = await client.post(credentials, turn);
      expect(status).toBe(202);
      return { credentials, viewers, turn, body };
    }),
  );
  const [one, two] = relays;
  if (!one || !two) throw new Error('There are two relays.');
  await until('all have begun', () =>
    talks.every(({ viewers }) => viewers.every(({ received }) => received.length > 5)),
  );
  one.signal('SIGTERM');
  expect((await one.ended()).code).toBe(0);
  await one.start();
  await two.kill();
  await two.start();
  await until('all have ended', () =>
    talks.every(({ viewers, body }) => viewers.every((viewer) => viewer.hasEnded(body))),
  );
  for (const { credentials, viewers, turn, body } of talks) {
    for (const viewer of viewers) await viewer.leave();
    const state = (await client.state(credentials)).body;
    const turns = [{ ...turn, runId: body.runId }];
    expect(checkSession({ viewers, state, turns, model })).toMatchObject({ violations: [], completed: 1 });
  }
});

it('sends a prompt to the other relay when one drains or is down, and starts one run', async () => {
  const client = createProtocolClient(nginx.origin);
  const [one] = relays;
  if (!one) throw new Error('There are two relays.');
  await one.kill();
  for (let index = 0; index < 8; index += 1) {
    const credentials = await client.mint();
    const turn = { prompt: `One of two, ${index}`, messageId: randomUUID() };
    model.plan(turn.prompt, { tokens: 3, tokensPerSecond: 1000 });
    // Once, and not again and again until it works: nginx is to find the relay that answers.
    expect((await client.postOnce(credentials, turn))?.status).toBe(202);
  }
  await one.start();
});
