import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Where the process is killed: before the last word of its reply, or between the run's end and its seal. */
export type CrashPoint = 'word' | 'seal';

/** What a killed process has left. */
export interface Crash {
  sessionId: string;
  runId: string;
  /** The store's file. */
  path: string;
  /** Removes the file. */
  remove(): void;
}

/** The child as source, or as it is published. */
const CHILD = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './crash-child.ts' : './crash-child.js', import.meta.url),
);

/** Executes a run in a process of its own, and kills that with SIGKILL at a point. */
export async function runAndKill(module: URL, point: CrashPoint): Promise<Crash> {
  const folder = mkdtempSync(join(tmpdir(), 'resumable-chat-engine-'));
  const path = join(folder, 'relay.db');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD, module.href, path, point], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const reached = once(createInterface(child.stdout), 'line') as Promise<[string]>;
  const line = await Promise.race([reached, exited.then(() => null)]);
  if (line === null) throw new Error(`the process ended before it reached the point: ${point}`);
  child.kill('SIGKILL');
  await exited;
  const { sessionId, runId } = JSON.parse(line[0]) as Pick<Crash, 'sessionId' | 'runId'>;
  return { sessionId, runId, path, remove: () => rmSync(folder, { recursive: true }) };
}
