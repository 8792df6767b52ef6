/**
 * `npm start`: the relay with the demo, started again when it dies, so that killing it can be tried from the page.
 *
 * The relay's life hangs on this one by an IPC channel: when it closes, even because this process was killed with no
 * chance to say so, the relay ends (see relay/node/main.ts). The relay says `ready` on the same channel once it listens;
 * one that ends before, by its own will, has refused to start, and starting it again would change nothing.
 */
import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { ensureBuild, ROOT } from './ensure-build.ts';

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;
/** A relay that lived this long was well: the next restart is quick again. */
const HEALTHY_MS = 10_000;
/** Deaths in a row without having been well. */
const MAX_DEATHS = 20;
const PARENT_CHECK_MS = 1_000;

/** Taken before anything that takes time. */
const PARENT = process.ppid;

let relay: ChildProcess;
let startedAt = 0;
let ready = false;
let deaths = 0;
let stopping = false;
let restart: NodeJS.Timeout | undefined;

function startRelay(): void {
  startedAt = Date.now();
  ready = false;
  relay = fork(path.join(ROOT, 'relay/node/main.ts'), ['--demo', ...process.argv.slice(2)], {
    cwd: process.cwd(),
    execPath: process.execPath,
    // A group of its own: an interrupt from the terminal comes here alone, and the relay gets it once, from `stop`.
    detached: true,
  });
  relay.on('message', (message) => {
    if (message === 'ready') ready = true;
  });
  relay.on('error', (error) => {
    console.error(`The relay could not be started: ${error.message}`);
    process.exitCode = 1;
  });
  relay.on('exit', onExit);
}

function onExit(code: number | null, signal: NodeJS.Signals | null): void {
  if (stopping) {
    // One that had not begun yet has nothing to end in good order: the signal itself ends it.
    process.exitCode = code ?? (ready ? 1 : 0);
    return;
  }
  if (code !== null && !ready) {
    process.exitCode = code === 0 ? 1 : code;
    return;
  }
  deaths = Date.now() - startedAt >= HEALTHY_MS ? 0 : deaths + 1;
  if (deaths >= MAX_DEATHS) {
    console.error(`The relay died ${deaths} times in a row: giving up.`);
    process.exitCode = 1;
    return;
  }
  const delay = Math.min(FIRST_DELAY_MS * 2 ** Math.max(0, deaths - 1), LONGEST_DELAY_MS);
  console.error(`The relay ended (${signal ?? `code ${code}`}): starting it again in ${delay} ms.`);
  restart = setTimeout(startRelay, delay);
}

function stop(signal: NodeJS.Signals): void {
  if (stopping) return;
  stopping = true;
  clearTimeout(restart);
  relay.kill(signal);
}

/** npm itself may be killed with no chance to pass it on: the demo does not outlive the command that started it. */
function watchParent(): void {
  setInterval(() => {
    if (process.ppid !== PARENT) stop('SIGTERM');
  }, PARENT_CHECK_MS).unref();
}

ensureBuild({ rebuildStale: true });
if (process.env['npm_lifecycle_event'] === 'start') watchParent();
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
startRelay();
