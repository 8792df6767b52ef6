/** The spread of a value over the rounds. */
export interface Sample {
  median: number;
  min: number;
  max: number;
  rounds: number;
}

/** The median; NaN without values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `q` (0 to 1) of the values lies; NaN without values. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** The spread of the values. */
export function summarise(values: readonly number[]): Sample {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), rounds: values.length };
}

/**
 * Measures each of `systems` in turn, `rounds` times: A B A B. A busy machine slows both in a round about equally, so
 * the ratio within a round says more than either value. An uncounted round goes before, which pays for compiling.
 *
 * @param options.warm whether the code is compiled already: then no round goes before.
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
