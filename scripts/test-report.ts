import { readFileSync } from 'node:fs';

/** Counts of a suite. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** The failed tests with their messages, for the summary at the end of a long output. */
  failures: string[];
}

/** The fields of vitest's `--reporter=json` that are read here. */
interface VitestReport {
  testResults: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { status: string; fullName?: string; failureMessages?: string[] }[];
  }[];
}

/** The report that scripts/wtr-report.ts writes. */
export interface WidgetReport {
  passed: number;
  failed: number;
  skipped: number;
  /** Files that could not be run, and errors outside of tests. */
  broken: number;
  failures: string[];
}

/** Characters of a failure's message in the summary: enough for what was expected and found, and where. */
const MESSAGE_CHARACTERS = 1000;

/**
 * Reads vitest's report. A file that failed without a failed test, since it could not be loaded, counts as one failure.
 */
export function readVitestReport(file: string): Tally {
  const report = JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
  const tally = emptyTally();
  for (const { name, status, message, assertionResults } of report.testResults) {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    const passed = assertionResults.filter((test) => test.status === 'passed').length;
    tally.passed += passed;
    tally.failed += failed.length;
    tally.skipped += assertionResults.length - passed - failed.length;
    for (const test of failed) {
      tally.failures.push(describeFailure(`${name} > ${test.fullName ?? ''}`, test.failureMessages?.join('\n')));
    }
    if (status === 'failed' && failed.length === 0) {
      tally.failed += 1;
      tally.failures.push(describeFailure(name, message));
    }
  }
  return tally;
}

/** Reads the report of scripts/wtr-report.ts. */
export function readWidgetReport(file: string): Tally {
  const { passed, failed, skipped, broken, failures } = JSON.parse(readFileSync(file, 'utf8')) as WidgetReport;
  return { passed, failed: failed + broken, skipped, failures };
}

/** A failed test with the beginning of its message. */
export function describeFailure(name: string, message: string | undefined): string {
  return message ? `${name}\n${message.slice(0, MESSAGE_CHARACTERS)}` : name;
}

function emptyTally(): Tally {
  return { passed: 0, failed: 0, skipped: 0, failures: [] };
}

/**
 * The tally of a suite whose runner has ended. One failure is added when the runner ended badly without a failed test
 * (it crashed, hung or met an unhandled error), or when it ran no test at all.
 */
export function judge(tally: Tally | null, endedWell: boolean): Tally {
  const seen = tally ?? emptyTally();
  const silent = seen.failed === 0 && (!endedWell || seen.passed === 0);
  return silent ? { ...seen, failed: 1, failures: ['the runner ended badly or ran no test'] } : seen;
}

/** The sum of several tallies. */
export function sum(tallies: Tally[]): Tally {
  const total = emptyTally();
  for (const { passed, failed, skipped, failures } of tallies) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
    total.failures.push(...failures);
  }
  return total;
}
