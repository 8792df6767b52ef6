#!/usr/bin/env node
/** The relay as a process: settings from the environment and from `.env` where it is started, a store, an HTTP server. `--demo` adds the demo's controls. */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { PAGES } from '#shared/protocol.ts';
import { createRelay } from '../app.ts';
import type { OpenedStore } from '../store/store-driver.ts';
import { StoreOpenError } from '../store/store-error.ts';
import { SettingsError } from '../util/settings.ts';
import { withoutUndefined } from '../util/without-undefined.ts';
import type { Config } from './config/config.ts';
import { readConfig } from './config/read-config.ts';
import { createLogger } from './create-logger.ts';
import { createServer } from './create-server.ts';
import { DIST_FOLDER } from './dist-folder.ts';
import { keepSecret } from './keep-secret.ts';
import { listen, ListenError } from './listen.ts';
import { loadStaticFiles } from './load-static-files.ts';
import { openPromptLimiter } from './open-prompt-limiter.ts';

/** What was answered last may still be on its way out when everything else has ended. */
const FLUSH_MS = 200;

// What the environment itself says wins.
if (existsSync('.env')) process.loadEnvFile('.env');
const config = await orRefuse(SettingsError, () => readConfig());
const logger = createLogger(config.logLevel);
process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

const store = await orRefuse(StoreOpenError, () =>
  config.store.open({ ttlMs: config.sessionTtlMs, logger, onUnfit: (error) => refuse(error.message) }),
);
const files = loadStaticFiles(DIST_FOLDER, logger);
if (files.size === 0) logger.warn({ folder: DIST_FOLDER }, 'The widget and the demo were not built: run npm run build');
else
  logger.info(
    { files: files.size, etag: files.get(PAGES.widget)?.representations.identity.etag },
    'Serving the widget',
  );

const { maxPromptBytes, maxBodyBytes, streams, prompts } = config.limits;
const { limiter, close: closeLimiter } = await openPromptLimiter(config.store, prompts, logger);
const relay = createRelay({
  store,
  model: config.model.create(),
  ...withoutUndefined({ systemPrompt: config.systemPrompt }),
  secret: config.secret ?? keepSecret(config.store.secretFile),
  logger,
  sessionTtlMs: config.sessionTtlMs,
  maxOutputTokens: config.maxOutputTokens,
  timeouts: config.timeouts,
  owner: `${hostname()}:${process.pid}`,
  leaseMs: config.leaseMs,
  takeover: config.takeover,
  drainMs: config.drainMs,
  limits: { maxPromptBytes, maxBodyBytes, streams },
  limiter,
  origins: config.origins,
  trustedProxies: config.trustedProxies,
  files,
  ...demoControls(config, store),
});
const server = createServer({
  relay,
  maxStreams: streams.total,
  onError: (error) => logger.error({ err: error }, 'A request failed before it reached the relay'),
});

let stopping = false;
const port = await orRefuse(ListenError, () =>
  listen(server, {
    port: config.port,
    host: config.host,
    onError: (error) => logger.error({ err: error }, 'A connection could not be accepted'),
  }),
);
relay.start();
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
// A supervisor on the other end of a channel (npm start) learns that all is well. A planned stop comes as a signal: when
// the channel just closes the supervisor was killed, and the relay ends at once too, so that nothing holds port and store.
process.on('disconnect', () => process.exit(1));
process.send?.('ready');
const host = config.host.includes(':') ? `[${config.host}]` : config.host;
console.log(`The relay is ready at http://${host}:${port} (store ${config.store.label}, model ${config.model.name}).`);

/** A planned stop. The port stays open, and answers that the relay drains, until the process ends. */
async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  logger.info({ drainMs: config.drainMs }, 'Stopping: nothing new is taken on');
  // Whatever holds things up, it does not hold them up for longer.
  setTimeout(() => exit('The time to stop is over'), config.drainMs + FLUSH_MS).unref();
  await relay.drain();
  server.closeIdleConnections();
  await new Promise((resolve) => setTimeout(resolve, FLUSH_MS));
  exit('Stopped');
}

function exit(message: string): void {
  logger.info({}, message);
  closeLimiter();
  store.close().then(
    () => process.exit(0),
    (error: unknown) => crash(error),
  );
}

function crash(error: unknown): void {
  logger.error({ err: error }, 'The relay ends because of an error that nobody handled');
  process.exit(1);
}

/** Runs what may find that the relay cannot start; that is then said in one sentence, and the process ends. */
async function orRefuse<T>(Expected: new (...args: never[]) => Error, start: () => T | Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof Expected) return refuse(error.message);
    throw error;
  }
}

function refuse(message: string): never {
  console.error(message);
  process.exit(1);
}

function demoControls(
  { isLoopback }: Config,
  { inspect }: OpenedStore,
): Pick<Parameters<typeof createRelay>[0], 'demo'> {
  if (!process.argv.includes('--demo')) return {};
  if (!isLoopback) {
    logger.warn({ host: config.host }, 'The demo can break the relay only while HOST is a loopback address');
    return {};
  }
  return { demo: { inspect, kill: () => process.kill(process.pid, 'SIGKILL') } };
}
