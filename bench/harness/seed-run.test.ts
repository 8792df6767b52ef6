import { expect, test } from 'vitest';
import { openSqliteStore } from '#relay/store/sqlite/open-sqlite-store.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { createSeeder } from './seed-run.ts';

const SESSION = 'session-of-the-bench0';

test('a relay that polls while a run is seeded is told of every due run but that one', async () => {
  const inner = openSqliteStore({ path: ':memory:', ttlMs: 60_000 });
  const shown: { sessions: string[]; due: string[] }[] = [];
  const store: SessionStore = {
    ...inner,
    submit: async (...args) => {
      const answer = await inner.submit(...args);
      shown.push({ sessions: (await storeForRelay.take(10)).due, due: (await inner.take(10)).due });
      return answer;
    },
  };
  const { storeForRelay, seed } = createSeeder(store);
  await seed({ sessionId: SESSION, tokens: 1, end: 'sealed' });
  expect(shown).toEqual([{ sessions: [], due: [SESSION] }]);

  await inner.submit(SESSION, {
    messageId: 'm-2',
    hash: '2',
    runId: 'r-2',
    entries: ['{"type":"message"}'],
  });
  expect((await storeForRelay.take(10)).due).toEqual([SESSION]);
  await inner.close();
});
