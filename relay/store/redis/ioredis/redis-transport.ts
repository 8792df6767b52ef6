import { createHash } from 'node:crypto';
import { Cluster, type Redis } from 'ioredis';
import type { Logger } from '../../../util/logger.ts';
import { StoreError } from '../../store-error.ts';
import { limitInFlight } from '../limit-in-flight.ts';
import type { ScriptTransport } from '../script-transport.ts';
import { SCRIPT_NAMES, SCRIPTS, type ScriptName } from '../scripts.ts';
import { connectSubscriber, reconnectDelay } from './connect.ts';
import type { RedisAddress } from './redis-address.ts';
import { isPassing, replyCode, toStoreError } from './redis-errors.ts';
import { createSubscriptions } from './subscriptions.ts';

/** How long a script is retried after its first failure; callers that can wait longer retry themselves (`askStore`). */
const RETRY_MS = 1_500;
/** Commands in flight at a time. */
const MAX_IN_FLIGHT = 65_536;

/** SHA-1 of each script, by which the server knows it. */
const HASHES = Object.fromEntries(
  SCRIPT_NAMES.map((name) => [name, createHash('sha1').update(SCRIPTS[name]).digest('hex')]),
) as Record<ScriptName, string>;

/** What the transport is made of. */
export interface RedisTransportOptions {
  address: RedisAddress;
  commands: Redis | Cluster;
  logger: Logger | undefined;
}

/** The transport over ioredis: one connection for commands, one for subscriptions (on a Cluster, one to each server). */
export function createRedisTransport({ address, commands, logger }: RedisTransportOptions): ScriptTransport {
  const sharded = commands instanceof Cluster;
  const subscriptions = createSubscriptions({
    sharded,
    // Any server of a Cluster names the server of a channel.
    connect: (server) => connectSubscriber(address, server ?? (sharded ? someServer(commands) : null)),
    logger,
  });
  const limited = limitInFlight(MAX_IN_FLIGHT);
  // Every operation that waits for the connection adds a listener.
  commands.setMaxListeners(0);
  let closed = false;

  async function evaluate(script: ScriptName, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await commands.evalsha(HASHES[script], keys.length, ...keys, ...args);
    } catch (error) {
      // The server was restarted, or is a new one: it does not know the script.
      if (replyCode(error) !== 'NOSCRIPT') throw error;
      return await commands.eval(SCRIPTS[script], keys.length, ...keys, ...args);
    }
  }

  /** Sends a command again when its connection was lost: scripts are idempotent, so it does not matter if it was run. */
  async function retry(work: () => Promise<unknown>): Promise<unknown> {
    let deadline = 0;
    for (let attempt = 0; ; attempt += 1) {
      if (closed) throw new StoreError('store-unavailable', 'the store is closed');
      try {
        return await work();
      } catch (error) {
        if (attempt === 0) deadline = performance.now() + RETRY_MS;
        const left = deadline - performance.now();
        if (!isPassing(error) || left <= 0) throw toStoreError(error);
        await readyWithin(commands, Math.min(reconnectDelay(attempt), left), left);
      }
    }
  }

  return {
    spansPartitions: !sharded,
    publishCommand: sharded ? 'SPUBLISH' : 'PUBLISH',

    run: (script, keys, args) => limited(() => retry(() => evaluate(script, keys, args))),

    listen: subscriptions.listen,

    async close() {
      closed = true;
      subscriptions.close();
      commands.disconnect();
    },
  };
}

/** A random master that is connected. */
function someServer(cluster: Cluster): { host: string; port: number } | null {
  const nodes = cluster.nodes('master').filter(({ status }) => status === 'ready');
  const { host, port } = nodes[Math.floor(Math.random() * nodes.length)]?.options ?? {};
  return host !== undefined && port !== undefined ? { host, port } : null;
}

/** Waits until the connection is ready, `limitMs` at most; `momentMs` when it is ready already and the server is not. */
function readyWithin(commands: Redis | Cluster, momentMs: number, limitMs: number): Promise<void> {
  const waitMs = commands.status === 'ready' ? momentMs : limitMs;
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      commands.off('ready', done);
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    commands.once('ready', done);
  });
}
