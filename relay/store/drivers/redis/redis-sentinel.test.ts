import { expect, it, onTestFinished, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import { collectEvents } from '../../conformance/store-harness.ts';
import { openRedisStore } from './open-redis-store.ts';
import { startRun, untilReplicated } from './testing/open-for-test.ts';
import { startSentinelGroup } from './testing/redis-sentinel.ts';

it('goes on with the server that the sentinels make the new master, and its followers hear of it', { timeout: 60_000 }, async () => {
  const { url, master, replica, destroy } = await startSentinelGroup();
  onTestFinished(destroy);

  const store = await openRedisStore({ url, prefix: newId(), ttlMs: 60_000 });
  onTestFinished(() => store.close());
  const sessionId = newId();
  const { fence } = await startRun(store, sessionId);
  const seen = collectEvents();
  let unsure = 0;
  await store.follow(sessionId, (event) => {
    if (event.kind === 'unsure') unsure += 1;
    seen.listener(event);
  });
  await store.append(sessionId, { fence, seq: 1, entries: ['"a"'] });
  // What a failover may lose is not what this is about.
  await untilReplicated(master.admin, 'written-last');
  await master.kill();

  await vi.waitFor(async () => expect(await store.append(sessionId, { fence, seq: 2, entries: ['"b"'] })).toMatchObject({ next: 3 }), {
    timeout: 20_000,
    interval: 100,
  });
  await vi.waitFor(() => expect(unsure).toBeGreaterThan(0), { timeout: 10_000 });
  await store.append(sessionId, { fence, seq: 3, entries: ['"c"'] });
  await vi.waitFor(() => expect(seen.entries.map(({ data }) => data)).toContain('"c"'));
  expect(await replica.admin.info('replication')).toContain('role:master');
});
