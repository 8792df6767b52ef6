import type { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { newId } from '#shared/ids.ts';
import { claimInput, submitInput } from '../../../testing/conformance/store-harness.ts';
import type { Lease } from '../../../session-store.ts';
import { createKeys, type Keys } from '../../keys.ts';
import { openRedisStore, type OpenRedisStoreOptions, type ScriptStore } from '../open-redis-store.ts';
import type { RedisProcess } from '#testkit/processes/redis/redis-process.ts';

/** Opens a store with a prefix of its own, which is closed when the test ends. */
export async function openForTest(
  server: RedisProcess,
  options: Partial<OpenRedisStoreOptions> = {},
): Promise<{ store: ScriptStore; prefix: string; keys: Keys }> {
  const prefix = options.prefix ?? newId();
  const store = await openRedisStore({ url: server.url, ttlMs: 600_000, ...options, prefix });
  onTestFinished(() => store.close());
  return { store, prefix, keys: createKeys(prefix) };
}

/** Submits a prompt and claims its run. */
export async function startRun(store: ScriptStore, sessionId: string): Promise<Lease> {
  await store.submit(sessionId, submitInput());
  const answer = await store.claim(sessionId, claimInput());
  if (answer.kind !== 'lease') throw new Error(`the claim got no lease: ${answer.kind}`);
  return answer.lease;
}

/**
 * Resolves when a replica has everything that this server has written so far. WAIT covers the writes of its own connection
 * and all before them, so `key` is written first; its slot must be on this server.
 */
export async function untilReplicated(admin: Redis, key: string): Promise<void> {
  await admin.set(key, '1');
  if ((await admin.wait(1, 10_000)) < 1) throw new Error('no replica has what was written');
}
