import { isCredentials } from './is-credentials.ts';
import type { CredentialStorage, SessionCredentials } from './types.ts';

/** Where credentials are stored: for all tabs and across restarts, for this tab, or for this page only. */
export type StorageKind = 'local' | 'session' | 'none';

/** Kind and owner of the stored credentials. */
export interface CredentialStorageOptions {
  kind: StorageKind;
  /** The relay's origin. Each relay has its own credentials. */
  relay: string;
}

/** A listener in the same page, where no `storage` event comes. Two chats in one page share a conversation. */
type Neighbour = (area: Storage, key: string, from: object) => void;
const neighbours = new Set<Neighbour>();

/**
 * Stores `{sessionId, token}` under the key `resumable-chat:<relay origin>`. In memory instead when storage is forbidden,
 * full or missing (in Node).
 *
 * @example
 * const storage = createCredentialStorage({ kind: 'local', relay: 'https://chat.example.com' });
 */
export function createCredentialStorage({ kind, relay }: CredentialStorageOptions): CredentialStorage {
  const key = `resumable-chat:${relay}`;
  const area = kind === 'none' ? null : findArea(kind);
  /** What the storage did not accept. */
  let memory: SessionCredentials | null = null;
  const own = {};

  return {
    read() {
      if (!area || memory) return memory;
      try {
        const text = area.getItem(key);
        return text === null ? null : parseCredentials(text);
      } catch {
        // Storage may be revoked while the page is open.
        return null;
      }
    },
    write(credentials) {
      memory = credentials;
      if (!area) return;
      try {
        if (credentials) area.setItem(key, JSON.stringify(credentials));
        else area.removeItem(key);
        memory = null;
        for (const tell of neighbours) tell(area, key, own);
      } catch {
        // Full or forbidden: memory takes precedence over what is stored.
      }
    },
    subscribe(listener) {
      if (!area) return () => {};
      // A null key means that everything was cleared.
      const isOurs = (changed: Storage | null, name: string | null): boolean =>
        changed === area && (name === key || name === null);
      const onStorage = (event: StorageEvent): void => {
        if (isOurs(event.storageArea, event.key)) listener();
      };
      const onNeighbour: Neighbour = (changed, name, from) => {
        // Later: not in the middle of the other's write.
        if (from !== own && isOurs(changed, name)) setTimeout(() => neighbours.has(onNeighbour) && listener());
      };
      neighbours.add(onNeighbour);
      globalThis.addEventListener?.('storage', onStorage);
      return () => {
        neighbours.delete(onNeighbour);
        globalThis.removeEventListener?.('storage', onStorage);
      };
    },
  };
}

/** Any other word, from an attribute, means the default. */
function findArea(kind: 'local' | 'session'): Storage | null {
  try {
    return (kind === 'session' ? globalThis.sessionStorage : globalThis.localStorage) ?? null;
  } catch {
    // Browsers throw when the visitor has forbidden storage.
    return null;
  }
}

/** Null for anything else than credentials: other code may have written there. */
function parseCredentials(text: string): SessionCredentials | null {
  try {
    const json: unknown = JSON.parse(text);
    return isCredentials(json) ? { sessionId: json.sessionId, token: json.token } : null;
  } catch {
    return null;
  }
}
