import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeStore } from '../testing/conformance/describe-store.ts';
import type { OpenStore } from '../testing/conformance/store-harness.ts';
import { IN_MEMORY } from './open-database.ts';
import { openSqliteStore } from './open-sqlite-store.ts';

/** The clock moves only when told to, so that answers that depend on time are exact. */
function openAt(
  path: string,
  removeFiles: () => void,
  more: { maxCachedRecords?: number; maxBufferedEntries?: number } = {},
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
  'sqlite in memory,',
  openAt(IN_MEMORY, () => undefined),
);

describeStore('sqlite', async (options) => {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-store-'));
  return openAt(join(folder, 'relay.db'), () => rmSync(folder, { recursive: true }))(options);
});

// Records in memory only make things faster: the database holds everything.
describeStore(
  'sqlite without records in memory,',
  openAt(IN_MEMORY, () => undefined, { maxCachedRecords: 0, maxBufferedEntries: 1 }),
);

// Entries are settled all the time.
describeStore(
  'sqlite with a short write buffer,',
  openAt(IN_MEMORY, () => undefined, { maxBufferedEntries: 3 }),
);
