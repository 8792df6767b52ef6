/** The Redis store without a relay. */
import { openRedisStore } from '#relay/store/redis/ioredis/open-redis-store.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { measureStoreAppends, type AppendLoad, type AppendSpeed } from '../harness/append-load.ts';
import { serveCommands } from '../harness/commands.ts';
import { seedActiveRun, type SeededRun } from '../harness/seed-run.ts';

let store: SessionStore | null = null;
let runs: SeededRun[] = [];
const DAY_MS = 86_400_000;

const handlers = {
  /** Makes new sessions with an active run each, which replace those before. */
  open: async ({ url, sessions }: { url: string; sessions: number }): Promise<void> => {
    const opened = (store ??= await openRedisStore({ url, ttlMs: DAY_MS }));
    const prefix = `bench-${process.hrtime.bigint()}`;
    runs = await Promise.all(
      Array.from({ length: sessions }, (_, index) => seedActiveRun(opened, `${prefix}-${index}`)),
    );
  },
  run: async (load: AppendLoad): Promise<AppendSpeed> => measureStoreAppends(store, runs, load),
};
/** The commands of this process. */
export type RedisAppender = typeof handlers;
serveCommands(handlers);
