import { expect, it } from 'vitest';
import { readSeed } from '../e2e/support/random.ts';
import { MUTATIONS } from '#relay/store/conformance/mutations.ts';
import { runRow } from './harness/fault-row.ts';
import { formatResult } from './harness/format-result.ts';
import { oneTerminal } from './rows/g8-one-terminal.ts';
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

it('sees a store whose finish does not close the run', async () => {
  const mutate = MUTATIONS['a finish that does not close the run'];
  if (!mutate) throw new Error('There is no such control.');
  const result = await runRow(oneTerminal, { seed, quick: true, wrap: (store) => ({ ...store, ...mutate(store) }) });
  expect(result.violationCount).toBeGreaterThan(0);
});
