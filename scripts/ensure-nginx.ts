import { ensureProgram, type Program } from './ensure-program.ts';

/** Debian keeps it where only root's PATH leads. Its package starts a server where there is systemd; the tests leave it alone. */
const NGINX: Program = { title: 'nginx', names: ['nginx'], folders: ['/usr/sbin'], debianPackage: 'nginx-light' };

/**
 * An nginx to test with, installed when there is none and that can be done.
 *
 * @throws Error with one sentence that says what to do, when there is no way to get one.
 */
export function ensureNginx(): string {
  return ensureProgram(NGINX);
}
