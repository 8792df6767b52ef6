/** How long something took, each time, so that runs can be put together: a histogram of two digits a bin, and the longest. */
export interface Times {
  readonly maxMs: number;
  /** How often, by ms rounded to two digits. */
  readonly bins: Readonly<Record<string, number>>;
}

const NONE: Times = { maxMs: 0, bins: {} };

export function readTimes(values: readonly number[]): Times {
  const bins: Record<string, number> = {};
  for (const value of values) {
    const ms = roundToTwoDigits(value);
    bins[ms] = (bins[ms] ?? 0) + 1;
  }
  return { maxMs: values.reduce((max, value) => Math.max(max, Math.round(value)), 0), bins };
}

export function addTimes(left: Times = NONE, right: Times = NONE): Times {
  const bins = { ...left.bins };
  for (const [ms, count] of Object.entries(right.bins)) bins[ms] = (bins[ms] ?? 0) + count;
  return { maxMs: Math.max(left.maxMs, right.maxMs), bins };
}

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
