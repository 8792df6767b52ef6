import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import { describeStore } from '../../testing/conformance/describe-store.ts';
import { chunkText, collectEvents, submitInput } from '../../testing/conformance/store-harness.ts';
import { partitionOf } from '../keys.ts';
import { openRedisStore, type ScriptStore } from './open-redis-store.ts';
import { startCluster, type RedisCluster } from '#testkit/processes/redis/redis-cluster.ts';
import type { RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import { trustCertificate } from '#testkit/processes/redis/tls/tls-files.ts';
import { startRun } from './testing/open-for-test.ts';
import { writeThroughFailover } from './testing/write-through-failover.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster();
}, 60_000);
afterAll(() => cluster.destroy());

describeStore(
  'redis cluster',
  async (options) => {
    let ahead = 0;
    const store = await openRedisStore({ ...options, url: cluster.url, prefix: newId(), clockOffset: () => ahead });
    return {
      store,
      advance: async (ms) => void (ahead += ms),
      destroy: () => store.close(),
    };
  },
  { runs: 5 },
);

/** Submits a prompt to each session. Resolves when the followers were told. */
async function promptAndHear(store: ScriptStore, ids: readonly string[]): Promise<void> {
  const seen = await Promise.all(
    ids.map(async (id) => {
      const events = collectEvents();
      await store.follow(id, events.listener);
      return events;
    }),
  );
  await Promise.all(ids.map((id) => store.submit(id, submitInput())));
  await vi.waitFor(() => expect(seen.every(({ entries }) => entries.length === 1)).toBe(true));
}

describe('on a cluster', () => {
  async function open(): Promise<ScriptStore> {
    const store = await openRedisStore({ url: cluster.url, prefix: newId(), ttlMs: 60_000 });
    onTestFinished(() => store.close());
    return store;
  }

  it("sessions are spread over all servers, and events are published on the session's server only", async () => {
    const store = await open();
    const ids = Array.from({ length: 30 }, () => newId());
    const homes = new Set(
      await Promise.all(ids.map(async (id) => (await cluster.masterOf(String(partitionOf(id)))).port)),
    );
    expect(homes.size).toBe(3);
    await promptAndHear(store, ids);
    expect((await store.take(100)).due).toHaveLength(30);
    const sent = await Promise.all(cluster.masters.map(({ admin }) => admin.info('commandstats')));
    expect(sent.join('\n')).not.toMatch(/^cmdstat_publish:/m);
    expect(sent.join('\n')).toMatch(/^cmdstat_spublish:/m);
  });

  it('appends of one tick are one command for all sessions of a partition', async () => {
    const store = await open();
    const ids: string[] = [];
    while (ids.length < 10) {
      const id = newId();
      if (partitionOf(id) === 7) ids.push(id);
    }
    const leases = await Promise.all(ids.map((id) => startRun(store, id)));
    await Promise.all(cluster.masters.map(({ admin }) => admin.config('RESETSTAT')));
    const answers = await Promise.all(
      leases.map(({ fence, runId }, index) =>
        store.append(ids[index] ?? '', { fence, seq: 1, entries: [chunkText(runId, `${index}`)] }),
      ),
    );
    expect(answers).toEqual(ids.map(() => ({ kind: 'ok', next: 2 })));
    const stats = await Promise.all(cluster.masters.map(({ admin }) => admin.info('commandstats')));
    expect([...stats.join('\n').matchAll(/^cmdstat_evalsha:calls=(\d+)/gm)].map(([, calls]) => calls)).toEqual(['1']);
    for (const [index, id] of ids.entries()) {
      const { fence, runId } = leases[index] ?? { fence: 0, runId: '' };
      expect(await store.read(id, { after: `${fence}-0`, limit: 9 })).toMatchObject({
        entries: [{ id: `${fence}-1`, data: chunkText(runId, `${index}`) }],
      });
    }
  });

  it('followers are told of a session whose slot has moved to another server', { timeout: 30_000 }, async () => {
    const store = await open();
    const sessionId = newId();
    const tag = String(partitionOf(sessionId));
    const seen = collectEvents();
    await store.follow(sessionId, seen.listener);
    const from = await cluster.masterOf(tag);
    const to = cluster.masters.find((master) => master !== from) ?? from;
    // A slot can be reassigned at once only when it has no keys.
    const slot = Number(await from.admin.call('CLUSTER', 'KEYSLOT', `{${tag}}`));
    for (const key of (await from.admin.call('CLUSTER', 'GETKEYSINSLOT', slot, 10_000)) as string[])
      await from.admin.del(key);
    const id = String(await to.admin.call('CLUSTER', 'MYID'));
    const give = (node: RedisProcess) => node.admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', id);
    await give(to);
    await Promise.all(cluster.masters.map(give));
    onTestFinished(async () => {
      await store.delete(sessionId);
      for (const key of (await to.admin.call('CLUSTER', 'GETKEYSINSLOT', slot, 10_000)) as string[])
        await to.admin.del(key);
      const back = String(await from.admin.call('CLUSTER', 'MYID'));
      for (const node of [from, ...cluster.masters]) await node.admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', back);
    });

    await vi.waitFor(() => expect(seen.unsure).toBeGreaterThan(0), { timeout: 20_000 });
    expect(await store.submit(sessionId, submitInput())).toMatchObject({ kind: 'ok' });
    await vi.waitFor(() => expect(seen.entries).toHaveLength(1));
  });

  it('refuses a login in one sentence', async () => {
    const url = cluster.url.replace('://', '://nobody:wrong@');
    await expect(openRedisStore({ url, prefix: newId(), ttlMs: 60_000 })).rejects.toMatchObject({
      name: 'StoreOpenError',
      message: `The store ${cluster.url} refuses the user name or the password in STORE.`,
    });
  });

  // Keep this test last: it kills a server of the cluster.
  it('a session goes on when its server dies, and its followers are told again', { timeout: 90_000 }, async () => {
    expect(await writeThroughFailover(await open(), cluster.masterOf)).toEqual(['"a"', '"b"', '"c"']);
  });
});

it('every server is reached over TLS, and sessions go on when one of them dies', { timeout: 120_000 }, async () => {
  trustCertificate();
  const secure = await startCluster({ tls: true });
  onTestFinished(() => secure.destroy());
  const store = await openRedisStore({ url: secure.url, prefix: newId(), ttlMs: 60_000 });
  onTestFinished(() => store.close());
  await promptAndHear(
    store,
    Array.from({ length: 12 }, () => newId()),
  );
  for (const { admin, port } of secure.masters) {
    const clients = String(await admin.client('LIST'))
      .split('\n')
      .filter((line) => line.includes('name=resumable-chat'));
    expect(clients.length).toBeGreaterThan(0);
    expect(clients.filter((line) => line.includes(` laddr=127.0.0.1:${port} `))).toEqual([]);
  }
  expect(await writeThroughFailover(store, secure.masterOf)).toEqual(['"a"', '"b"', '"c"']);
});
