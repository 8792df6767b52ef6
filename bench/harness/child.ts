import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CommonHandlers, Handlers, Reply } from './commands.ts';

type InputOf<H> = H extends () => unknown ? undefined : H extends (input: infer I) => unknown ? I : never;
type ResultOf<H> = H extends (input: never) => infer R ? Awaited<R> : never;

/** A process of the bench, which answers commands. */
export interface Child<H extends Handlers> {
  readonly pid: number;
  /** Sends a command and resolves with its result; rejects when the command fails, or is not answered in time. */
  call<N extends keyof (H & CommonHandlers) & string>(
    name: N,
    input?: InputOf<(H & CommonHandlers)[N]>,
  ): Promise<ResultOf<(H & CommonHandlers)[N]>>;
  /** Ends the process and waits for it. Idempotent. */
  stop(): Promise<void>;
}

/** How a process of the bench is started. */
export interface ChildOptions {
  /**
   * Enables the command `memory`, and keeps V8's space for young objects at 1 MB: it grows with the rate of allocation,
   * and would be mistaken for memory that connections hold.
   */
  forMemory?: boolean;
  /** The program's arguments. */
  args?: readonly string[];
  /** Writes a V8 CPU profile of the process into this folder when it stops. */
  profileDir?: string | undefined;
}

/** How long a command may take, in ms: longer than any of the bench, so that more is a fault and not a slow run. */
const CALL_TIMEOUT_MS = 180_000;
/** How long a process may take to end before it is killed, in ms: writing a CPU profile takes seconds. */
const STOP_TIMEOUT_MS = 10_000;

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** Starts `file` (relative to bench/) in a process of its own and waits until it answers commands. */
export async function startChild<H extends Handlers>(file: string, options: ChildOptions = {}): Promise<Child<H>> {
  const execArgv = ['--no-warnings'];
  if (options.forMemory) execArgv.push('--expose-gc', '--max-semi-space-size=1');
  if (options.profileDir) execArgv.push('--cpu-prof', `--cpu-prof-dir=${options.profileDir}`);
  const child = fork(fileURLToPath(new URL(`../${file}`, import.meta.url)), options.args ?? [], {
    execArgv,
    serialization: 'advanced',
  });

  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let ended = false;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true;
      for (const { reject } of waiting.values())
        reject(new Error(`${file} ended (${code ?? signal}) while a command was pending`));
      waiting.clear();
      resolve();
    });
  });
  child.on('message', (message) => {
    const reply = message as Reply;
    const call = waiting.get(reply.id);
    if (!call) return;
    waiting.delete(reply.id);
    clearTimeout(call.timer);
    if ('error' in reply) call.reject(new Error(`${file}: ${reply.error}`));
    else call.resolve(reply.result);
  });

  const answerTo = (id: number, what: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended) {
        reject(new Error(`${file} has ended`));
        return;
      }
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(new Error(`${file} did not answer ${what} within ${CALL_TIMEOUT_MS / 1000} s`));
      }, CALL_TIMEOUT_MS);
      waiting.set(id, { resolve, reject: (error) => (clearTimeout(timer), reject(error)), timer });
    });

  await answerTo(0, 'ready');
  return {
    pid: child.pid ?? 0,
    call: async (name, input) => {
      const id = (lastId += 1);
      const answer = answerTo(id, name);
      if (!ended) child.send({ id, name, input });
      return (await answer) as never;
    },
    stop: async () => {
      if (ended) return;
      // The process exits by itself when the channel closes, and can write a profile before.
      child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}
