import { expect, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import { collectEvents } from '../../../testing/conformance/store-harness.ts';
import { partitionOf } from '../../keys.ts';
import type { ScriptStore } from '../open-redis-store.ts';
import { startRun, untilReplicated } from './open-for-test.ts';
import type { RedisProcess } from '#testkit/processes/redis/redis-process.ts';

/**
 * Writes "a", "b" and "c" to a session whose server is killed after "a", and waits until its followers are told again.
 * Resolves with the log.
 */
export async function writeThroughFailover(
  store: ScriptStore,
  masterOf: (tag: string) => Promise<RedisProcess>,
): Promise<string[]> {
  const sessionId = newId();
  const { fence } = await startRun(store, sessionId);
  const seen = collectEvents();
  await store.follow(sessionId, seen.listener);
  expect(await store.append(sessionId, { fence, seq: 1, entries: ['"a"'] })).toEqual({ kind: 'ok', next: 2 });
  const tag = String(partitionOf(sessionId));
  const master = await masterOf(tag);
  // A failover may lose acknowledged writes; that is not tested here, so wait until the replica has them.
  await untilReplicated(master.admin, `{${tag}}:written-last`);
  await master.kill();

  await vi.waitFor(
    async () => expect(await store.append(sessionId, { fence, seq: 2, entries: ['"b"'] })).toMatchObject({ next: 3 }),
    { timeout: 30_000, interval: 100 },
  );
  await vi.waitFor(() => expect(seen.unsure).toBeGreaterThan(0), { timeout: 20_000 });
  await store.append(sessionId, { fence, seq: 3, entries: ['"c"'] });
  await vi.waitFor(() => expect(seen.entries.map(({ data }) => data)).toContain('"c"'));
  const answer = await store.read(sessionId, { after: `${fence}-0`, limit: 10 });
  return answer.kind === 'exact' ? answer.entries.map(({ data }) => data) : [answer.kind];
}
