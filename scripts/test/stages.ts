import path from 'node:path';
import { readVitestReport, readWidgetReport, type Tally } from '../test-report.ts';

/** One command of `npm test`. */
export interface Stage {
  name: string;
  /** A program and its arguments; a script is run by this Node. */
  command: [string, ...string[]];
  /** Ended after so long, which counts as a failure. */
  limitMinutes: number;
  /**
   * Where the runner leaves its report, and how to read it. A stage without one is no suite and counts only if it
   * fails.
   */
  report?: { file: string; read: (file: string) => Tally };
}

/** Stages that run one after the other, beside those of the other lane. */
export type Lane = readonly Stage[];

/** The report of @web/test-runner in a folder of reports. */
export function widgetReport(reports: string): string {
  return path.join(reports, 'widget.json');
}

/** Runs alone, before all others: several of them need what it builds. */
export const BUILD: Stage = { name: 'build', command: ['scripts/ensure-build.ts'], limitMinutes: 3 };

/**
 * Two lanes, for two cores: measured one after the other, the stages leave half of two cores idle, since tests of
 * browsers and processes mostly wait. Each lane is half of the work, and no stage of one disturbs a stage of the other:
 * only `package` and `e2e` write to dist/, one after the other.
 */
export function planStages(reports: string): readonly [Lane, Lane] {
  const checks: Lane = [
    { name: 'types', command: ['node_modules/typescript/bin/tsc', '-p', '.'], limitMinutes: 3 },
    { name: 'format', command: ['node_modules/oxfmt/bin/oxfmt', '--check', '.'], limitMinutes: 1 },
    { name: 'lint', command: ['node_modules/oxlint/bin/oxlint'], limitMinutes: 3 },
    { name: 'imports', command: ['scripts/import-graph.ts'], limitMinutes: 1 },
    { name: 'dead code', command: ['node_modules/knip/bin/knip.js'], limitMinutes: 3 },
    { name: 'size', command: ['node_modules/size-limit/bin.js'], limitMinutes: 1 },
  ];
  const widget: Stage = {
    name: 'widget',
    command: ['node_modules/@web/test-runner/dist/bin.js'],
    limitMinutes: 7,
    report: { file: widgetReport(reports), read: readWidgetReport },
  };
  return [
    [...checks, vitest('unit', reports, 12), vitest('faults', reports, 10)],
    [
      { name: 'package', command: ['npm', 'run', '-s', 'check:package'], limitMinutes: 3 },
      widget,
      vitest('e2e', reports, 14),
    ],
  ];
}

function vitest(project: string, reports: string, limitMinutes: number): Stage {
  const file = path.join(reports, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  return {
    name: project,
    command: ['node_modules/vitest/vitest.mjs', 'run', '--project', project, ...reporters],
    limitMinutes,
    report: { file, read: readVitestReport },
  };
}
