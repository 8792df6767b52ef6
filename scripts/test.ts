/**
 * `npm test`: every check and every suite, in two lanes side by side. The last line is `N passed, N failed`.
 *
 * The counts come from the runners' machine-readable reports. A stage that is no suite (types, lint, build …) counts
 * only when it fails, as one failure.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './ensure-build.ts';
import { ensureTestPrograms } from './programs.ts';
import { sum } from './test-report.ts';
import { createStageRunner, type Outcome } from './test/run-stage.ts';
import { BUILD, planStages, widgetReport, type Lane } from './test/stages.ts';

/** For all stages together: a stage ends at its own limit or at this one, whichever comes first. */
const TOTAL_MINUTES = 27;
const deadline = performance.now() + TOTAL_MINUTES * 60_000;

/** Failed tests named in the summary; what each printed stands above, in the output of its stage. */
const FAILURES_SHOWN = 20;

mkdirSync(path.join(ROOT, '.tmp'), { recursive: true });
const reports = mkdtempSync(path.join(ROOT, '.tmp/reports-'));
let interrupted = false;

try {
  const runner = createStageRunner(
    {
      ...process.env,
      ...ensureTestPrograms(),
      WIDGET_REPORT: widgetReport(reports),
      // Programs find `node` by their first line: it must be the one that runs this.
      PATH: [path.dirname(process.execPath), process.env['PATH']].join(path.delimiter),
    },
    deadline,
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interrupted = true;
      runner.stop();
    });
  }
  const runLane = async (lane: Lane): Promise<Outcome[]> => {
    const outcomes: Outcome[] = [];
    for (const stage of lane) if (!interrupted) outcomes.push(await runner.run(stage));
    return outcomes;
  };
  const built = await runLane([BUILD]);
  const lanes = await Promise.all(planStages(reports).map(runLane));
  summarise([...built, ...lanes.flat()]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
} finally {
  rmSync(reports, { recursive: true, force: true });
}

function summarise(outcomes: readonly Outcome[]): void {
  console.log('\n── summary ──');
  for (const outcome of outcomes) console.log(describeOutcome(outcome));
  const { passed, failed, failures } = sum(outcomes.map(({ tally }) => tally));
  for (const failure of failures.slice(0, FAILURES_SHOWN)) {
    console.log(`\nFAILED ${failure.replaceAll(ROOT + path.sep, '').replaceAll('\n', '\n    ')}`);
  }
  if (failures.length > FAILURES_SHOWN) console.log(`\n… and ${failures.length - FAILURES_SHOWN} more`);
  if (failed > 0 || interrupted) process.exitCode = 1;
  console.log(`${passed} passed, ${interrupted ? failed + 1 : failed} failed`);
}

function describeOutcome({ name, tally, seconds, isSuite }: Outcome): string {
  const { passed, failed, skipped } = tally;
  const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  return `${name.padEnd(10)} ${isSuite ? counts : failed > 0 ? 'failed' : 'ok'} (${seconds.toFixed(1)} s)`;
}
