/**
 * How the bench talks to the processes it starts: by the channel that `fork` opens, so that no command travels over
 * the sockets that are being measured.
 */
export interface Call {
  id: number;
  name: string;
  input: unknown;
}

export type Reply = { id: number; result: unknown } | { id: number; error: string };

/** What a child can be asked; `never` lets each handler name its own input. */
export type Handlers = Readonly<Record<string, (input: never) => unknown>>;

export interface MemoryReading {
  /** Resident set, bytes. */
  rss: number;
  /** JavaScript heap in use plus what it holds outside (buffers), bytes. */
  heap: number;
}

const commonHandlers = {
  /** CPU time of this process so far, all threads, in microseconds. */
  cpu: (): number => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  /** Memory after a full collection; the process must have been started with `--expose-gc`. */
  memory: async (): Promise<MemoryReading> => {
    if (!globalThis.gc) throw new Error('start this process with --expose-gc');
    for (let pass = 0; pass < 3; pass += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heap: heapUsed + external };
  },
};

export type CommonHandlers = typeof commonHandlers;

/** Answers commands until the parent goes away; then this process ends too. */
export function serveCommands(handlers: Handlers): void {
  const all: Handlers = { ...commonHandlers, ...handlers };
  process.on('message', (message) => {
    void answer(all, message as Call);
  });
  process.on('disconnect', () => process.exit(0));
  send({ id: 0, result: 'ready' });
}

async function answer(handlers: Handlers, call: Call): Promise<void> {
  const handler = handlers[call.name] as ((input: unknown) => unknown) | undefined;
  try {
    if (!handler) throw new Error(`unknown command ${call.name}`);
    send({ id: call.id, result: await handler(call.input) });
  } catch (error) {
    send({ id: call.id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function send(reply: Reply): void {
  if (!process.send) throw new Error('this program is started by the bench, not by hand');
  process.send(reply);
}
