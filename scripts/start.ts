/**
 * `npm start`: the relay with the demo, restarted when it dies, so that the page can kill it.
 *
 * The two processes share an IPC channel. When it closes, even because this process was killed, the relay exits (see
 * relay/node/main.ts). The relay sends `ready` on it once it listens. A relay that exits before that has refused to
 * start, and is not restarted.
 */
import { fork, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { ensureBuild, ROOT } from './ensure-build.ts';

/** Wait before the first restart; doubled for each further one. */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;
/** Uptime after which the wait and the count of deaths start over. */
const HEALTHY_MS = 10_000;
/** Deaths in a row, each within HEALTHY_MS, after which it is not restarted. */
const MAX_DEATHS = 20;
const PARENT_CHECK_MS = 1_000;

/** Read before the build, during which the parent may die. */
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
    // A process group of its own: Ctrl-C reaches this process alone, which passes it on once.
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
    // A relay that was not ready yet had nothing to drain, so being ended by the signal is a success.
    process.exitCode = code ?? (ready ? 1 : 0);
    return;
  }
  if (code !== null && !ready) {
    process.exitCode = code === 0 ? 1 : code;
    return;
  }
  deaths = Date.now() - startedAt >= HEALTHY_MS ? 0 : deaths + 1;
  if (deaths >= MAX_DEATHS) {
    console.error(`The relay died ${deaths} times in a row and is not restarted.`);
    process.exitCode = 1;
    return;
  }
  const delay = Math.min(FIRST_DELAY_MS * 2 ** Math.max(0, deaths - 1), LONGEST_DELAY_MS);
  console.error(`The relay died (${signal ?? `code ${code}`}) and is restarted in ${delay} ms.`);
  restart = setTimeout(startRelay, delay);
}

function stop(signal: NodeJS.Signals): void {
  if (stopping) return;
  stopping = true;
  clearTimeout(restart);
  relay.kill(signal);
}

/** Stops when npm is gone: killed with SIGKILL it passes no signal on, and the demo would outlive it. */
function watchParent(): void {
  setInterval(() => {
    if (process.ppid !== PARENT) stop('SIGTERM');
  }, PARENT_CHECK_MS).unref();
}

ensureBuild();
if (process.env['npm_lifecycle_event'] === 'start') watchParent();
process.on('SIGINT', stop);
process.on('SIGTERM', stop);
startRelay();
