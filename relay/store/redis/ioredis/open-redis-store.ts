import { StoreError, StoreOpenError } from '../../store-error.ts';
import { createKeys, DEFAULT_PREFIX } from '../keys.ts';
import { createScriptStore, type ScriptStore, type SharedStoreOptions } from '../script-store.ts';
import { checkServer, refusalOf } from './check-server.ts';
import { connectCommands } from './connect.ts';
import { parseRedisAddress } from './redis-address.ts';
import { isRefusal } from './redis-errors.ts';
import { createRedisTransport } from './redis-transport.ts';

export { StoreOpenError } from '../../store-error.ts';
export type { ScriptStore } from '../script-store.ts';

/** Options of `openRedisStore`. */
export interface OpenRedisStoreOptions extends SharedStoreOptions {
  /** Address of the Redis: see `parseRedisAddress`. */
  url: string;
  /** Accept a Redis that may evict keys when its memory is full; refused when not given. */
  allowEviction?: boolean | undefined;
  /**
   * Called when a Redis that could not be reached at first turns out to be unusable. The store is closed by then. Errors of
   * the listener are not caught.
   */
  onUnfit?: ((error: StoreOpenError) => void) | undefined;
}

/** Time between two checks of a server that cannot answer yet. */
const CHECK_INTERVAL_MS = 1_000;

/** A run that was handed over is taken within a second even when no hint arrives. Each poll is one command. */
const PACE = { batchMs: 0, pollMs: 800 };

/**
 * Opens a store that several relays share: Redis 7.0 or newer, or Valkey; a single server, behind Sentinels, or a Cluster.
 * What survives a crash depends on the server's persistence (docs/durability.md).
 *
 * Resolves as soon as it is known whether Redis can be reached. While it cannot, operations reject, and the store waits
 * for it.
 *
 * @throws StoreOpenError when Redis cannot be used as it is set up.
 *
 * @example
 * const store = await openRedisStore({ url: 'redis://127.0.0.1:6379', ttlMs: 30 * 24 * 60 * 60 * 1000 });
 */
export async function openRedisStore(options: OpenRedisStoreOptions): Promise<ScriptStore> {
  const { url, prefix = DEFAULT_PREFIX, allowEviction = false, logger, onUnfit } = options;
  const address = parseRedisAddress(url);
  if (!address)
    throw new StoreOpenError('The address of the store is not that of a Redis: see STORE in docs/running.md.');
  const { label } = address;
  const commands = connectCommands(address);
  let state: 'unknown' | 'fit' | 'unfit' = 'unknown';
  let down = false;

  const transport = createRedisTransport({ address, commands, logger });
  const scriptStore = createScriptStore({
    ...options,
    prefix,
    transport,
    assertFit() {
      if (state !== 'fit') throw new StoreError('store-unavailable', 'Redis could not be reached yet');
    },
  });
  const store: ScriptStore = { ...scriptStore, pace: PACE };

  return new Promise((resolve, reject) => {
    let waiting = false;
    let checking = false;

    function accept(): void {
      state = 'fit';
      if (waiting) logger?.info({ store: label }, 'The store can be reached');
      resolve(store);
    }

    function refuse(reason: StoreOpenError): void {
      state = 'unfit';
      transport
        .close()
        .catch((cause: unknown) => logger?.error({ err: cause }, 'The connection to Redis could not be closed'));
      reject(reason);
      if (waiting) onUnfit?.(reason);
    }

    /** Redis cannot be reached now: resolves with a store that waits for it. */
    function wait(error: unknown): void {
      if (state !== 'unknown' || waiting) return;
      waiting = true;
      logger?.warn({ store: label, err: error }, 'The store cannot be reached: waiting for it');
      resolve(store);
    }

    /** One check at a time, repeated until the server answers: it may be connected and not ready. */
    async function check(): Promise<void> {
      if (checking || state !== 'unknown' || commands.status === 'end') return;
      checking = true;
      try {
        await checkServer(commands, { label, versionKey: createKeys(prefix).version, allowEviction });
        accept();
      } catch (error) {
        if (error instanceof StoreOpenError) {
          refuse(error);
        } else {
          wait(error);
          setTimeout(() => void check(), CHECK_INTERVAL_MS).unref();
        }
      } finally {
        checking = false;
      }
    }

    commands.on('error', (reported: unknown) => {
      const error = causeOf(reported);
      if (state === 'unknown' && isRefusal(error)) refuse(refusalOf(label, error));
      else if (state === 'unknown') wait(error);
      else if (state === 'fit' && !down) {
        down = true;
        logger?.warn({ store: label, err: error }, 'The connection to the store is broken: reconnecting');
      }
    });
    commands.on('ready', () => {
      if (down) logger?.info({ store: label }, 'The connection to the store is back');
      down = false;
      void check();
    });
    // The reason comes as an error event, and the client goes on connecting.
    commands.connect().catch((error: unknown) => wait(error));
  });
}

/** For a Cluster of which no server could be used: the error of its last server. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && 'lastNodeError' in error ? error.lastNodeError : error;
}
