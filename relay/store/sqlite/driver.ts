import { defineStoreDriver } from '../store-driver.ts';

const SCHEME = 'sqlite';
const IN_MEMORY = ':memory:';

/** The embedded store: a file, or memory that is forgotten when the relay ends. */
export const sqliteDriver = defineStoreDriver({
  schemes: [SCHEME],
  forms: ['sqlite:<path>', 'sqlite::memory:'],
  isShared: false,
  settings: {},
  accepts: (url) => pathOf(url) !== '',
  locate(url) {
    const path = pathOf(url);
    return {
      label: path,
      ...(path === IN_MEMORY ? {} : { secretFile: `${path}.secret` }),
      async open({ ttlMs, logger }) {
        const { openSqliteStore } = await import('./open-sqlite-store.ts');
        return openSqliteStore({ path, ttlMs, logger });
      },
    };
  },
});

function pathOf(url: string): string {
  return url.slice(`${SCHEME}:`.length);
}
