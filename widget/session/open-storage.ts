import { pinStorage } from './pin-storage.ts';
import { createSharedStorage, takeShared } from './shared-session.ts';
import { createCredentialStorage, type StorageKind } from './storage.ts';
import type { CredentialStorage } from './types.ts';

/** What decides which session an element shows. */
export interface OpenStorageOptions {
  kind: StorageKind;
  relay: string;
  /** When not null, a stored session is used only if it has this id. */
  onlySession: string | null;
  /** The page's address shares a conversation, which is shown instead of the visitor's own. */
  onShared(): void;
}

/** The storage for an element on a page. */
export function openStorage({ kind, relay, onlySession, onShared }: OpenStorageOptions): CredentialStorage {
  const storage = createCredentialStorage({ kind, relay });
  const shared = takeShared();
  if (shared) {
    onShared();
    return createSharedStorage(storage, shared);
  }
  return onlySession === null ? storage : pinStorage(storage, onlySession);
}
