import type { Logger } from '../util/logger.ts';
import type { SessionInspection } from '../store/session-inspection.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { StoreOpenError } from '../store/store-error.ts';

/** Which store, and where it is. */
export type StoreConfig =
  /** The embedded one: a file, or `:memory:`. */
  | { kind: 'sqlite'; path: string }
  /** One that several relays share. */
  | { kind: 'redis'; url: string; prefix: string; allowEviction: boolean }
  /** The same over HTTPS. */
  | { kind: 'upstash'; url: string; token: string; prefix: string };

export interface OpenedStore extends SessionStore {
  /** What it keeps of a session, for people who look; null when there is none. */
  inspect(sessionId: string): SessionInspection | null | Promise<SessionInspection | null>;
}

/**
 * Opens the store that the settings name. Only its own driver is loaded.
 *
 * @throws StoreOpenError when it cannot be used as it is set up. A shared store that cannot be reached yet is waited
 *   for; should it turn out later that it cannot be used, `onUnfit` is told.
 */
export async function openStore(
  store: StoreConfig,
  options: { ttlMs: number; logger: Logger; onUnfit: (error: StoreOpenError) => void },
): Promise<OpenedStore> {
  if (store.kind === 'sqlite') {
    const { openSqliteStore } = await import('../store/sqlite/open-sqlite-store.ts');
    return openSqliteStore({ path: store.path, ttlMs: options.ttlMs, logger: options.logger });
  }
  if (store.kind === 'upstash') {
    const { openUpstashStore } = await import('../store/redis/upstash/open-upstash-store.ts');
    const { url, token, prefix } = store;
    return openUpstashStore({ url, token, prefix, ...options });
  }
  const { openRedisStore } = await import('../store/redis/ioredis/open-redis-store.ts');
  const { url, prefix, allowEviction } = store;
  return openRedisStore({ url, prefix, allowEviction, ...options });
}
