import type { Redis } from '@upstash/redis';
import { limitInFlight } from '../limit-in-flight.ts';
import type { ScriptTransport } from '../script-transport.ts';
import { SCRIPT_NAMES, SCRIPTS, type ScriptName } from '../scripts.ts';
import { readRefusal, toStoreError } from './upstash-errors.ts';
import type { UpstashSubscriptions } from './upstash-subscriptions.ts';

/** Scripts in flight at a time. */
const MAX_IN_FLIGHT = 16_384;

/** What the transport is made of. */
export interface UpstashTransportOptions {
  redis: Redis;
  subscriptions: UpstashSubscriptions;
}

/** The transport over REST: one request for the scripts of each tick, one stream of events for each channel. */
export async function createUpstashTransport(options: UpstashTransportOptions): Promise<ScriptTransport> {
  const { redis, subscriptions } = options;
  const hashes = await hashScripts();
  const limited = limitInFlight(MAX_IN_FLIGHT);

  async function evaluate(script: ScriptName, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await redis.evalsha(hashes[script], [...keys], [...args]);
    } catch (error) {
      const refusal = readRefusal(error);
      if (refusal.code !== 'NOSCRIPT') throw toStoreError(refusal);
    }
    try {
      return await redis.eval(SCRIPTS[script], [...keys], [...args]);
    } catch (error) {
      throw toStoreError(readRefusal(error));
    }
  }

  return {
    spansPartitions: true,
    publishCommand: 'PUBLISH',

    run: (script, keys, args) => limited(() => evaluate(script, keys, args)),

    listen: subscriptions.listen,

    async close() {
      subscriptions.close();
    },
  };
}

/** SHA-1 of each script. By Web Crypto, which exists at the edge too. */
async function hashScripts(): Promise<Record<ScriptName, string>> {
  const hashed = SCRIPT_NAMES.map(async (name) => {
    const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(SCRIPTS[name]));
    return [name, Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')] as const;
  });
  return Object.fromEntries(await Promise.all(hashed)) as Record<ScriptName, string>;
}
