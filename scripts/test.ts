/**
 * `npm test`: everything there is, one stage after the other, and at the end `N passed, N failed` as the last line.
 *
 * The counts come from the runners' machine-readable reports. A stage that is no suite (types, lint, build …) counts
 * only when it fails, as one failure.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './ensure-build.ts';
import { ensureTestPrograms } from './programs.ts';
import { judge, readVitestReport, readWidgetReport, sum, type Tally } from './test-report.ts';

interface Stage {
  name: string;
  /** A program of node_modules or of this folder, run by this Node, and its arguments. */
  command: [string, ...string[]];
  limitMinutes: number;
  /** Where the runner leaves its report, and how to read it; a stage without one is no suite of tests. */
  report?: { file: string; read: (file: string) => Tally };
}

interface Outcome {
  name: string;
  tally: Tally;
  seconds: number;
  isSuite: boolean;
}

const TSC = 'node_modules/typescript/bin/tsc';
const OXLINT = 'node_modules/oxlint/bin/oxlint';
const KNIP = 'node_modules/knip/bin/knip.js';
const VITE = 'node_modules/vite/bin/vite.js';
const VITEST = 'node_modules/vitest/vitest.mjs';
const WTR = 'node_modules/@web/test-runner/dist/bin.js';

/** All of it together; a stage ends at its own limit or here, whichever comes first. */
const TOTAL_MINUTES = 27;
const deadline = performance.now() + TOTAL_MINUTES * 60_000;

/** The summary names this many failed tests; what each printed stands above, where it ran. */
const FAILURES_SHOWN = 20;

mkdirSync(path.join(ROOT, '.tmp'), { recursive: true });
const reports = mkdtempSync(path.join(ROOT, '.tmp/reports-'));
const env: NodeJS.ProcessEnv = { ...process.env, WIDGET_REPORT: path.join(reports, 'widget.json') };
/** The programs find `node` by their first line: it must be the one that runs this. */
env['PATH'] = [path.dirname(process.execPath), process.env['PATH']].join(path.delimiter);

let running: ReturnType<typeof spawn> | undefined;
let interrupted = false;

const stages: Stage[] = [
  { name: 'types', command: [TSC, '-p', '.'], limitMinutes: 3 },
  { name: 'lint', command: [OXLINT], limitMinutes: 3 },
  { name: 'dead code', command: [KNIP], limitMinutes: 3 },
  { name: 'size', command: ['scripts/check-size.ts'], limitMinutes: 3 },
  { name: 'build', command: [VITE, 'build', '--logLevel', 'warn'], limitMinutes: 3 },
  vitest('unit', 12),
  {
    name: 'widget',
    command: [WTR],
    limitMinutes: 7,
    report: { file: path.join(reports, 'widget.json'), read: readWidgetReport },
  },
  vitest('e2e', 14),
];

process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
try {
  Object.assign(env, ensureTestPrograms());
  const outcomes: Outcome[] = [];
  for (const stage of stages) if (!interrupted) outcomes.push(await runStage(stage));
  summarise(outcomes);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
} finally {
  rmSync(reports, { recursive: true, force: true });
}

function vitest(project: string, limitMinutes: number): Stage {
  const file = path.join(reports, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  return {
    name: project,
    command: [VITEST, 'run', '--project', project, ...reporters],
    limitMinutes,
    report: { file, read: readVitestReport },
  };
}

async function runStage({ name, command, limitMinutes, report }: Stage): Promise<Outcome> {
  console.log(`\n── ${name} ──`);
  const startedAt = performance.now();
  const endedWell = await run(command, limitMinutes);
  const seconds = (performance.now() - startedAt) / 1000;
  const tally = report
    ? judge(readReport(report), endedWell)
    : { passed: 0, failed: endedWell ? 0 : 1, skipped: 0, failures: [] };
  return { name, tally, seconds, isSuite: report !== undefined };
}

/** Runs to the end or to the limit, what it prints going straight through; true when it ended with code 0. */
async function run([program, ...args]: Stage['command'], limitMinutes: number): Promise<boolean> {
  const child = spawn(process.execPath, [path.join(ROOT, program), ...args], {
    cwd: ROOT,
    env,
    stdio: 'inherit',
    // A group of its own, so that at the limit its workers and browsers go with it.
    detached: true,
  });
  running = child;
  const limitMs = Math.max(0, Math.min(limitMinutes * 60_000, deadline - performance.now()));
  const limit = setTimeout(() => {
    console.error(`This took longer than ${(limitMs / 60_000).toFixed(1)} minutes: ended.`);
    endGroup(child.pid);
  }, limitMs);
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      console.error(error.message);
      resolve(null);
    });
    child.on('exit', resolve);
  });
  clearTimeout(limit);
  running = undefined;
  return code === 0;
}

function readReport({ file, read }: NonNullable<Stage['report']>): Tally | null {
  try {
    return read(file);
  } catch (error) {
    console.error(`No report can be read of this suite: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

function summarise(outcomes: Outcome[]): void {
  console.log('\n── summary ──');
  for (const { name, tally, seconds, isSuite } of outcomes) {
    const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : '';
    const result = isSuite
      ? `${tally.passed} passed, ${tally.failed} failed${skipped}`
      : tally.failed
        ? 'failed'
        : 'ok';
    console.log(`${name.padEnd(10)} ${result} (${seconds.toFixed(1)} s)`);
  }
  const { passed, failed, failures } = sum(outcomes.map(({ tally }) => tally));
  for (const failure of failures.slice(0, FAILURES_SHOWN)) {
    console.log(`\nFAILED ${failure.replaceAll(ROOT + path.sep, '').replaceAll('\n', '\n    ')}`);
  }
  if (failures.length > FAILURES_SHOWN) console.log(`\n… and ${failures.length - FAILURES_SHOWN} more`);
  if (failed > 0 || interrupted) process.exitCode = 1;
  console.log(`${passed} passed, ${interrupted ? failed + 1 : failed} failed`);
}

function interrupt(): void {
  interrupted = true;
  endGroup(running?.pid);
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
