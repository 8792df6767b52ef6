import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openSqliteStore } from '#relay/store/sqlite/open-sqlite-store.ts';
import type { StoreUnderTest } from '../harness/store-under-test.ts';
import { openSmallDisk } from './small-disk.ts';

/** The embedded store: one file, one process. */
export const sqliteUnderTest: StoreUnderTest = {
  name: 'sqlite',
  relays: 1,

  // The interface is asynchronous, this store is not.
  // oxlint-disable-next-line require-await
  async openPort(options) {
    let offsetMs = 0;
    const store = openSqliteStore({ ...options, path: ':memory:', clock: () => Date.now() + offsetMs });
    return {
      store,
      // oxlint-disable-next-line require-await
      async advance(ms) {
        offsetMs += ms;
      },
      destroy: () => store.close(),
    };
  },

  // oxlint-disable-next-line require-await
  async openPlace() {
    const folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-faults-'));
    return {
      settings: { STORE: `sqlite:${path.join(folder, 'relay.db')}` },
      runBy: [],
      // oxlint-disable-next-line require-await
      async dispose() {
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },

  async openSmallPlace() {
    const disk = await openSmallDisk();
    return { ...disk, settings: { STORE: `sqlite:${path.join(disk.folder, 'relay.db')}` } };
  },

  // oxlint-disable-next-line require-await
  async close() {
    // Each port has a store of its own in memory: nothing is shared.
  },
};
