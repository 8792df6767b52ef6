import type { AppendFile } from '../baselines/append-file.ts';
import type { AppendLoad } from '../harness/append-load.ts';
import type { Bench } from '../harness/bench.ts';
import { atLeast, createFigure } from '../harness/figure.ts';
import { interleave } from '../harness/statistics.ts';
import type { SqliteAppender } from '../servers/sqlite-appender.ts';

const SESSIONS = 500;

/** Appends to the embedded store, against lines appended to a file. */
export const sqliteAppends: Bench = {
  name: 'sqlite-appends',
  run: async ({ quick, start, folder, progress }) => {
    const rounds = quick ? 1 : 5;
    const [store, file] = await Promise.all([
      start<SqliteAppender>('servers/sqlite-appender.ts'),
      start<AppendFile>('baselines/append-file.ts'),
    ]);
    await store.call('open', { folder: await folder(), sessions: SESSIONS });
    await file.call('open', { folder: await folder(), sessions: SESSIONS });

    const loads: { load: AppendLoad; what: string; goal: boolean }[] = [
      {
        load: { groups: quick ? 10 : 60, sessions: SESSIONS, entries: 1 },
        what: `${SESSIONS} sessions, one entry each`,
        goal: true,
      },
      {
        load: { groups: quick ? 5 : 20, sessions: 100, entries: 20 },
        what: '100 sessions, 20 entries each',
        goal: false,
      },
    ];
    const figures = [];
    for (const { load, what, goal } of loads) {
      progress(what);
      const measured = await interleave(rounds, {
        file: () => file.call('run', load),
        store: () => store.call('run', load),
      });
      figures.push(
        createFigure({
          what: `appended entries/s, a tick of ${what}`,
          unit: '/s',
          ours: measured.store.map((speed) => speed.perSecond),
          baseline: measured.file.map((speed) => speed.perSecond),
          as: 'ours/baseline',
          ...(goal ? { goal: atLeast(0.1) } : {}),
        }),
        createFigure({
          what: `CPU per entry, a tick of ${what}`,
          unit: 'µs',
          ours: measured.store.map((speed) => speed.cpuMicroseconds),
          baseline: measured.file.map((speed) => speed.cpuMicroseconds),
          as: 'baseline/ours',
        }),
      );
    }
    return figures;
  },
};
