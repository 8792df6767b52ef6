/**
 * `npm run test:faults`: tests the promises of docs/faults.md under faults, all or by name.
 *
 *     npm run test:faults -- G3 G4 --rounds 100 --seed 7 --quick
 *     npm run test:faults -- --controls
 *     npm run test:faults -- --report
 */
import { parseArgs } from 'node:util';
import { createRandom } from '#testkit/random.ts';
import { CONTROLS } from './harness/controls.ts';
import { runRow, type RowResult } from './harness/fault-row.ts';
import { formatResult, formatResults } from './harness/format-result.ts';
import { recordControl, recordRun, writeReport } from './harness/report.ts';
import type { StoreUnderTest } from './harness/store-under-test.ts';
import { warmUp } from './harness/warm-up.ts';
import { ROWS } from './rows/index.ts';
import { STORES } from './stores/index.ts';

const USAGE = `Breaks the relay and its store on purpose, and counts violations of the promises in docs/faults.md.

  npm run test:faults -- [names] [options]     names: ${ROWS.map(({ name }) => name).join(' ')}; all when none is given

  --store NAME one of ${STORES.map(({ name }) => name).join(', ')}; sqlite when not given
  --quick      small loads, as in npm test
  --controls   breaks one rule after the other, and fails if its row stays green
  --rounds N   rounds per row
  --seed S     draws the same faults as a run with that seed
  --record     adds the counts to those of earlier runs: faults/report
  --report     writes the recorded counts into docs/faults.md, and runs nothing`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    store: { type: 'string', default: 'sqlite' },
    controls: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seed: { type: 'string' },
    record: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
const seed = values.seed === undefined ? createRandom(Date.now()).between(1, 2 ** 31 - 1) : Number(values.seed);
const isUsable = [rounds ?? 1, seed].every((value) => Number.isSafeInteger(value) && value > 0);
const store = STORES.find(({ name }) => name === values.store);
const rows = ROWS.filter(({ only }) => store && (only?.includes(store.name) ?? true));
const isKnown = positionals.every((name) => rows.some((row) => row.name === name));

if (values.help) console.log(USAGE);
else if (!isUsable || !isKnown || !store) {
  console.error(USAGE);
  process.exitCode = 2;
} else if (values.report) {
  writeReport(
    ROWS,
    STORES.map(({ name }) => name),
  );
} else if (values.controls) {
  await warmUp();
  const isGreen = await runControls(store);
  await store.close();
  process.exit(isGreen ? 0 : 1);
} else {
  await warmUp();
  const results: RowResult[] = [];
  for (const row of rows.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    console.log(`\n${row.name}: ${row.promise}\n  ${row.fault}`);
    const result = await runRow(row, { store, seed, quick: values.quick, rounds });
    console.log(formatResult(result));
    if (values.record) recordRun(result);
    results.push(result);
  }
  console.log(`\n${formatResults(results)}`);
  await store.close();
  // Sockets and timers of broken relays may still be open.
  process.exit(results.some(({ violationCount }) => violationCount > 0) ? 1 : 0);
}

/** True when every broken rule turned its row red. */
async function runControls(store: StoreUnderTest): Promise<boolean> {
  const lines: string[] = [];
  let unseen = 0;
  for (const control of CONTROLS) {
    const row = rows.find(({ name }) => name === control.row);
    if (
      !row ||
      !(control.only?.includes(store.name) ?? true) ||
      (positionals.length > 0 && !positionals.includes(row.name))
    )
      continue;
    // A broken rule may show by chance only: more rounds than usual, up to the first violation.
    const atMost = rounds ?? row.rounds.quick * 4;
    const result = await runRow(row, {
      store,
      seed,
      quick: true,
      rounds: atMost,
      mutation: control.mutation,
      endOnFirst: true,
    });
    const { violations, violationCount, seconds } = result;
    if (values.record) recordControl(store.name, control.mutation, result);
    const [first = 'NOTHING'] = violations;
    if (violationCount === 0) unseen += 1;
    lines.push(
      `| ${row.name} | ${control.mutation} | ${violationCount} | ${first.split('\n')[0]?.slice(0, 160)} | ${seconds.toFixed(0)} |`,
    );
    console.log(lines.at(-1));
  }
  console.log(`\n${lines.length} rules broken with seed ${seed}, ${unseen} of them unseen`);
  return unseen === 0;
}
