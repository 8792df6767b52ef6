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

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A relay in a process of its own, with a store of its own in a temporary folder, always on the same port. */
export interface RelayProcess {
  readonly port: number;
  readonly origin: string;
  readonly storeFile: string;
  /** How often it was killed. */
  readonly kills: number;
  readonly running: boolean;
  /** The id of the running process. */
  readonly pid: number | undefined;
  /** What all its processes printed, errors included; the last megabyte. */
  output(): string;
  /** Starts it, again after its end, and resolves when it is ready. */
  start(env?: Record<string, string>): Promise<void>;
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the process that runs now has ended. */
  ended(): Promise<Exit>;
  /** Ends it and removes its store. */
  dispose(): Promise<void>;
}

/** Settings that suit tests: nothing is limited by the minute, and a lease runs out soon. */
const TEST_SETTINGS = {
  HOST: '127.0.0.1',
  LEASE_MS: '1000',
  LOG_LEVEL: 'warn',
  PROMPTS_PER_MINUTE_PER_SESSION: '0',
  PROMPTS_PER_MINUTE_PER_IP: '0',
  MAX_STREAMS_PER_IP: '0',
  MAX_STREAMS_PER_SESSION: '0',
};

const OUTPUT_LIMIT = 1024 * 1024;
/** Printed once it listens. That its port answers is not enough: whoever sits there may be another. */
const READY = 'The relay is ready at ';
/** A relay is ready within a second or two; on a machine with ten times as much to do as it can, within ten times that. */
const START_MS = 60_000;

export interface RelayCommand {
  /** In place of the relay's own. */
  script?: string;
  /** A program with its arguments that runs the command. */
  runBy?: readonly string[];
}

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
    // When it is gone, and all that it has printed has been read.
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
    // Not listening yet is what is waited for; anything else is a mistake in the test.
    if (isNetworkError(error)) return false;
    throw error;
  }
}
