import { ensureProgram, type Program } from './ensure-program.ts';

/** Debian's package starts a server of its own where there is systemd; the tests leave it alone. */
const REDIS: Program = { title: 'redis-server', names: ['redis-server'], debianPackage: 'redis-server' };

/**
 * A redis-server to test with, installed when there is none and that can be done.
 *
 * @throws Error with one sentence that says what to do, when there is no way to get one.
 */
export function ensureRedis(): string {
  return ensureProgram(REDIS);
}
