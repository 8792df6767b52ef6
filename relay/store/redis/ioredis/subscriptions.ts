import type { Redis } from 'ioredis';
import type { Logger } from '../../../util/logger.ts';
import { StoreError } from '../../store-error.ts';
import { reconnectDelay } from './connect.ts';
import { replyCode, toStoreError } from './redis-errors.ts';

interface Server {
  host: string;
  port: number;
}

/** A connection that hears some of the channels. */
interface Ear {
  readonly redis: Redis;
  readonly connected: Promise<void>;
  readonly channels: Set<Channel>;
}

interface Channel {
  readonly name: string;
  readonly onPayload: (payload: string) => void;
  readonly onUnsure: () => void;
  ear: Ear | null;
}

export interface Subscriptions {
  /** See `ScriptTransport.listen`. */
  listen(name: string, onPayload: (payload: string) => void, onUnsure: () => void): Promise<() => void>;
  close(): void;
}

/** How long whoever begins to listen waits for a connection. */
const PATIENCE_MS = 2_000;
/** A Cluster that is being rebuilt may send one round in circles. */
const MAX_REDIRECTIONS = 5;
/**
 * Each line is asked for a sign of life so often, which is a command too. Until it is found dead nobody relies on it
 * alone: viewers ask where the log ends, as often at least, and relays look for due runs.
 */
const HEARTBEAT_MS = 5_000;
/** So many channels are subscribed to again at a time. */
const CHANNELS_AT_ONCE = 500;

/**
 * What is published, heard over one connection; on a Cluster over one to each server that a listened channel lies on.
 * When a connection breaks, its channels are subscribed to again over a new one, wherever they lie by then, and whoever
 * listens is told that something may have been missed.
 */
