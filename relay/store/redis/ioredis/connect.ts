import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisAddress } from './redis-address.ts';
import { replyCode } from './redis-errors.ts';

/** A link that takes commands and gives nothing back for so long is dead: half-open, or its server has stopped. */
const SOCKET_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 3_000;
const MAX_RECONNECT_MS = 1_000;

/** What both kinds of connection have in common. */
function commonOptions({ tls, username, password }: RedisAddress) {
  return {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    // Nothing waits unseen: what cannot be sent, or was not answered, fails at once, and the caller decides.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  } satisfies RedisOptions;
}

/** 50 ms, then longer, up to a second; a third of it at random, so that relays do not come back all at once. */
export function reconnectDelay(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RECONNECT_MS) * (0.67 + Math.random() * 0.33);
}

/** The connection that commands go over. It connects again by itself, for as long as it is not closed. */
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
    // A server that has become a replica: the sentinels, or the name, lead to the one that has taken its place.
    reconnectOnError: (error) => replyCode(error) === 'READONLY',
  });
}

/** A connection to hear what is published, to a server of a Cluster or to the one there is. It does not come back. */
export function connectSubscriber(address: RedisAddress, node: { host: string; port: number } | null): Redis {
  return new Redis({
    ...commonOptions(address),
    ...(node ?? serverOf(address)),
    connectionName: 'resumable-chat-subscriber',
    retryStrategy: null,
    // Others subscribe again, and say that something may have been missed: subscriptions.ts.
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
    // The sentinels of one installation mostly ask for no login of their own; where they do, it is the same.
    ...(username === undefined || password === undefined
      ? {}
      : { sentinelUsername: username, sentinelPassword: password }),
  };
}
