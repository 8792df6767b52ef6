/**
 * The baseline for the embedded store: lines appended to a file, those of one tick of the event loop in one write. It
 * has no checks and no index. As in the store, a line is written when the operating system has it: it survives the
 * process, but not a power cut.
 */
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { measureAppends, type AppendLoad, type AppendSpeed } from '../harness/append-load.ts';
import { serveCommands } from '../harness/commands.ts';
import { SAMPLE_FENCE } from '../harness/wire.ts';

interface Waiting {
  line: string;
  resolve: () => void;
}

let file = -1;
let waiting: Waiting[] = [];

function flush(): void {
  const group = waiting;
  waiting = [];
  writeSync(file, group.map(({ line }) => line).join(''));
  for (const { resolve } of group) resolve();
}

const handlers = {
  open: ({ folder }: { folder: string; sessions: number }): void => {
    file = openSync(join(folder, 'append-only.log'), 'a');
  },
  run: (load: AppendLoad): Promise<AppendSpeed> => {
    const next = Array.from({ length: load.sessions }, () => 0);
    return measureAppends(load, (session, entries) => {
      let line = '';
      for (const data of entries)
        line += `${session} ${SAMPLE_FENCE}-${(next[session] = (next[session] ?? 0) + 1)} ${data}\n`;
      return new Promise((resolve) => {
        if (waiting.push({ line, resolve }) === 1) setImmediate(flush);
      });
    });
  },
};
/** The commands of this process. */
export type AppendFile = typeof handlers;
serveCommands(handlers);
