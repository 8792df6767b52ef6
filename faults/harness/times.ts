/**
 * Durations as a histogram with bins of two significant digits, so that runs can be added up, and the longest exactly.
 */
export interface Times {
  readonly maxMs: number;
  /** How often each duration occurred, by ms of two significant digits. */
  readonly bins: Readonly<Record<string, number>>;
}

const NONE: Times = { maxMs: 0, bins: {} };

/** The histogram of durations in ms. */
export function readTimes(values: readonly number[]): Times {
  const bins: Record<string, number> = {};
  for (const value of values) {
    const ms = roundToTwoDigits(value);
    bins[ms] = (bins[ms] ?? 0) + 1;
  }
  return { maxMs: values.reduce((max, value) => Math.max(max, Math.round(value)), 0), bins };
}

/** The sum of two histograms. */
export function addTimes(left: Times = NONE, right: Times = NONE): Times {
  const bins = { ...left.bins };
  for (const [ms, count] of Object.entries(right.bins)) bins[ms] = (bins[ms] ?? 0) + count;
  return { maxMs: Math.max(left.maxMs, right.maxMs), bins };
}

/** `p50 2, p99 21000, max 20517 ms` */
export function describeTimes({ maxMs, bins }: Times): string {
  const sorted = Object.entries(bins)
    .map(([ms, count]) => [Number(ms), count] as const)
    .toSorted(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const at = (share: number): number => {
    let seen = 0;
    for (const [ms, count] of sorted) if ((seen += count) > total * share) return ms;
    return maxMs;
  };
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${maxMs} ms`;
}

function roundToTwoDigits(ms: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, ms))) - 1);
  return Math.round(ms / step) * step;
}
