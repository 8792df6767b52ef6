import { writeFileSync } from 'node:fs';
import type { Reporter, TestSession, TestSuiteResult } from '@web/test-runner';
import type { WidgetReport } from './test-report.ts';

/** A reporter for @web/test-runner that leaves what it counted in a file, for scripts/test.ts to sum up. */
export function createWidgetReporter(file: string): Reporter {
  return {
    onTestRunFinished({ sessions }) {
      writeFileSync(file, JSON.stringify(countSessions(sessions)));
    },
  };
}

export function countSessions(sessions: Pick<TestSession, 'errors' | 'passed' | 'testResults'>[]): WidgetReport {
  const report = { passed: 0, failed: 0, skipped: 0, broken: 0 };
  for (const { errors, passed, testResults } of sessions) {
    const before = report.failed;
    if (testResults) countSuite(testResults, report);
    if (errors.length > 0 || (!passed && report.failed === before)) report.broken += 1;
  }
  return report;
}

function countSuite({ tests, suites }: TestSuiteResult, report: WidgetReport): void {
  for (const test of tests) {
    if (test.skipped) report.skipped += 1;
    else if (test.passed) report.passed += 1;
    else report.failed += 1;
  }
  for (const suite of suites) countSuite(suite, report);
}
