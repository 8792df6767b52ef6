import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Below are ports that well-known programs use. */
const LOWEST = 10_240;
/** Where systems other than Linux begin to hand out ports by themselves (RFC 6335, section 6). */
const IANA_EPHEMERAL = 49_152;
const ATTEMPTS = 100;

const given = new Set<number>();

/**
 * A port of this machine that nobody listens on, and that nobody is given by chance.
 *
 * A port that the system names (`listen(0)`) is one of those it also hands out to connections that go out: between
 * asking for it and using it, or while its server is down, another process's connection may come to sit on it.
 */
export async function freePort(): Promise<number> {
  const end = ephemeralStart();
  if (end <= LOWEST)
    throw new Error(`This system hands out ports from ${end} on by itself, and leaves none for servers.`);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(LOWEST, end);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`${ATTEMPTS} ports drawn between ${LOWEST} and ${end} are all in use.`);
}

function ephemeralStart(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/)[0]);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return IANA_EPHEMERAL;
    throw error;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
