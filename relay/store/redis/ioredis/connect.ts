import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from './redis-address.ts';
import { replyCode } from './redis-errors.ts';

/** A connection that answers nothing for this long is dead: half-open, or its server has stopped. */
const SOCKET_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 3_000;
const MAX_RECONNECT_MS = 1_000;

/** Options of both kinds of connection. */
function commonOptions({ tls, username, password }: RedisAddress) {
  return {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    // No hidden queues and retries: what cannot be sent, or was not answered, fails at once, and redis-transport.ts decides.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  } satisfies RedisOptions;
}

/** Time before a reconnect, in ms: from 50 ms to 1 s, a third of it random so that relays do not reconnect all at once. */
export function reconnectDelay(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RECONNECT_MS) * (0.67 + Math.random() * 0.33);
}

/** The connection for commands, not connected yet. It reconnects by itself until it is closed. */
export function connectCommands(address: RedisAddress): Redis | Cluster {
  const common = { ...commonOptions(address), connectionName: 'resumable-chat' };
  if (address.kind === 'cluster') {
    const { lazyConnect, enableOfflineQueue, ...redisOptions } = common;
    return new Cluster(address.hosts, {
      lazyConnect,
      enableOfflineQueue,
      redisOptions,
      clusterRetryStrategy: reconnectDelay,
      slotsRefreshTimeout: SOCKET_TIMEOUT_MS,
      slotsRefreshInterval: 5_000,
    });
  }
  return new Redis({
    ...common,
    ...serverOf(address),
    db: address.db,
    retryStrategy: reconnectDelay,
    // The server has become a replica: the sentinels, or the host name, lead to the new master.
    reconnectOnError: (error) => replyCode(error) === 'READONLY',
  });
}

/** A connection for subscriptions, not connected yet: to one server of a Cluster, or to the only one. Never reconnects. */
export function connectSubscriber(address: RedisAddress, node: { host: string; port: number } | null): Redis {
  return new Redis({
    ...commonOptions(address),
    ...(node ?? serverOf(address)),
    connectionName: 'resumable-chat-subscriber',
    retryStrategy: null,
    // subscriptions.ts subscribes again, and says that something may have been missed.
    autoResubscribe: false,
    enableReadyCheck: false,
  });
}

function serverOf({ kind, hosts, name, tls, username, password }: RedisAddress) {
  if (kind !== 'sentinel') return { ...hosts[0] };
  return {
    sentinels: hosts,
    name,
    sentinelRetryStrategy: reconnectDelay,
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
    // Sentinels mostly need no login; where they do, it is assumed to be the same.
    ...(username === undefined || password === undefined
      ? {}
      : { sentinelUsername: username, sentinelPassword: password }),
  };
}
