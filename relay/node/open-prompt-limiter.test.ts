import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import type { Logger } from '../util/logger.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import { redisDriver } from '../store/redis/ioredis/driver.ts';
import { openPromptLimiter, type OpenedPromptLimiter } from './open-prompt-limiter.ts';

const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
let server: RedisProcess;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.destroy());

function open(prefix: string, url = server.url): Promise<OpenedPromptLimiter> {
  const store = redisDriver.parse(url, { KEY_PREFIX: prefix });
  if (store.kind === 'wrong') throw new TypeError(store.problems.join());
  return openPromptLimiter(store.value, { perSession: 3, perAddress: 5 }, logger);
}

/** One that counts on Redis by now, and not for itself while it connects. */
async function openConnected(prefix: string): Promise<OpenedPromptLimiter> {
  const opened = await open(prefix);
  await vi.waitUntil(async () => {
    const session = newId();
    await opened.limiter.take(session, undefined);
    return (await server.admin.exists(`${prefix}:limit:session:${session}`)) === 1;
  });
  return opened;
}

async function takeUntilLimited({ limiter }: OpenedPromptLimiter, session: string, address: string): Promise<number> {
  for (let taken = 0; ; taken += 1) if ((await limiter.take(session, address)).kind === 'limited') return taken;
}

it('counts the prompts of all relays that share a Redis, in windows of a minute', async () => {
  const prefix = newId();
  const [one, other] = [await openConnected(prefix), await openConnected(prefix)];
  expect(await takeUntilLimited(one, 'a', '1.1.1.1')).toBe(3);
  expect(await takeUntilLimited(other, 'a', '1.1.1.1')).toBe(0);
  expect(await takeUntilLimited(other, 'b', '1.1.1.1')).toBe(2);
  const key = `${prefix}:limit:address:1.1.1.1`;
  expect(await server.admin.pttl(key)).toBeGreaterThan(0);
  expect(await server.admin.pttl(key)).toBeLessThanOrEqual(60_000);
  one.close();
  other.close();
});

it('gives back on Redis what was not accepted', async () => {
  const opened = await openConnected(newId());
  for (let i = 0; i < 10; i += 1) {
    const ticket = await opened.limiter.take('a', '1.1.1.1');
    expect(ticket.kind).toBe('ok');
    if (ticket.kind === 'ok') await ticket.giveBack();
  }
  opened.close();
});

it('counts in memory while Redis is unreachable', async () => {
  const opened = await open(newId(), 'redis://127.0.0.1:1');
  expect(await takeUntilLimited(opened, 'a', '1.1.1.1')).toBe(3);
  opened.close();
});
