import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

const SECRET_BYTES = 32;

/**
 * The secret that is kept in `file`, made when there is none: tokens outlive a restart. Without a file it lasts as long
 * as the process. Only the holder of the embedded store's lock may call it, so that two relays never make one at once.
 * The file is readable by its owner alone.
 */
export function keepSecret(file: string | undefined): string {
  if (file === undefined) return makeSecret();
  if (statSync(file, { throwIfNoEntry: false })) {
    const kept = readFileSync(file, 'utf8').trim();
    if (kept.length >= SECRET_BYTES) {
      chmodSync(file, 0o600);
      return kept;
    }
  }
  const secret = makeSecret();
  // Whole or not at all: written beside it, then moved into its place. `wx` never writes through a planted symlink.
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  renameSync(draft, file);
  return secret;
}

function makeSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}
