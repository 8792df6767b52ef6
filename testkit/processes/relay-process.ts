import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../network/free-port.ts';
import { ROOT } from '#scripts/ensure-build.ts';
import { isNetworkError } from '../network/is-network-error.ts';
import { cleanEnvironment } from './clean-environment.ts';
import { until } from '../wait.ts';

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A relay in a process of its own, which can be killed and started again on the same port and store. */
export interface RelayProcess {
  readonly port: number;
  readonly origin: string;
  /** The SQLite file in a temporary folder, unless the settings name another store. */
  readonly storeFile: string;
  /** Calls of `kill` so far. */
  readonly kills: number;
  readonly running: boolean;
  /** The current process's id. */
  readonly pid: number | undefined;
  /** What all its processes printed to stdout and stderr, the last MiB. */
  output(): string;
  /** Starts a process and resolves when it is ready. @throws Error with its output when it does not become ready. */
  start(env?: Record<string, string>): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the current process has ended. */
  ended(): Promise<Exit>;
  /** Kills the process and deletes its store. */
  dispose(): Promise<void>;
}

/** Settings for tests: no rate limits, and leases that run out soon. */
const TEST_SETTINGS = {
  HOST: '127.0.0.1',
  LEASE_MS: '1000',
  LOG_LEVEL: 'warn',
  PROMPTS_PER_MINUTE_PER_SESSION: '0',
  PROMPTS_PER_MINUTE_PER_IP: '0',
  MAX_STREAMS_PER_IP: '0',
  MAX_STREAMS_PER_SESSION: '0',
};

/** Characters of output that are kept. */
const OUTPUT_LIMIT = 1024 * 1024;
/** Printed when the relay listens. An answer on its port does not prove that: another process may have the port. */
const READY = 'The relay is ready at ';
/** A relay takes one or two seconds to start, and many times that on an overloaded machine. */
const START_MS = 60_000;

/** What to run in place of the relay's own entry. */
export interface RelayCommand {
  /** The script, relative to the root of the repository. */
  script?: string;
  /** A program, with its arguments, that runs the command. */
  runBy?: readonly string[];
}

/** A relay with these settings, not started yet. */
export async function createRelayProcess(
  settings: Record<string, string>,
  { script = 'relay/node/main.ts', runBy = [] }: RelayCommand = {},
): Promise<RelayProcess> {
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-e2e-'));
  const storeFile = path.join(folder, 'relay.db');
  const origin = `http://127.0.0.1:${port}`;
  const base = {
    ...cleanEnvironment(),
    ...TEST_SETTINGS,
    PORT: String(port),
    STORE: `sqlite:${storeFile}`,
    ...settings,
  };
  let child: ChildProcess | null = null;
  let exit: Promise<Exit> = Promise.resolve({ code: null, signal: null });
  let output = '';
  let kills = 0;

  async function start(env: Record<string, string> = {}): Promise<void> {
    if (child) throw new Error('The relay runs already.');
    const [program, ...args] = [...runBy, process.execPath, script];
    const started = spawn(program, args, {
      cwd: ROOT,
      env: { ...base, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    let said = '';
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-OUTPUT_LIMIT);
        if (!said.includes(READY)) said = (said + text).slice(-OUTPUT_LIMIT);
      });
    }
    // `close` comes after `exit`, when the output has been read to its end.
    exit = once(started, 'close').then(([code, signal]: unknown[]) => {
      if (child === started) child = null;
      return { code, signal } as Exit;
    });
    try {
      const ready = async (): Promise<boolean> => {
        if (child !== started) throw new Error('The relay ended before it was ready.');
        return said.includes(READY) && isReady(origin);
      };
      await until('the relay is ready', ready, { timeoutMs: START_MS });
    } catch (error) {
      throw new Error(`The relay did not start. It has printed:\n${output.slice(-4000)}`, { cause: error });
    }
  }

  return {
    port,
    origin,
    storeFile,
    get kills() {
      return kills;
    },
    get running() {
      return child !== null;
    },
    get pid() {
      return child?.pid;
    },
    output: () => output,
    start,
    async kill() {
      kills += 1;
      child?.kill('SIGKILL');
      await exit;
    },
    signal: (name) => child?.kill(name),
    ended: () => exit,
    async dispose() {
      child?.kill('SIGKILL');
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function isReady(origin: string): Promise<boolean> {
  try {
    const response = await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(1000) });
    await response.arrayBuffer();
    return response.ok;
  } catch (error) {
    // It does not listen yet.
    if (isNetworkError(error)) return false;
    throw error;
  }
}
