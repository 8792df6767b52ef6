import { Redis } from '@upstash/redis';
import { StoreError, StoreOpenError } from '../../store-error.ts';
import { checkFormat } from '../check-format.ts';
import { createKeys, DEFAULT_PREFIX } from '../keys.ts';
import { createScriptStore, type ScriptStore, type SharedStoreOptions } from '../script-store.ts';
import { isForbidden, isPassing, readRefusal, type UpstashRefusal } from './upstash-errors.ts';
import { createUpstashSubscriptions } from './upstash-subscriptions.ts';
import { createUpstashTransport } from './upstash-transport.ts';

export { StoreOpenError } from '../../store-error.ts';
export type { ScriptStore } from '../script-store.ts';

/** Options of `openUpstashStore`. */
export interface OpenUpstashStoreOptions extends SharedStoreOptions {
  /** Address of the database's REST interface: `UPSTASH_REDIS_REST_URL`. */
  url: string;
  /** Its token: `UPSTASH_REDIS_REST_TOKEN`. */
  token: string;
  /** Called when a store that could not be reached at first turns out to be unusable. The store is closed by then. */
  onUnfit?: ((error: StoreOpenError) => void) | undefined;
}

/** How long a request waits for its answer. */
const REQUEST_MS = 5000;
/** Retries of a request that got no answer. A script may run twice: each is idempotent. */
const RETRIES = 2;
/** Upstash counts and bills requests; each batch and each poll for due runs is one. */
const PACE = { batchMs: 25, pollMs: 2000 };
/** Time before the second check of a store that could not be reached. It doubles with each check. */
const FIRST_RECHECK_MS = 500;
const MAX_RECHECK_MS = 5000;

/**
 * Opens a store that several relays share over HTTPS: Upstash Redis, for where there is no TCP. The scripts are those of
 * the Redis store. Needs nothing of Node.
 *
 * Resolves as soon as it is known whether the store can be reached. While it cannot, operations reject, and the store is
 * checked again.
 *
 * @throws StoreOpenError when it cannot be used as it is set up.
 *
 * @example
 * const store = await openUpstashStore({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN, ttlMs });
 */
export async function openUpstashStore(options: OpenUpstashStoreOptions): Promise<ScriptStore> {
  const { url, token, prefix = DEFAULT_PREFIX, logger, onUnfit } = options;
  const label = URL.parse(url)?.host ?? url;
  const redis = connect(url, token);
  let fit = false;
  let closed = false;

  const transport = await createUpstashTransport({
    redis,
    subscriptions: createUpstashSubscriptions({ url, token, logger }),
  });
  const store = createScriptStore({
    ...options,
    prefix,
    assertFit() {
      if (!fit) throw new StoreError('store-unavailable', 'the store could not be reached yet');
    },
    transport: {
      ...transport,
      close() {
        closed = true;
        return transport.close();
      },
    },
  });

  const failure = await check();
  if (failure) {
    logger?.warn({ store: label, err: failure }, 'The store cannot be reached: waiting for it');
    void checkAgain();
  }
  return { ...store, pace: PACE };

  /** Checks the store once. Resolves with what kept it from being asked; null when it can be used. */
  async function check(): Promise<UpstashRefusal | null> {
    try {
      const versionKey = createKeys(prefix).version;
      await checkFormat(label, {
        read: () => redis.get<string>(versionKey),
        write: async (version) => void (await redis.set(versionKey, version, { nx: true })),
        isFull: (error) => readRefusal(error).code === 'OOM',
      });
      fit = true;
      return null;
    } catch (error) {
      const unfit = error instanceof StoreOpenError ? error : null;
      const refusal = readRefusal(error);
      if (!unfit && isPassing(refusal)) return refusal;
      await transport.close();
      throw unfit ?? refusalOf(label, refusal);
    }
  }

  async function checkAgain(): Promise<void> {
    for (let failures = 0; !closed; failures += 1) {
      const waitMs = Math.min(FIRST_RECHECK_MS * 2 ** Math.min(failures, 10), MAX_RECHECK_MS);
      await new Promise((resolve) => setTimeout(resolve, waitMs).unref());
      if (closed) return;
      try {
        if (await check()) continue;
        logger?.info({ store: label }, 'The store can be reached');
      } catch (error) {
        if (!(error instanceof StoreOpenError)) throw error;
        closed = true;
        onUnfit?.(error);
      }
      return;
    }
  }
}

function connect(url: string, token: string): Redis {
  return new Redis({
    url,
    token,
    // Otherwise texts of digits become numbers, which lose their 16th digit.
    automaticDeserialization: false,
    // The scripts of one tick are one request.
    enableAutoPipelining: true,
    enableTelemetry: false,
    retry: { retries: RETRIES, backoff: (retry) => 100 * 2 ** retry },
    signal: () => AbortSignal.timeout(REQUEST_MS),
  });
}

function refusalOf(label: string, refusal: UpstashRefusal): StoreOpenError {
  const why = isForbidden(refusal)
    ? 'refuses the token in UPSTASH_REDIS_REST_TOKEN'
    : `cannot be used (${refusal.code})`;
  return new StoreOpenError(`The store ${label} ${why}.`, { cause: refusal });
}
