import type { Redis } from 'ioredis';
import type { Logger } from '../../../util/logger.ts';

/** Address of a server of a Cluster. */
export interface ServerAddress {
  host: string;
  port: number;
}

/** A channel that is listened to. */
export interface Channel {
  readonly name: string;
  readonly onPayload: (payload: string) => void;
  readonly onUnsure: () => void;
  /** The connection that it is subscribed on; null while it is on none. */
  subscriber: Subscriber | null;
}

/** A connection that hears what is published on some channels. */
export interface Subscriber {
  readonly redis: Redis;
  /** Resolves once commands can be sent. */
  readonly connected: Promise<void>;
  readonly channels: Set<Channel>;
}

/** The connections that hear what is published. */
export interface SubscriberPool {
  /** The connection to a server, opened when there is none; null: to any server. */
  at(server: ServerAddress | null): Subscriber;
  all(): Iterable<Subscriber>;
  close(): void;
}

/** One connection for each server that a channel lies on. A connection that breaks is not made again: its channels are lost. */
export function createSubscriberPool(options: {
  connect: (server: ServerAddress | null) => Redis;
  /** A Cluster's own kind of messages, which reach the servers of one slot only. */
  sharded: boolean;
  onMessage: (name: string, payload: string) => void;
  onLost: (channel: Channel) => void;
  logger: Logger | undefined;
}): SubscriberPool {
  const { connect, sharded, onMessage, onLost, logger } = options;
  const subscribers = new Map<string, Subscriber>();

  return {
    at(server) {
      const key = server ? `${server.host}:${server.port}` : '';
      const known = subscribers.get(key);
      if (known) return known;
      const redis = connect(server);
      const subscriber: Subscriber = { redis, connected: redis.connect(), channels: new Set() };
      subscribers.set(key, subscriber);
      // Everybody who waits for the connection gets the error too.
      subscriber.connected.catch(() => undefined);
      redis.on('error', (error) => logger?.debug({ err: error }, 'A subscriber connection to Redis failed'));
      redis.on(sharded ? 'smessage' : 'message', onMessage);
      redis.on('end', () => {
        if (subscribers.get(key) === subscriber) subscribers.delete(key);
        for (const channel of subscriber.channels) onLost(channel);
        subscriber.channels.clear();
      });
      return subscriber;
    },

    all: () => subscribers.values(),

    close() {
      for (const { redis } of subscribers.values()) redis.disconnect();
      subscribers.clear();
    },
  };
}
