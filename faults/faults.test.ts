import { describe, expect, it } from 'vitest';
import { readTestSeed } from '../scripts/test-seed.ts';
import { runRow, type FaultRow, type RowResult } from './harness/fault-row.ts';
import { formatResult } from './harness/format-result.ts';
import { ROWS } from './rows/index.ts';

/** e2e/post.test.ts covers G1 and G2, shared/fold/session-properties.test.ts G18. */
const ELSEWHERE = ['G1', 'G2', 'G18'];
/** Rows that mostly wait and measure nothing: they run side by side. */
const PATIENT = ['G3', 'G6', 'G9', 'G11', 'G16'];
const seed = readTestSeed();
const rows = ROWS.filter(({ name, only }) => !ELSEWHERE.includes(name) && (only?.includes('sqlite') ?? true));

async function run(row: FaultRow): Promise<RowResult> {
  const result = await runRow(row, { seed, quick: true });
  console.log(`${row.name}:\n${formatResult(result)}`);
  return result;
}

describe('under faults', () => {
  it.concurrent.each(rows.filter(({ name }) => PATIENT.includes(name)))('$name: $promise', async (row) => {
    const { violations, counts } = await run(row);
    expect(violations, violations.join('\n')).toEqual([]);
    expect(counts).not.toEqual({});
  });
});

describe('under faults, one at a time', () => {
  it.each(rows.filter(({ name }) => !PATIENT.includes(name)))('$name: $promise', async (row) => {
    const { violations, counts } = await run(row);
    expect(violations, violations.join('\n')).toEqual([]);
    expect(counts).not.toEqual({});
  });
});
