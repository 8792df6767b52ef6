import { randomUUID } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import { CERTIFICATE, tlsArguments } from '#testkit/processes/redis/tls/tls-files.ts';
import { freePort } from '#testkit/network/free-port.ts';
import { checkSession } from '#testkit/judge/check-session.ts';
import { createProtocolClient } from '#testkit/client/protocol-client.ts';
import { createRelayProcess, type RelayProcess } from '#testkit/processes/relay-process.ts';
import { askStatus, spawnScript } from '#testkit/processes/spawn-script.ts';
import { openStage, type Stage } from '#testkit/stage.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { until } from '#testkit/wait.ts';

const RELAY_SECRET = 'of all relays that share a store';
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/**
 * A Redis that loses nothing it acknowledged, and the settings to reach it by TCP, or by TLS with a certificate of its
 * own.
 */
async function openRedis(line: 'TCP' | 'TLS'): Promise<{ redis: RedisProcess; settings: Record<string, string> }> {
  const port = await freePort();
  const redis = await startRedis({
    args: ['--appendonly', 'yes', '--appendfsync', 'always', ...(line === 'TLS' ? tlsArguments(port) : [])],
  });
  closing.push(() => redis.destroy());
  const reached =
    line === 'TCP' ? { STORE: redis.url } : { STORE: `rediss://127.0.0.1:${port}`, NODE_EXTRA_CA_CERTS: CERTIFICATE };
  return { redis, settings: { ...reached, RELAY_SECRET } };
}

/** Two relays that ask the same model and share a Redis. */
async function openPair(
  line: 'TCP' | 'TLS' = 'TCP',
): Promise<{ redis: RedisProcess; stage: Stage; other: RelayProcess }> {
  const { redis, settings } = await openRedis(line);
  const stage = await openStage(settings);
  closing.push(() => stage.close());
  const model = { MODEL: 'openai-compatible:test', MODEL_BASE_URL: stage.model.baseUrl, MODEL_API_KEY: 'test-key' };
  const other = await createRelayProcess({ ...model, ...settings });
  closing.push(() => other.dispose());
  await other.start();
  return { redis, stage, other };
}

it('finishes a reply in another relay when its own is killed, as viewers on both see, and stops on any', async () => {
  const { stage, other } = await openPair();
  const { relay, direct, model } = stage;
  const credentials = await direct.mint();
  const viewers = [relay, other].map(({ origin }) => watchSession({ origin, credentials }));
  const turn = { prompt: 'Killed halfway', messageId: randomUUID() };
  // Both relays race for the run. The first is killed, whichever has it.
  model.plan(turn.prompt, { tokens: 300, tokensPerSecond: 100 });
  const { body } = await direct.post(credentials, turn);
  await until('both see the reply begin', () => viewers.every(({ received }) => received.length > 20));
  await relay.kill();
  await until('the reply has ended', () => viewers[1]?.hasEnded(body) ?? false);
  await relay.start();
  await until('the first viewer has come back', () => viewers[0]?.hasEnded(body) ?? false);

  const stopped = { prompt: 'Stopped elsewhere', messageId: randomUUID() };
  model.plan(stopped.prompt, { tokens: 3_000, tokensPerSecond: 100 });
  const accepted = await direct.post(credentials, stopped);
  await until('the second reply has begun', () =>
    viewers.every(({ received }) => received.some(({ frame }) => frame.message.runId === accepted.body.runId)),
  );
  const elsewhere = createProtocolClient(other.origin);
  await elsewhere.stop(credentials);
  await until('both see that it was stopped', () => viewers.every((viewer) => viewer.hasEnded(accepted.body)));

  for (const viewer of viewers) await viewer.leave();
  const state = (await elsewhere.state(credentials)).body;
  const turns = [
    { ...turn, runId: body.runId },
    { ...stopped, runId: accepted.body.runId },
  ];
  const stops = { stopped: new Set([accepted.body.runId]) };
  expect(checkSession({ viewers, state, turns, ...stops, model })).toMatchObject({
    violations: [],
    completed: 1,
    cancelled: 1,
  });
});

