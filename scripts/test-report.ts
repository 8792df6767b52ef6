import { readFileSync } from 'node:fs';

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** What of vitest's json report counts here (`--reporter=json`, the shape of jest's). */
interface VitestReport {
  testResults: { name: string; status: string; assertionResults: { status: string }[] }[];
}

/** What scripts/wtr-report.ts writes. */
export interface WidgetReport {
  passed: number;
  failed: number;
  skipped: number;
  /** Files that could not be run, and errors outside of tests. */
  broken: number;
}

/** Counts tests; a file that failed without a failed test in it (it could not be loaded) counts as one failure. */
export function readVitestReport(file: string): Tally {
  const report = JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  const tally = { passed: 0, failed: 0, skipped: 0 };
  for (const { status, assertionResults } of report.testResults) {
    const failed = assertionResults.filter((test) => test.status === 'failed').length;
    const passed = assertionResults.filter((test) => test.status === 'passed').length;
    tally.passed += passed;
    tally.failed += failed;
    tally.skipped += assertionResults.length - passed - failed;
    if (status === 'failed' && failed === 0) tally.failed += 1;
  }
  return tally;
}

export function readWidgetReport(file: string): Tally {
  const { passed, failed, skipped, broken } = JSON.parse(readFileSync(file, 'utf8')) as WidgetReport;
  return { passed, failed: failed + broken, skipped };
}

/**
 * A suite's tally after its runner has ended. A runner that did not end well without a failed test (it crashed, hung,
 * or met an unhandled error), and one that ran nothing at all, count as a failure each: silence is none of the two.
 */
export function judge(tally: Tally | null, endedWell: boolean): Tally {
  const seen = tally ?? { passed: 0, failed: 0, skipped: 0 };
  const silent = seen.failed === 0 && (!endedWell || seen.passed === 0);
  return silent ? { ...seen, failed: 1 } : seen;
}

export function sum(tallies: Tally[]): Tally {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of tallies) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  return total;
}
