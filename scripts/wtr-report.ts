import { writeFileSync } from 'node:fs';
import type { Reporter, TestSession, TestSuiteResult } from '@web/test-runner';
import { describeFailure, type WidgetReport } from './test-report.ts';

/** A reporter for @web/test-runner that writes its counts to a file, for scripts/test.ts. */
export function createWidgetReporter(file: string): Reporter {
  return {
    onTestRunFinished({ sessions }) {
      writeFileSync(file, JSON.stringify(countSessions(sessions)));
    },
  };
}

type CountedSession = Pick<TestSession, 'errors' | 'passed' | 'testResults'> & { testFile?: string | undefined };

/** The counts of all test files. */
export function countSessions(sessions: CountedSession[]): WidgetReport {
  const report: WidgetReport = { passed: 0, failed: 0, skipped: 0, broken: 0, failures: [] };
  for (const { errors, passed, testFile = '', testResults } of sessions) {
    const before = report.failed;
    if (testResults) countSuite(testResults, testFile, report);
    if (errors.length > 0 || (!passed && report.failed === before)) {
      report.broken += 1;
      report.failures.push(describeFailure(testFile, errors.map(({ message }) => message).join('\n')));
    }
  }
  return report;
}

function countSuite({ tests, suites }: TestSuiteResult, under: string, report: WidgetReport): void {
  for (const { error, name, passed, skipped } of tests) {
    if (skipped) report.skipped += 1;
    else if (passed) report.passed += 1;
    else {
      report.failed += 1;
      report.failures.push(describeFailure(`${under} > ${name}`, error?.message));
    }
  }
  for (const suite of suites) countSuite(suite, `${under} > ${suite.name}`, report);
}
