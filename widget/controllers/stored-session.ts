import type { StorageKind } from '../session/storage.ts';
import type { SessionCredentials } from '../session/types.ts';

/**
 * Whether this browser keeps a session of that relay: a look, so that the client is loaded at once only for those who
 * have a conversation. What it is worth, the client finds out; the key is the one of session/storage.ts, which belongs
 * to the part that is loaded later.
 */
export function hasStoredSession(kind: StorageKind, relay: string): boolean {
  if (kind === 'none') return false;
  try {
    return (kind === 'session' ? sessionStorage : localStorage).getItem(`resumable-chat:${relay}`) !== null;
  } catch {
    // Browsers throw when the visitor has forbidden storage.
    return false;
  }
}

/** What a page hands to `session` comes from its own code, which may be plain JavaScript. */
export function isCredentials(value: unknown): value is SessionCredentials {
  if (typeof value !== 'object' || value === null) return false;
  const { sessionId, token } = value as Record<string, unknown>;
  return typeof sessionId === 'string' && sessionId !== '' && typeof token === 'string' && token !== '';
}
