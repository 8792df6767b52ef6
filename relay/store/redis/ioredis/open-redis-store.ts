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

const CHECK_AGAIN_MS = 1_000;

/** Often enough that a run which is handed over goes on within a second, also where no hint can be heard; each look is a command. */
const PACE = { batchMs: 0, pollMs: 800 };

/**
 * A store that several relays share: Redis 7.0 or newer, or Valkey; one server, behind Sentinels, or a Cluster. How much
 * of what it has answered survives a crash is what its own persistence says.
 *
 * Resolves as soon as it is known whether Redis can be reached. When it cannot, the store rejects what it is asked,
 * until it can.
 *
 * @throws StoreOpenError when Redis cannot be used as it is set up.
 */
export async function openRedisStore(options: OpenRedisStoreOptions): Promise<ScriptStore> {
  const { url, prefix = DEFAULT_PREFIX, allowEviction = false, logger, onUnfit } = options;
  const address = parseRedisAddress(url);
  if (!address) throw new StoreOpenError('The address of the store is none of a Redis.');
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

    /** Redis cannot be asked now: the store is there, and says so. */
    function wait(error: unknown): void {
      if (state !== 'unknown' || waiting) return;
      waiting = true;
      logger?.warn({ store: label, err: error }, 'The store cannot be reached: waiting for it');
      resolve(store);
    }

    /** Once at a time, and until there is an answer: the connection may stand while the server cannot answer yet. */
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
          setTimeout(() => void check(), CHECK_AGAIN_MS).unref();
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
        logger?.warn({ store: label, err: error }, 'The connection to the store is broken');
      }
    });
    commands.on('ready', () => {
      if (down) logger?.info({ store: label }, 'The connection to the store stands again');
      down = false;
      void check();
    });
    // Why it failed comes as an event of its own, and it goes on trying.
    commands.connect().catch((error: unknown) => wait(error));
  });
}

/** What the servers of a Cluster said stands within the error that says that none of them could be used. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && 'lastNodeError' in error ? error.lastNodeError : error;
}
