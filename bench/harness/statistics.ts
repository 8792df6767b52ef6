export interface Sample {
  median: number;
  min: number;
  max: number;
  rounds: number;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share `q` (0 to 1) of the values lies; NaN when there are none. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

export function summarise(values: readonly number[]): Sample {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), rounds: values.length };
}

/**
 * Runs each of `systems` in turn, `rounds` times: A B A B. What a busy machine does to one it most likely does to
 * its neighbour too, so the ratio within a round says more than either figure. One more round goes before, and is
 * not counted: the first one pays for compiling. `warm`: that has been paid for already.
 */
export async function interleave<S extends Record<string, () => Promise<unknown>>>(
  rounds: number,
  systems: S,
  { warm = false }: { warm?: boolean } = {},
): Promise<{ [K in keyof S]: Awaited<ReturnType<S[K]>>[] }> {
  const results: Record<string, unknown[]> = {};
  for (let round = warm ? 0 : -1; round < rounds; round += 1) {
    for (const [name, measure] of Object.entries(systems)) {
      const result = await measure();
      if (round >= 0) (results[name] ??= []).push(result);
    }
  }
  return results as { [K in keyof S]: Awaited<ReturnType<S[K]>>[] };
}
