import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import { chunkText, claimInput, submitInput, terminalText } from '../../testing/conformance/store-harness.ts';
import type { FollowEvent } from '../../session-store.ts';
import { openRedisStore } from './open-redis-store.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';

const DOCUMENT = new URL('../../../../docs/running.md', import.meta.url);

let server: RedisProcess;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.destroy());

it('works as the user that docs/running.md describes, who can do nothing else', async () => {
  const [, rules = ''] = /ACL SETUSER relay on >password (.+)/.exec(readFileSync(DOCUMENT, 'utf8')) ?? [];
  expect(rules).not.toBe('');
  await server.admin.acl('SETUSER', 'relay', 'on', '>password', ...rules.split(' '));
  const url = `redis://relay:password@127.0.0.1:${server.port}`;
  const store = await openRedisStore({ url, ttlMs: 60_000 });
  const sessionId = newId();
  const heard = vi.fn<(event: FollowEvent) => void>();
  await store.check();
  const unfollow = await store.follow(sessionId, heard);
  const submitted = submitInput();
  expect((await store.submit(sessionId, submitted)).kind).toBe('ok');
  expect((await store.take(10)).due).toEqual([sessionId]);
  const claimed = await store.claim(sessionId, claimInput());
  if (claimed.kind !== 'lease') throw new Error(claimed.kind);
  const { fence, runId } = claimed.lease;
  expect((await store.renew(sessionId, { fence, leaseMs: 1000 })).kind).toBe('ok');
  expect((await store.append(sessionId, { fence, seq: 1, entries: [chunkText(runId, 'a')] })).kind).toBe('ok');
  expect((await store.finish(sessionId, { fence, seq: 2, entries: [terminalText(runId)] })).kind).toBe('ok');
  const to = `${fence}-2` as const;
  expect(await store.seal(sessionId, { from: '0-0', to, transcript: '[]', trimTo: '0-0' })).toBe('ok');
  expect((await store.read(sessionId, { limit: 10 })).kind).toBe('snapshot');
  expect(await store.rate(sessionId, { messageId: runId, feedback: '{"rating":"up"}' })).toBe('ok');
  await vi.waitUntil(() => heard.mock.calls.some(([{ kind }]) => kind === 'feedback'));
  await store.delete(sessionId);
  expect((await store.head(sessionId)).kind).toBe('gone');
  unfollow();
  await store.close();

  const thief = server.admin.duplicate({ username: 'relay', password: 'password', lazyConnect: true });
  thief.on('error', () => undefined);
  await thief.connect();
  await expect(thief.get('somebody-elses-key')).rejects.toThrow(/NOPERM/);
  await expect(thief.flushall()).rejects.toThrow(/NOPERM/);
  await expect(thief.config('SET', 'appendonly', 'no')).rejects.toThrow(/NOPERM/);
  await expect(thief.keys('*')).rejects.toThrow(/NOPERM/);
  thief.disconnect();
});