export function createSubscriptions(options: {
  /** A Cluster publishes on the server that a channel's slot lies on. */
  sharded: boolean;
  /** A new connection to a server; null: to any. */
  connect: (server: Server | null) => Redis;
  logger: Logger | undefined;
}): Subscriptions {
  const { sharded, connect, logger } = options;
  const channels = new Map<string, Channel>();
  const ears = new Map<string, Ear>();
  /** Where the channels of a hash tag lie. */
  const homes = new Map<string, Server>();
  const homeless = new Set<Channel>();
  let retrying = false;
  let closed = false;
  const heartbeat = setInterval(beat, HEARTBEAT_MS);
  heartbeat.unref();

  function earAt(server: Server | null): Ear {
    const key = server ? `${server.host}:${server.port}` : '';
    const known = ears.get(key);
    if (known) return known;
    const redis = connect(server);
    const ear: Ear = { redis, connected: redis.connect(), channels: new Set() };
    ears.set(key, ear);
    // Whoever waits for it has the error too.
    ear.connected.catch(() => undefined);
    redis.on('error', (error) => logger?.debug({ err: error }, 'A connection that hears what Redis publishes failed'));
    redis.on(sharded ? 'smessage' : 'message', (name: string, payload: string) =>
      channels.get(name)?.onPayload(payload),
    );
    redis.on('end', () => {
      if (ears.get(key) === ear) ears.delete(key);
      for (const channel of ear.channels) becomeHomeless(channel);
      ear.channels.clear();
    });
    return ear;
  }

  function becomeHomeless(channel: Channel): void {
    channel.ear = null;
    if (closed || channels.get(channel.name) !== channel) return;
    homes.delete(tagOf(channel.name));
    homeless.add(channel);
    if (!retrying) void findHomes();
  }

  async function findHomes(): Promise<void> {
    retrying = true;
    for (let attempt = 0; homeless.size > 0 && !closed; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, reconnectDelay(attempt)));
      const some = [...homeless].slice(0, CHANNELS_AT_ONCE);
      const outcomes = await Promise.allSettled(some.map((channel) => subscribe(channel)));
      for (const [index, channel] of some.entries()) {
        if (outcomes[index]?.status === 'rejected') continue;
        attempt = 0;
        homeless.delete(channel);
        channel.onUnsure();
      }
    }
    retrying = false;
  }

  async function subscribe(channel: Channel): Promise<void> {
    let server = homes.get(tagOf(channel.name)) ?? null;
    for (let redirection = 0; ; redirection += 1) {
      const ear = earAt(server);
      try {
        await ear.connected;
        if (sharded) await ear.redis.ssubscribe(channel.name);
        else await ear.redis.subscribe(channel.name);
        if (ear.redis.status !== 'ready') throw new StoreError('store-unavailable', 'the connection broke meanwhile');
        ear.channels.add(channel);
        channel.ear = ear;
        // Nobody wants it any more, or somebody else does.
        if (!channels.has(channel.name)) forget(channel);
        else if (channels.get(channel.name) !== channel) ear.channels.delete(channel);
        return;
      } catch (error) {
        homes.delete(tagOf(channel.name));
        const moved = redirection < MAX_REDIRECTIONS ? movedTo(error, ear) : null;
        if (!moved) throw error;
        server = moved;
        homes.set(tagOf(channel.name), moved);
      }
    }
  }

  function forget(channel: Channel): void {
    const { ear } = channel;
    channel.ear = null;
    if (!ear?.channels.delete(channel)) return;
    // When it fails the connection is gone, and the subscription with it.
    const done = sharded ? ear.redis.sunsubscribe(channel.name) : ear.redis.unsubscribe(channel.name);
    done.catch((error: unknown) => logger?.debug({ err: error }, 'A channel could not be left'));
  }

  /** Finds connections that are open at this end only, and channels that have moved to another server of a Cluster. */
  function beat(): void {
    for (const ear of ears.values()) {
      if (ear.redis.status !== 'ready') continue;
      // The socket's timeout counts from a command that is not answered.
      ear.redis.ping().catch((error: unknown) => logger?.debug({ err: error }, 'A connection to Redis went silent'));
      if (!sharded) continue;
      const samples = new Map([...ear.channels].map((channel) => [tagOf(channel.name), channel]));
      for (const [tag, sample] of samples) {
        ear.redis.ssubscribe(sample.name).catch((error: unknown) => {
          logger?.debug({ err: error }, 'Channels have moved to another server');
          for (const channel of [...ear.channels]) {
            if (tagOf(channel.name) !== tag) continue;
            ear.channels.delete(channel);
            becomeHomeless(channel);
          }
        });
      }
    }
  }

  return {
    async listen(name, onPayload, onUnsure) {
      const channel: Channel = { name, onPayload, onUnsure, ear: null };
      channels.set(name, channel);
      try {
        await orTimeout(subscribe(channel));
      } catch (error) {
        if (channels.get(name) === channel) channels.delete(name);
        throw error instanceof StoreError ? error : toStoreError(error);
      }
      return () => {
        homeless.delete(channel);
        // Somebody listens again already: the subscription is theirs now.
        if (channels.get(name) !== channel) return void channel.ear?.channels.delete(channel);
        channels.delete(name);
        forget(channel);
      };
    },

    close() {
      closed = true;
      clearInterval(heartbeat);
      channels.clear();
      homeless.clear();
      for (const { redis } of ears.values()) redis.disconnect();
      ears.clear();
    },
  };
}

/** What stands between the braces: the channels of one tag lie on one server. */
function tagOf(name: string): string {
  return /\{(.*?)\}/.exec(name)?.[1] ?? name;
}

/** `MOVED <slot> <host>:<port>`: where a server of a Cluster says that a channel lies. */
function movedTo(error: unknown, ear: Ear): Server | null {
  if (replyCode(error) !== 'MOVED' || !(error instanceof Error)) return null;
  const [, , address = ''] = error.message.split(' ');
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  // An empty host stands for the server that was asked.
  const host = address.slice(0, colon) || ear.redis.options.host;
  return host && Number.isInteger(port) ? { host, port } : null;
}

async function orTimeout(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreError('store-unavailable', 'Redis cannot be listened to')), PATIENCE_MS);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
