/** The embedded store without a relay. */
import { join } from 'node:path';
import { openSqliteStore } from '#relay/store/sqlite/open-sqlite-store.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { measureStoreAppends, type AppendLoad, type AppendSpeed } from '../harness/append-load.ts';
import { serveCommands } from '../harness/commands.ts';
import { seedActiveRun, type SeededRun } from '../harness/seed-run.ts';

let store: SessionStore | null = null;
let runs: SeededRun[] = [];
const DAY_MS = 86_400_000;

const handlers = {
  open: async ({ folder, sessions }: { folder: string; sessions: number }): Promise<void> => {
    const opened = openSqliteStore({ path: join(folder, 'store.db'), ttlMs: DAY_MS });
    store = opened;
    runs = await Promise.all(
      Array.from({ length: sessions }, (_, index) =>
        seedActiveRun(opened, `bench-session-${String(index).padStart(6, '0')}`),
      ),
    );
  },
  run: async (load: AppendLoad): Promise<AppendSpeed> => measureStoreAppends(store, runs, load),
};
/** The commands of this process. */
export type SqliteAppender = typeof handlers;
serveCommands(handlers);
