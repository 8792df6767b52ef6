/**
 * The relay as it is deployed, with the embedded store on a disk or with Redis, and with the bench's model. Commands
 * write whole conversations into its store, which would take minutes through the relay.
 *
 * Arguments: the URL of a Redis, or a folder for the embedded store (one of its own by default); `--model-by-name` to
 * give the relay the name of the model only.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { customProvider } from 'ai';
import { createRelay } from '#relay/app.ts';
import { createServer } from '#relay/node/create-server.ts';
import { openRedisStore } from '#relay/store/redis/ioredis/open-redis-store.ts';
import { openSqliteStore } from '#relay/store/sqlite/open-sqlite-store.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { createBenchModel } from '../harness/bench-model.ts';
import { serveCommands } from '../harness/commands.ts';
import { createSeeder } from '../harness/seed-run.ts';
import { createTokenWheel } from '../harness/token-wheel.ts';
import { encodeFrame } from '../harness/wire.ts';

const DAY_MS = 86_400_000;
const PAGE = 1000;

const wheel = createTokenWheel();
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { 'model-by-name': { type: 'boolean', default: false } },
});
const [place] = positionals;
const store = place?.startsWith('redis://') ? await openRedisStore({ url: place, ttlMs: DAY_MS }) : openEmbedded(place);

const complain = (fields: object, message: string): void => console.error(`relay: ${message}`, fields);
const silent = (): void => undefined;
const model = createBenchModel(wheel);
const { storeForRelay, seed } = createSeeder(store);
const relay = createRelay({
  store: storeForRelay,
  model: values['model-by-name'] ? nameOf(model) : model,
  secret: 'a secret of the bench that guards nothing at all',
  logger: { debug: silent, info: silent, warn: complain, error: complain },
  // All viewers have one address, and are more than the limits allow.
  limits: { streams: { perSession: 0, perAddress: 0, total: 0 } },
});
relay.start();

const server = createServer({ relay, maxStreams: 0, onError: (error) => complain({ error }, 'a request failed') });
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
await new Promise((resolve) => server.once('listening', resolve));

const handlers = {
  port: (): number => (server.address() as AddressInfo).port,
  seed,
  /** The log after a cursor with a frame for each entry, as it would be sent if nothing were merged. */
  unmerged: async ({ sessionId, after }: { sessionId: string; after: string }): Promise<Uint8Array> => {
    const frames: string[] = [];
    let cursor = after;
    for (;;) {
      const answer = await store.read(sessionId, { after: cursor, limit: PAGE });
      if (answer.kind !== 'exact') throw new Error(`read answered ${answer.kind}`);
      frames.push(...answer.entries.map(({ id, data }) => encodeFrame(id, data)));
      cursor = answer.entries.at(-1)?.id ?? cursor;
      if (cursor === answer.head) return Buffer.from(frames.join(''));
    }
  },
};
/** The commands of this process. */
export type RelayServer = typeof handlers;
serveCommands(handlers);

function openEmbedded(given: string | undefined): SessionStore {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'resumable-chat-bench-relay-'));
  if (given === undefined) process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return openSqliteStore({ path: join(folder, 'relay.db'), ttlMs: DAY_MS });
}

/** Registers the model with the AI SDK and returns its name. For such a model there is no shortcut (decision 28). */
function nameOf(model: LanguageModelV4): string {
  globalThis.AI_SDK_DEFAULT_PROVIDER = customProvider({ languageModels: { [model.modelId]: model } });
  return model.modelId;
}
