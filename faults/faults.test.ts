import { expect, it } from 'vitest';
import { readSeed } from '../e2e/support/random.ts';
import { runRow } from './harness/fault-row.ts';
import { formatResult } from './harness/format-result.ts';
import { ROWS } from './rows/index.ts';

/** G1 and G2 are held by e2e/post.test.ts, G18 by shared/session-properties.test.ts. */
const ELSEWHERE = ['G1', 'G2', 'G18'];
const seed = readSeed();

it.each(ROWS.filter(({ name }) => !ELSEWHERE.includes(name)))('$name: $promise', async (row) => {
  const result = await runRow(row, { seed, quick: true });
  console.log(`${row.name}:\n${formatResult(result)}`);
  expect(result.violations).toEqual([]);
  expect(Object.keys(result.counts).length).toBeGreaterThan(0);
});
