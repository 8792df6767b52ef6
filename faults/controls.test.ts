import { expect, it } from 'vitest';
import { readTestSeed } from '../scripts/test-seed.ts';
import { CONTROLS } from './harness/controls.ts';
import { runRow } from './harness/fault-row.ts';
import { MUTATIONS } from './harness/mutations.ts';
import { ROWS } from './rows/index.ts';
import { sqliteUnderTest } from './stores/sqlite.ts';

const seed = readTestSeed();

const quick = CONTROLS.filter(({ slow, only }) => !slow && (only?.includes(sqliteUnderTest.name) ?? true));

it.each(quick)('$row turns red with: $mutation', async ({ row: name, mutation }) => {
  const row = ROWS.find((row) => row.name === name);
  if (!row) throw new Error(`There is no row ${name}.`);
  // A broken rule may show by chance only: more rounds than usual, up to the first violation.
  const rounds = row.rounds.quick * 4;
  const { violationCount, violations } = await runRow(row, { seed, quick: true, rounds, mutation, endOnFirst: true });
  console.log(`${name}, ${mutation}: ${violations[0]?.split('\n')[0]}`);
  expect(violationCount).toBeGreaterThan(0);
});

it('has a rule to break for each row, and a row for each rule that only a relay can show', () => {
  expect(new Set(CONTROLS.map(({ row }) => row))).toEqual(new Set(ROWS.map(({ name }) => name)));
  for (const { mutation } of CONTROLS) expect(Object.keys(MUTATIONS)).toContain(mutation);
});
