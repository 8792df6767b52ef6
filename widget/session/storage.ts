import { isSessionId } from '#shared/ids.ts';
import type { CredentialStorage, SessionCredentials } from './types.ts';

/** Where credentials live: over restarts of the browser and in all tabs, in this tab only, or on this page only. */
export type StorageKind = 'local' | 'session' | 'none';

export interface CredentialStorageOptions {
  kind: StorageKind;
  /** The relay's origin; each relay has credentials of its own. */
  relay: string;
}

/** One that listens in this very page, where no `storage` event comes: two chats in one page are one conversation. */
type Neighbour = (area: Storage, key: string, from: object) => void;
const neighbours = new Set<Neighbour>();

/**
 * Keeps `{sessionId, token}` under the key `resumable-chat:<relay origin>`. A browser that allows no storage, a full
 * one, and a process without any, all keep them in memory instead.
 */
export function createCredentialStorage({ kind, relay }: CredentialStorageOptions): CredentialStorage {
  const key = `resumable-chat:${relay}`;
  const area = kind === 'none' ? null : findArea(kind);
  /** What the area did not take. */
  let memory: SessionCredentials | null = null;
  const own = {};

  return {
    read() {
      if (!area || memory) return memory;
      try {
        const text = area.getItem(key);
        return text === null ? null : parseCredentials(text);
      } catch {
        // Storage may be taken away while the page lives.
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
        // Full, or not allowed: what stands in memory goes before what stands there.
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
        // Not in the middle of the other's writing.
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

/** A word that is neither, from an attribute, is the default. */
function findArea(kind: 'local' | 'session'): Storage | null {
  try {
    return (kind === 'session' ? globalThis.sessionStorage : globalThis.localStorage) ?? null;
  } catch {
    // Browsers throw when the visitor has forbidden storage.
    return null;
  }
}

/** Anything may stand there, from an older version or another hand: what is no credentials counts as nothing. */
function parseCredentials(text: string): SessionCredentials | null {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== 'object' || json === null) return null;
    const { sessionId, token } = json as Record<string, unknown>;
    return typeof sessionId === 'string' && isSessionId(sessionId) && typeof token === 'string' && token !== ''
      ? { sessionId, token }
      : null;
  } catch {
    return null;
  }
}
