import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { judge, readVitestReport, sum } from './test-report.ts';
import { countSessions } from './wtr-report.ts';

function reportFile(report: unknown): string {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'report-')), 'report.json');
  writeFileSync(file, JSON.stringify(report));
  return file;
}

describe('the report of vitest', () => {
  it('counts tests, not files', () => {
    const file = reportFile({
      testResults: [
        { name: 'a', status: 'passed', assertionResults: [{ status: 'passed' }, { status: 'passed' }] },
        { name: 'b', status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'pending' }] },
      ],
    });
    expect(readVitestReport(file)).toEqual({ passed: 2, failed: 1, skipped: 1 });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const file = reportFile({ testResults: [{ name: 'a', status: 'failed', assertionResults: [] }] });
    expect(readVitestReport(file)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});

describe('the report of the widget tests', () => {
  const test = (passed: boolean, skipped = false): { name: string; passed: boolean; skipped: boolean } => ({
    name: 'a test',
    passed,
    skipped,
  });

  it('counts the tests of nested suites', () => {
    const inner = { name: 'inner', suites: [], tests: [test(true), test(false), test(false, true)] };
    const testResults = { name: '', suites: [inner], tests: [test(true)] };
    expect(countSessions([{ passed: false, errors: [], testResults }])).toEqual({
      passed: 2,
      failed: 1,
      skipped: 1,
      broken: 0,
    });
  });

  it('counts a file that failed without a failed test as broken', () => {
    const nothing = { passed: 0, failed: 0, skipped: 0 };
    expect(countSessions([{ passed: false, errors: [] }])).toEqual({ ...nothing, broken: 1 });
    const error = { message: 'thrown outside of a test' };
    expect(countSessions([{ passed: true, errors: [error] }])).toEqual({ ...nothing, broken: 1 });
  });
});

describe('judging a suite', () => {
  it('keeps the counts of one that ended well', () => {
    expect(judge({ passed: 3, failed: 0, skipped: 1 }, true)).toEqual({ passed: 3, failed: 0, skipped: 1 });
  });

  it('counts a failed test once, not once more for the exit code', () => {
    expect(judge({ passed: 3, failed: 1, skipped: 0 }, false).failed).toBe(1);
  });

  it('counts a crash, a missing report and a suite without tests as failures', () => {
    expect(judge({ passed: 3, failed: 0, skipped: 0 }, false).failed).toBe(1);
    expect(judge(null, false).failed).toBe(1);
    expect(judge({ passed: 0, failed: 0, skipped: 2 }, true).failed).toBe(1);
  });
});

it('sums up tallies', () => {
  const total = sum([
    { passed: 1, failed: 2, skipped: 3 },
    { passed: 10, failed: 20, skipped: 30 },
  ]);
  expect(total).toEqual({ passed: 11, failed: 22, skipped: 33 });
});
