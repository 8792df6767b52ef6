/**
 * The baseline for what a Redis can take: its own `redis-benchmark`, 64 commands in flight on each connection, adding
 * the same payload to streams. It checks nothing, tells nobody, and is written in C.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Entries a second, `entries` of them spread over `streams` streams. */
export async function benchmarkXadd(input: {
  port: number;
  entries: number;
  streams: number;
  payload: string;
}): Promise<number> {
  const { port, entries, streams, payload } = input;
  const where = [
    '-h',
    '127.0.0.1',
    '-p',
    String(port),
    '-P',
    '64',
    '-n',
    String(entries),
    '-r',
    String(streams),
    '--csv',
  ];
  const { stdout } = await run('redis-benchmark', [...where, 'XADD', 'baseline:__rand_int__', '*', 'd', payload]);
  const perSecond = Number(/^"XADD[^\n]*?","?([\d.]+)/m.exec(stdout)?.[1]);
  if (!(perSecond > 0)) throw new Error(`redis-benchmark said: ${stdout}`);
  return perSecond;
}
