import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Lower ports belong to well-known programs. */
const LOWEST = 10_240;
/** The first ephemeral port of systems other than Linux (RFC 6335, section 6). */
const IANA_EPHEMERAL = 49_152;
const ATTEMPTS = 100;

const given = new Set<number>();

/**
 * A port of this machine on which nothing listens, below the ephemeral ones.
 *
 * An ephemeral port (`listen(0)`) may be given to another process's outgoing connection before the server listens, or
 * while the server is down.
 *
 * @throws Error when no free port is found.
 */
export async function freePort(): Promise<number> {
  const end = ephemeralStart();
  if (end <= LOWEST) throw new Error(`The ephemeral ports of this system begin at ${end} and leave none for servers.`);
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
