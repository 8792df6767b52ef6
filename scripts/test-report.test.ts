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
  it('counts tests, not files, and names those that failed', () => {
    const file = reportFile({
      testResults: [
        { name: 'a', status: 'passed', assertionResults: [{ status: 'passed' }, { status: 'passed' }] },
        {
          name: 'b',
          status: 'failed',
          assertionResults: [
            { status: 'failed', fullName: 'the log goes on', failureMessages: ['expected 1 to be 2'] },
            { status: 'pending' },
          ],
        },
      ],
    });
    const failures = ['b > the log goes on\nexpected 1 to be 2'];
    expect(readVitestReport(file)).toEqual({ passed: 2, failed: 1, skipped: 1, failures });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const file = reportFile({
      testResults: [{ name: 'a', status: 'failed', message: 'no file', assertionResults: [] }],
    });
    expect(readVitestReport(file)).toEqual({ passed: 0, failed: 1, skipped: 0, failures: ['a\nno file'] });
  });
});

describe('the report of the widget tests', () => {
  const test = (passed: boolean, skipped = false): { name: string; passed: boolean; skipped: boolean } => ({
    name: 'a test',
    passed,
    skipped,
  });

  it('counts the tests of nested suites', () => {
    const wrong = { ...test(false), error: { message: 'expected 1 to be 2' } };
    const inner = { name: 'inner', suites: [], tests: [test(true), wrong, test(false, true)] };
    const testResults = { name: '', suites: [inner], tests: [test(true)] };
    expect(countSessions([{ passed: false, errors: [], testFile: 'x.test.ts', testResults }])).toEqual({
      passed: 2,
      failed: 1,
      skipped: 1,
      broken: 0,
      failures: ['x.test.ts > inner > a test\nexpected 1 to be 2'],
    });
  });

  it('counts a file that failed without a failed test as broken', () => {
    const nothing = { passed: 0, failed: 0, skipped: 0, broken: 1 };
    const sessions = [{ passed: false, errors: [], testFile: 'x.test.ts' }];
    expect(countSessions(sessions)).toEqual({ ...nothing, failures: ['x.test.ts'] });
    const error = { message: 'thrown outside of a test' };
    const failures = ['x.test.ts\nthrown outside of a test'];
    expect(countSessions([{ passed: true, errors: [error], testFile: 'x.test.ts' }])).toEqual({ ...nothing, failures });
  });
});

describe('judging a suite', () => {
  const failures: string[] = [];

  it('keeps the counts of one that ended well', () => {
    const tally = { passed: 3, failed: 0, skipped: 1, failures };
    expect(judge(tally, true)).toEqual(tally);
  });

  it('counts a failed test once, not once more for the exit code', () => {
    expect(judge({ passed: 3, failed: 1, skipped: 0, failures }, false).failed).toBe(1);
  });

  it('counts a crash, a missing report and a suite without tests as failures', () => {
    expect(judge({ passed: 3, failed: 0, skipped: 0, failures }, false).failed).toBe(1);
    expect(judge(null, false).failed).toBe(1);
    expect(judge({ passed: 0, failed: 0, skipped: 2, failures }, true).failed).toBe(1);
  });
});

it('sums up tallies', () => {
  const total = sum([
    { passed: 1, failed: 2, skipped: 3, failures: ['a'] },
    { passed: 10, failed: 20, skipped: 30, failures: ['b', 'c'] },
  ]);
  expect(total).toEqual({ passed: 11, failed: 22, skipped: 33, failures: ['a', 'b', 'c'] });
});
