import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeStore } from '../testing/conformance/describe-store.ts';
import type { OpenStore } from '../testing/conformance/store-harness.ts';
import { IN_MEMORY } from './open-database.ts';
import { openSqliteStore } from './open-sqlite-store.ts';

/** A clock that moves only when told to: what depends on time is then exact. */
function openAt(
  path: string,
  removeFiles: () => void,
  more: { maxCachedRecords?: number; maxTailEntries?: number } = {},
): OpenStore {
  return async (options) => {
    let now = Date.now();
    const store = openSqliteStore({ ...options, ...more, path, clock: () => now });
    return {
      store,
      advance: async (ms) => void (now += ms),
      async destroy() {
        await store.close();
        removeFiles();
      },
    };
  };
}

describeStore(
  'sqlite, in memory,',
  openAt(IN_MEMORY, () => undefined),
);

describeStore('sqlite', async (options) => {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-store-'));
  return openAt(join(folder, 'relay.db'), () => rmSync(folder, { recursive: true }))(options);
});

// Everything is in the database as well: what is kept in memory is only faster.
describeStore(
  'sqlite, that keeps nothing in memory,',
  openAt(IN_MEMORY, () => undefined, { maxCachedRecords: 0, maxTailEntries: 1 }),
);

// Entries move from the tail to the log all the time.
describeStore(
  'sqlite, with a short tail,',
  openAt(IN_MEMORY, () => undefined, { maxTailEntries: 3 }),
);
