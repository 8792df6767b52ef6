import type { RowResult } from './fault-row.ts';

/** More of them say the same. */
const SHOWN_VIOLATIONS = 10;
const SHOWN_LENGTH = 400;

/** A row's result as lines for people. */
export function formatResult(result: RowResult): string {
  const counts = Object.entries(result.counts).map(([what, count]) => `  ${what}: ${count}`);
  const times = Object.entries(result.times).map(([what, values]) => `  ${what}: ${formatTimes(values)}`);
  const violations = result.violations.slice(0, SHOWN_VIOLATIONS).map((sentence) => `  VIOLATION ${sentence.slice(0, SHOWN_LENGTH)}`);
  const end = `  ${result.violationCount} violations in ${result.rounds} rounds, seed ${result.seed}, ${result.seconds.toFixed(1)} s`;
  return [...counts, ...times, ...violations, end].join('\n');
}

/** All results as a Markdown table. */
export function formatTable(results: readonly RowResult[]): string {
  const rows = results.map((result) => {
    const counts = Object.entries(result.counts).map(([what, count]) => `${what} ${count}`);
    const times = Object.entries(result.times).map(([what, values]) => `${what} ${formatTimes(values)}`);
    return `| ${result.name} | ${result.rounds} | ${[...counts, ...times].join('; ')} | ${result.violationCount} | ${result.seed} | ${result.seconds.toFixed(0)} |`;
  });
  return ['| row | rounds | what ran | violations | seed | s |', '|---|---|---|---|---|---|', ...rows].join('\n');
}

function formatTimes(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} ms (n=${sorted.length})`;
}
