import type { Redis } from 'ioredis';
import type { Logger } from '../../../util/logger.ts';
import { StoreError } from '../../store-error.ts';
import { createLostChannels } from './lost-channels.ts';
import { replyCode, toStoreError } from './redis-errors.ts';
import { createSubscriberPool, type Channel, type ServerAddress, type Subscriber } from './subscriber-pool.ts';

/** Subscriptions that outlive their connections. */
export interface Subscriptions {
  /** See `ScriptTransport.listen`. */
  listen(name: string, onPayload: (payload: string) => void, onUnsure: () => void): Promise<() => void>;
  close(): void;
}

/** How long a new listener waits for its subscription. */
const LISTEN_TIMEOUT_MS = 2_000;
/** Redirections of one subscription: servers of a Cluster that is being rebuilt may name each other in turns. */
const MAX_REDIRECTIONS = 5;
/**
 * Time between two pings of a connection, each of which is a command. Until a dead connection is noticed nobody depends on
 * it alone: viewers poll the head of the log, and relays poll for due runs, at least as often.
 */
const HEARTBEAT_MS = 5_000;

/**
 * Listens to channels over one connection; on a Cluster over one to each server that a channel lies on. When a connection
 * breaks, its channels are subscribed to again over a new one, wherever they lie by then, and their listeners are told
 * that something may have been missed.
 */
export function createSubscriptions(options: {
  /** On a Cluster a message is published on the server of its channel's slot. */
  sharded: boolean;
  /** A new connection to a server; null: to any. */
  connect: (server: ServerAddress | null) => Redis;
  logger: Logger | undefined;
}): Subscriptions {
  const { sharded, connect, logger } = options;
  const channels = new Map<string, Channel>();
  /** Where the channels of a hash tag lie, as far as a redirection said. */
  const locations = new Map<string, ServerAddress>();
  let closed = false;
  const pool = createSubscriberPool({
    connect,
    sharded,
    logger,
    onMessage: (name, payload) => channels.get(name)?.onPayload(payload),
    onLost: lose,
  });
  const lost = createLostChannels<Channel>({ subscribe, onRestored: (channel) => channel.onUnsure() });
  const heartbeat = setInterval(beat, HEARTBEAT_MS);
  heartbeat.unref();

  function lose(channel: Channel): void {
    channel.subscriber = null;
    if (closed || channels.get(channel.name) !== channel) return;
    locations.delete(tagOf(channel.name));
    lost.add(channel);
  }

  async function subscribe(channel: Channel): Promise<void> {
    const tag = tagOf(channel.name);
    let server = locations.get(tag) ?? null;
    for (let redirection = 0; ; redirection += 1) {
      const subscriber = pool.at(server);
      try {
        await subscribeOn(subscriber, channel);
        return;
      } catch (error) {
        locations.delete(tag);
        const moved = redirection < MAX_REDIRECTIONS ? movedTo(error, subscriber) : null;
        if (!moved) throw error;
        server = moved;
        locations.set(tag, moved);
      }
    }
  }

  async function subscribeOn(subscriber: Subscriber, channel: Channel): Promise<void> {
    const { redis, connected } = subscriber;
    await connected;
    await (sharded ? redis.ssubscribe(channel.name) : redis.subscribe(channel.name));
    if (redis.status !== 'ready') throw new StoreError('store-unavailable', 'the connection broke meanwhile');
    subscriber.channels.add(channel);
    channel.subscriber = subscriber;
    // Meanwhile its listener may have left, or another one may have come in its place.
    if (!channels.has(channel.name)) unsubscribe(channel);
    else if (channels.get(channel.name) !== channel) subscriber.channels.delete(channel);
  }

  function unsubscribe(channel: Channel): void {
    const { subscriber, name } = channel;
    channel.subscriber = null;
    if (!subscriber?.channels.delete(channel)) return;
    const done = sharded ? subscriber.redis.sunsubscribe(name) : subscriber.redis.unsubscribe(name);
    // When it fails the connection is gone, and the subscription with it.
    done.catch((error: unknown) => logger?.debug({ err: error }, 'A channel could not be unsubscribed from'));
  }

  /** Finds connections that are open at this end only, and channels that have moved to another server of a Cluster. */
  function beat(): void {
    for (const subscriber of pool.all()) {
      if (subscriber.redis.status !== 'ready') continue;
      // The socket's timeout counts from a command that is not answered.
      subscriber.redis
        .ping()
        .catch((error: unknown) => logger?.debug({ err: error }, 'A subscriber connection to Redis does not answer'));
      if (sharded) findMoved(subscriber);
    }
  }

  /** A slot that has moved is noticed by subscribing again to one of its channels, which is refused. */
  function findMoved({ redis, channels: own }: Subscriber): void {
    const samples = new Map([...own].map((channel) => [tagOf(channel.name), channel]));
    for (const [tag, sample] of samples) {
      redis.ssubscribe(sample.name).catch((error: unknown) => {
        logger?.debug({ err: error }, 'Channels have moved to another server of the Cluster');
        for (const channel of [...own]) {
          if (tagOf(channel.name) === tag && own.delete(channel)) lose(channel);
        }
      });
    }
  }

  return {
    async listen(name, onPayload, onUnsure) {
      const channel: Channel = { name, onPayload, onUnsure, subscriber: null };
      channels.set(name, channel);
      try {
        await orTimeout(subscribe(channel));
      } catch (error) {
        if (channels.get(name) === channel) channels.delete(name);
        throw error instanceof StoreError ? error : toStoreError(error);
      }
      return () => {
        lost.remove(channel);
        // Another listener has come already: the subscription is its own now.
        if (channels.get(name) !== channel) return void channel.subscriber?.channels.delete(channel);
        channels.delete(name);
        unsubscribe(channel);
      };
    },

    close() {
      closed = true;
      clearInterval(heartbeat);
      channels.clear();
      lost.clear();
      pool.close();
    },
  };
}

/** The hash tag, which stands between braces: channels of one tag lie on one server. */
function tagOf(name: string): string {
  return /\{(.*?)\}/.exec(name)?.[1] ?? name;
}

/** The server that a `MOVED <slot> <host>:<port>` error names; null for any other error. */
function movedTo(error: unknown, { redis }: Subscriber): ServerAddress | null {
  if (replyCode(error) !== 'MOVED' || !(error instanceof Error)) return null;
  const [, , address = ''] = error.message.split(' ');
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  // An empty host stands for the server that was asked.
  const host = address.slice(0, colon) || redis.options.host;
  return host && Number.isInteger(port) ? { host, port } : null;
}

async function orTimeout(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new StoreError('store-unavailable', 'Redis did not confirm a subscription in time')),
      LISTEN_TIMEOUT_MS,
    );
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
