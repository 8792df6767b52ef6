/**
 * A relay like that of relay/node/main.ts, broken on purpose: for faults inside of a relay, and for negative controls.
 * What ships is never broken.
 *
 * FAULTS_MUTATION   the name of a mutation in faults/harness/mutations.ts
 * FAULTS_HINTS      `lost` drops all hints of `follow`
 * FAULTS_BLOCKED_MS ms after which a viewer that reads nothing is dropped, in place of 15 s
 * FAULTS_CLOCK_MS   sets the clock of its Redis back and forth all the time, by so many ms at most
 *
 * On SIGUSR2 it prints `held <bytes>`: the memory it holds after a garbage collection.
 */
import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRelay } from '#relay/app.ts';
import { readConfig } from '#relay/node/config/read-config.ts';
import { createLogger } from '#relay/node/create-logger.ts';
import { createServer } from '#relay/node/create-server.ts';
import { keepSecret } from '#relay/node/keep-secret.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { mutateScripts } from '../harness/lua-mutations.ts';
import { findMutation, mutateStore } from '../harness/mutations.ts';

const CLOCK_STEP_MS = 250;

const mutation = findMutation(process.env['FAULTS_MUTATION']);
if (mutation.lua) mutateScripts(mutation.lua);
const config = readConfig();
const logger = createLogger(config.logLevel);
const options = {
  ttlMs: config.sessionTtlMs,
  logger,
  onUnfit(error: Error) {
    throw error;
  },
};
const opened = await open();
const mutated = mutateStore(opened, mutation);
const store: SessionStore =
  process.env['FAULTS_HINTS'] === 'lost'
    ? { ...mutated, follow: (id, listener) => mutated.follow(id, (event) => event.kind === 'gone' && listener(event)) }
    : mutated;

const blockedMs = process.env['FAULTS_BLOCKED_MS'];
const { maxPromptBytes, maxBodyBytes, streams } = config.limits;
const relay = createRelay({
  store,
  model: config.model.create(),
  secret: config.secret ?? keepSecret(config.store.secretFile),
  logger,
  sessionTtlMs: config.sessionTtlMs,
  owner: `faults:${process.pid}`,
  leaseMs: config.leaseMs,
  takeover: config.takeover,
  drainMs: config.drainMs,
  limits: { maxPromptBytes, maxBodyBytes, streams },
  timing: { ...(blockedMs === undefined ? {} : { blockedMs: Number(blockedMs) }), ...mutation.timing },
});
const server = createServer({
  relay,
  maxStreams: streams.total,
  onError: (error) => logger.error({ err: error }, 'A request failed before it reached the relay'),
});
server.listen(config.port, config.host);
await once(server, 'listening');
relay.start();
console.log(`The relay is ready at http://${config.host}:${config.port}, to be broken.`);
process.once('SIGTERM', () => void stop());
process.on('SIGUSR2', () => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  console.log(`held ${heapUsed + external}`);
});

/**
 * Opens the store, on Redis with a clock that jumps if FAULTS_CLOCK_MS says so: scripts take the time from the caller.
 */
async function open(): Promise<SessionStore> {
  const jumpMs = Number(process.env['FAULTS_CLOCK_MS'] ?? 0);
  const url = process.env['STORE'] ?? '';
  if (jumpMs === 0 || !url.startsWith('redis')) return config.store.open(options);
  const { openRedisStore } = await import('#relay/store/redis/ioredis/open-redis-store.ts');
  let offsetMs = 0;
  setInterval(() => {
    offsetMs = Math.round((Math.random() * 2 - 1) * jumpMs);
  }, CLOCK_STEP_MS).unref();
  return openRedisStore({ url, prefix: process.env['KEY_PREFIX'], ...options, clockOffset: () => offsetMs });
}

async function stop(): Promise<void> {
  if (!mutation.stopsAtOnce) {
    await relay.drain();
    server.closeIdleConnections();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  await store.close();
  process.exit(0);
}
