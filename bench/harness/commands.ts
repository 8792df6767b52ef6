/** A command to a process of the bench. It travels over `fork`'s own channel, and not over the measured sockets. */
export interface Call {
  id: number;
  name: string;
  input: unknown;
}

/** The answer to the call with the same id. */
export type Reply = { id: number; result: unknown } | { id: number; error: string };

/** The commands of a process, by name; `never` lets each handler have its own input. */
export type Handlers = Readonly<Record<string, (input: never) => unknown>>;

/** The memory of a process, after a full garbage collection. */
export interface MemoryReading {
  /** Resident set size, in bytes. */
  rss: number;
  /** JavaScript heap in use and the buffers outside of it, in bytes. */
  heap: number;
}

const commonHandlers = {
  /** CPU time of all threads of this process so far, in microseconds. */
  cpu: (): number => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  /** Collects garbage and reads the memory. Needs `ChildOptions.forMemory`. */
  memory: async (): Promise<MemoryReading> => {
    if (!globalThis.gc) throw new Error('this process was not started with --expose-gc');
    for (let pass = 0; pass < 3; pass += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    return { rss, heap: heapUsed + external };
  },
};

/** The commands that every process of the bench answers. */
export type CommonHandlers = typeof commonHandlers;

/** Answers commands until the parent disconnects, then ends this process. */
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
  if (!process.send) throw new Error('start this program through `npm run bench`, not by hand');
  process.send(reply);
}
