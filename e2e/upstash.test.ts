import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { startRedis } from '#testkit/processes/redis/redis-process.ts';
import { startRestBridge } from '#testkit/processes/redis/rest-bridge.ts';
import { checkSession } from '#testkit/judge/check-session.ts';
import { createProtocolClient } from '#testkit/client/protocol-client.ts';
import { createRelayProcess } from '#testkit/processes/relay-process.ts';
import { askStatus } from '#testkit/processes/spawn-script.ts';
import { openStage } from '#testkit/stage.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { until } from '#testkit/wait.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

it('lets relays without TCP share sessions: a reply outlives its relay, lost answers and ended subscriptions', async () => {
  const redis = await startRedis();
  closing.push(() => redis.destroy());
  const bridge = await startRestBridge(redis.url);
  closing.push(() => bridge.close());
  const settings = {
    STORE: 'upstash:',
    UPSTASH_REDIS_REST_URL: bridge.url,
    UPSTASH_REDIS_REST_TOKEN: bridge.token,
    RELAY_SECRET: 'of all relays that share a store',
  };
  const stage = await openStage(settings);
  closing.push(() => stage.close());
  const { relay, direct, model, random } = stage;
  const other = await createRelayProcess({
    ...settings,
    MODEL: 'openai-compatible:test',
    MODEL_BASE_URL: model.baseUrl,
    MODEL_API_KEY: 'test-key',
  });
  closing.push(() => other.dispose());
  await other.start();

  const credentials = await direct.mint();
  const viewers = [relay, other].map(({ origin }) => watchSession({ origin, credentials }));
  const turn = { prompt: 'Over REST', messageId: randomUUID() };
  model.plan(turn.prompt, { tokens: 400, tokensPerSecond: 100 });
  const { body } = await direct.post(credentials, turn);
  await until('both see the reply begin', () => viewers.every(({ received }) => received.length > 5));
  bridge.loseAnswers(0.2, () => random.next());
  bridge.endSubscriptions();
  await until('an answer was lost', () => bridge.counts.lostAnswers > 0);
  await until('both see more of it', () => viewers.every(({ received }) => received.length > 20));
  bridge.loseAnswers(0);
  await relay.kill();
  await until('the reply has ended', () => viewers[1]?.hasEnded(body) ?? false);
  await relay.start();
  await until('the first viewer has come back', () => viewers[0]?.hasEnded(body) ?? false);

  bridge.goAway(true);
  await until('readyz says that the store is away', async () => (await askStatus(other.origin, '/readyz')) === 503);
  bridge.goAway(false);
  await until('readyz says that all is well', async () => (await askStatus(other.origin, '/readyz')) === 200);

  for (const viewer of viewers) await viewer.leave();
  const state = (await createProtocolClient(other.origin).state(credentials)).body;
  const turns = [{ ...turn, runId: body.runId }];
  expect(checkSession({ viewers, state, turns, model })).toMatchObject({ violations: [], completed: 1 });
});
