/**
 * `npm run test:faults`: each promise of docs/faults.md against its faults, by name.
 *
 *     npm run test:faults -- G3 G4 --rounds 100 --seed 7 --quick
 */
import { parseArgs } from 'node:util';
import { createRandom } from '../e2e/support/random.ts';
import { runRow, type RowResult } from './harness/fault-row.ts';
import { formatResult, formatTable } from './harness/format-result.ts';
import { ROWS } from './rows/index.ts';

const USAGE = `Breaks the relay and its embedded store on purpose, and counts what should not have happened.

  npm run test:faults -- [names] [options]     names: ${ROWS.map(({ name }) => name).join(' ')}; all when none is given

  --quick      small loads: shows that it works
  --rounds N   so many rounds of each row
  --seed S     draws the same faults again`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
const seed = values.seed === undefined ? createRandom(Date.now()).between(1, 2 ** 31 - 1) : Number(values.seed);
const isUsable = [rounds ?? 1, seed].every((value) => Number.isSafeInteger(value) && value > 0);
const isKnown = positionals.every((name) => ROWS.some((row) => row.name === name));

if (values.help) console.log(USAGE);
else if (!isUsable || !isKnown) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  const results: RowResult[] = [];
  for (const row of ROWS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    console.log(`\n${row.name}: ${row.promise}\n  ${row.fault}`);
    const result = await runRow(row, { seed, quick: values.quick, rounds });
    console.log(formatResult(result));
    results.push(result);
  }
  console.log(`\n${formatTable(results)}`);
  // Sockets and timers of what was broken may still be open.
  process.exit(results.some(({ violationCount }) => violationCount > 0) ? 1 : 0);
}
