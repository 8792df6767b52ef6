import { afterAll, describe, expect, it } from 'vitest';
import { readTestSeed } from '../scripts/test-seed.ts';
import { CONTROLS } from './harness/controls.ts';
import { runRow, type FaultRow, type RowResult } from './harness/fault-row.ts';
import { formatResult } from './harness/format-result.ts';
import { ROWS } from './rows/index.ts';
import { redisUnderTest } from './stores/redis.ts';

/** Rows that mostly wait and measure nothing: they run side by side. */
const PATIENT = ['G5', 'G10', 'G12', 'G13', 'AOF-off', 'chaos'];
/** Other rows that need relays which share a store, or a connection to it. */
const ALONE = ['G4', 'G7'];
const seed = readTestSeed();
const store = redisUnderTest;
const only = (names: readonly string[]): FaultRow[] => ROWS.filter(({ name }) => names.includes(name));

afterAll(() => store.close());

async function run(row: FaultRow): Promise<RowResult> {
  const result = await runRow(row, { seed, quick: true, store });
  console.log(`${row.name} on Redis:\n${formatResult(result)}`);
  return result;
}

describe('three relays on one Redis', () => {
  it.concurrent.each(only(PATIENT))('$name: $promise', async (row) => {
    const { violations, counts } = await run(row);
    expect(violations, violations.join('\n')).toEqual([]);
    expect(counts).not.toEqual({});
  });

  it.concurrent.each(CONTROLS.filter(({ slow, only }) => !slow && only?.includes('redis')))(
    '$row turns red with: $mutation',
    async ({ row: name, mutation }) => {
      const row = ROWS.find((row) => row.name === name);
      if (!row) throw new Error(`There is no row ${name}.`);
      const { violationCount } = await runRow(row, { seed, quick: true, store, mutation, endOnFirst: true });
      expect(violationCount).toBeGreaterThan(0);
    },
  );
});

describe('three relays on one Redis, one at a time', () => {
  it.each(only(ALONE))('$name: $promise', async (row) => {
    const { violations, counts } = await run(row);
    expect(violations, violations.join('\n')).toEqual([]);
    expect(counts).not.toEqual({});
  });
});
