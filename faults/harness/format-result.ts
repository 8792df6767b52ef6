import type { RowResult } from './fault-row.ts';
import { describeTimes, readTimes } from './times.ts';

/** Violations printed per row: more of them say the same. */
const SHOWN_VIOLATIONS = 10;
const SHOWN_LENGTH = 400;

/** The result of a row, as lines to read. */
export function formatResult(result: RowResult): string {
  const counts = Object.entries({ ...result.counts, ...result.maxima }).map(([what, count]) => `  ${what}: ${count}`);
  const times = Object.entries(result.times).map(
    ([what, values]) => `  ${what}: ${describeTimes(readTimes(values))} (n=${values.length})`,
  );
  const violations = result.violations
    .slice(0, SHOWN_VIOLATIONS)
    .map((sentence) => `  VIOLATION ${sentence.slice(0, SHOWN_LENGTH)}`);
  const end = `  ${result.violationCount} violations in ${result.rounds} rounds, seed ${result.seed}, ${result.seconds.toFixed(1)} s`;
  return [...counts, ...times, ...violations, end].join('\n');
}

/** The results of several rows, a line each. */
export function formatResults(results: readonly RowResult[]): string {
  return results
    .map(
      ({ name, store, rounds, violationCount, seed, seconds }) =>
        `${name} on ${store}: ${violationCount} violations in ${rounds} rounds, seed ${seed}, ${seconds.toFixed(0)} s`,
    )
    .join('\n');
}
