import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../ensure-build.ts';
import { judge, type Tally } from '../test-report.ts';
import type { Stage } from './stages.ts';

/** Characters kept of what a stage prints, the last ones. */
const OUTPUT_LIMIT = 4 * 1024 * 1024;

/** What became of a stage. */
export interface Outcome {
  name: string;
  tally: Tally;
  seconds: number;
  isSuite: boolean;
}

/** Runs stages, also side by side, with one environment and one deadline for all of them. */
export interface StageRunner {
  /** Runs a stage to its end and prints its output in one piece, so that stages side by side do not mix theirs. */
  run(stage: Stage): Promise<Outcome>;
  /** Kills what runs, with its workers and browsers. */
  stop(): void;
}

/** @param deadline when everything ends, as `performance.now()` says */
export function createStageRunner(env: NodeJS.ProcessEnv, deadline: number): StageRunner {
  const running = new Set<ChildProcess>();

  return {
    async run(stage) {
      const { name, report } = stage;
      console.log(`${name} …`);
      const startedAt = performance.now();
      const child = start(stage.command, env);
      running.add(child);
      const { endedWell, output } = await finish(child, stage.limitMinutes, deadline);
      running.delete(child);
      console.log(`\n── ${name} ──\n${output.trimEnd()}`);
      const tally = report ? judge(readReport(report), endedWell) : checkTally(endedWell);
      return { name, tally, seconds: (performance.now() - startedAt) / 1000, isSuite: report !== undefined };
    },
    stop() {
      for (const { pid } of running) killGroup(pid);
    },
  };
}

function start([program, ...args]: Stage['command'], env: NodeJS.ProcessEnv): ChildProcess {
  const isScript = /\.[mc]?[jt]s$|\//.test(program);
  const [file, ...before] = isScript ? [process.execPath, path.join(ROOT, program)] : [program];
  // A group of its own, so that its workers and browsers can be killed with it.
  return spawn(file ?? program, [...before, ...args], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

/** Waits for the end of the process or of its time. */
async function finish(
  child: ChildProcess,
  limitMinutes: number,
  deadline: number,
): Promise<{ endedWell: boolean; output: string }> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_LIMIT);
    });
  }
  const limitMs = Math.max(0, Math.min(limitMinutes * 60_000, deadline - performance.now()));
  const limit = setTimeout(() => {
    output += `\nThis took longer than ${(limitMs / 60_000).toFixed(1)} minutes and was killed.\n`;
    killGroup(child.pid);
  }, limitMs);
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      output += `${error.message}\n`;
      resolve(null);
    });
    child.on('close', resolve);
  });
  clearTimeout(limit);
  return { endedWell: code === 0, output };
}

function checkTally(endedWell: boolean): Tally {
  return { passed: 0, failed: endedWell ? 0 : 1, skipped: 0, failures: [] };
}

function readReport({ file, read }: NonNullable<Stage['report']>): Tally | null {
  try {
    return read(file);
  } catch (error) {
    console.error(`The report of this suite cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