it.each(['TCP', 'TLS'] as const)(
  'survives that Redis is killed and started again in the middle of a reply, over %s',
  async (line) => {
    const { redis, stage, other } = await openPair(line);
    const { relay, direct, model } = stage;
    const credentials = await direct.mint();
    const viewers = [relay, other].map(({ origin }) => watchSession({ origin, credentials }));
    const turn = { prompt: 'Redis dies', messageId: randomUUID() };
    model.plan(turn.prompt, { tokens: 400, tokensPerSecond: 100 });
    const { body } = await direct.post(credentials, turn);
    await until('both see the reply begin', () => viewers.every(({ received }) => received.length > 20));
    await redis.kill();
    await until('readyz says so', async () => (await askStatus(relay.origin, '/readyz')) === 503);
    await redis.restart();
    await until('the reply has ended', () => viewers.every((viewer) => viewer.hasEnded(body)));
    await until('readyz says that all is well', async () => (await askStatus(relay.origin, '/readyz')) === 200);
    for (const viewer of viewers) await viewer.leave();
    const state = (await direct.state(credentials)).body;
    const turns = [{ ...turn, runId: body.runId }];
    expect(checkSession({ viewers, state, turns, model })).toMatchObject({ violations: [], completed: 1 });
  },
);

it('does not trust an unknown certificate: it says so, and is not ready', async () => {
  const { settings } = await openRedis('TLS');
  const port = await freePort();
  const relay = spawnScript(['relay/node/main.ts'], { ...settings, PORT: String(port), NODE_EXTRA_CA_CERTS: '' });
  closing.push(async () => void relay.process.kill('SIGKILL'));
  await until('it says what it waits for', () =>
    relay.output().includes('The store cannot be reached: waiting for it'),
  );
  expect(relay.output()).toContain('self-signed certificate');
  await until('it is alive', async () => (await askStatus(`http://127.0.0.1:${port}`, '/healthz')) === 200);
  expect(await askStatus(`http://127.0.0.1:${port}`, '/readyz')).toBe(503);
});

it('starts before its Redis: it is alive but not ready, says what it waits for, and becomes ready with it', async () => {
  const [port, redisPort] = [await freePort(), await freePort()];
  const settings = { PORT: String(port), STORE: `redis://:a-password@127.0.0.1:${redisPort}`, RELAY_SECRET };
  const relay = spawnScript(['relay/node/main.ts'], settings);
  closing.push(async () => void relay.process.kill('SIGKILL'));
  const origin = `http://127.0.0.1:${port}`;
  await until('it is alive', async () => (await askStatus(origin, '/healthz')) === 200);
  expect(await askStatus(origin, '/readyz')).toBe(503);
  expect(relay.output()).toContain('The store cannot be reached: waiting for it');
  const redis = await startRedis({ port: redisPort, args: ['--requirepass', 'a-password'], password: 'a-password' });
  closing.push(() => redis.destroy());
  await until('it is ready', async () => (await askStatus(origin, '/readyz')) === 200);
  expect(relay.output()).toContain(`redis://127.0.0.1:${redisPort}`);
  expect(relay.output()).not.toContain('a-password');
});

it('refuses in one sentence a Redis that cannot be its store', async () => {
  const redis = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
  closing.push(() => redis.destroy());
  const relay = spawnScript(['relay/node/main.ts'], { PORT: '0', STORE: redis.url, RELAY_SECRET });
  closing.push(async () => void relay.process.kill('SIGKILL'));
  await until('it has ended', () => relay.process.exitCode !== null);
  expect(relay.process.exitCode).toBe(1);
  expect(relay.output().trim()).toMatch(
    /^The store redis:\/\/127\.0\.0\.1:\d+ throws conversations away .* ALLOW_EVICTION=true\.$/,
  );
});
