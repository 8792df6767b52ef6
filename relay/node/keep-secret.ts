import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import type { StoreConfig } from './open-store.ts';

const SECRET_BYTES = 32;

/**
 * The secret that is kept beside the embedded store, made when there is none: tokens outlive a restart. Only whoever
 * holds the store's lock may call it. The file is readable by its owner alone. The secret of a shared store is a setting.
 */
export function keepSecret(store: StoreConfig): string {
  if (store.kind !== 'sqlite' || store.path === ':memory:') return makeSecret();
  const file = `${store.path}.secret`;
  if (statSync(file, { throwIfNoEntry: false })) {
    const kept = readFileSync(file, 'utf8').trim();
    if (kept.length >= SECRET_BYTES) {
      chmodSync(file, 0o600);
      return kept;
    }
  }
  const secret = makeSecret();
  // Whole or not at all: written beside it, then moved into its place.
  writeFileSync(`${file}.new`, `${secret}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secret;
}

function makeSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}
