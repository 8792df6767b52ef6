/**
 * The baseline for appends to Redis: `redis-benchmark`, a client written in C, which adds the same payload to streams
 * with 64 commands in flight per connection. Nothing is checked or published.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Adds `entries` entries to `streams` streams, and resolves with the entries per second. */
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
  if (!(perSecond > 0)) throw new Error(`redis-benchmark printed no figure: ${stdout}`);
  return perSecond;
}
