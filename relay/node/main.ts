#!/usr/bin/env node
/**
 * The relay as a process: settings from the environment and from a file `.env` where it is started, a store, an HTTP
 * server. `--demo` adds the demo's controls.
 */
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
import { createStop } from './create-stop.ts';
import { DIST_FOLDER } from './dist-folder.ts';
import { keepSecret } from './keep-secret.ts';
import { listen, ListenError } from './listen.ts';
import { loadStaticFiles } from './load-static-files.ts';
import { openPromptLimiter } from './open-prompt-limiter.ts';

// Settings of the environment win over those of the file.
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

const port = await orRefuse(ListenError, () =>
  listen(server, {
    port: config.port,
    host: config.host,
    onError: (error) => logger.error({ err: error }, 'A connection could not be accepted'),
  }),
);
relay.start();
const stop = createStop({
  relay,
  server,
  store,
  drainMs: config.drainMs,
  logger,
  exit(code) {
    closeLimiter();
    process.exit(code);
  },
});
process.on('SIGTERM', () => void stop());
process.on('SIGINT', () => void stop());
// A supervisor with a channel (npm start) is told that the relay is ready. It stops the relay by a signal; when the channel
// just closes the supervisor was killed, and the relay ends at once, so that nothing holds port and store.
process.on('disconnect', () => process.exit(1));
process.send?.('ready');
const host = config.host.includes(':') ? `[${config.host}]` : config.host;
console.log(`The relay is ready at http://${host}:${port} (store ${config.store.label}, model ${config.model.name}).`);

function crash(error: unknown): void {
  logger.error({ err: error }, 'The relay crashed: an error was not handled');
  process.exit(1);
}

/** Runs a part of the start. An expected error is printed in one sentence, and the process ends with 1. */
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
    logger.warn({ host: config.host }, 'The controls of --demo are off: HOST is not a loopback address');
    return {};
  }
  return { demo: { inspect, kill: () => process.kill(process.pid, 'SIGKILL') } };
}
