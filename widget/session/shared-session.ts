import { isSessionId } from '#shared/ids.ts';
import { readToken } from './read-token.ts';
import type { CredentialStorage, SessionCredentials } from './types.ts';

const NAME = 'rc-share';

/** Whether the page's address shares a conversation. */
export function isShared(): boolean {
  return new URLSearchParams(location.hash.slice(1)).has(NAME);
}

/**
 * The session that the page's address shares (`#rc-share=<token>`); null when there is none. Removes the token from the
 * address, so that nobody passes it on by accident.
 */
export function takeShared(): SessionCredentials | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get(NAME);
  if (token === null) return null;
  fragment.delete(NAME);
  const rest = fragment.toString();
  history.replaceState(history.state, '', location.pathname + location.search + (rest && `#${rest}`));
  const { sub } = readToken(token);
  return sub !== undefined && isSessionId(sub) ? { sessionId: sub, token } : null;
}

/**
 * A storage that holds a shared session until it is left. The visitor's own conversation is neither seen nor changed until
 * then, and is used afterwards.
 */
export function createSharedStorage(storage: CredentialStorage, shared: SessionCredentials): CredentialStorage {
  let left = false;
  const listeners = new Set<() => void>();
  return {
    read: () => (left ? storage.read() : shared),
    write(credentials) {
      if (left) return storage.write(credentials);
      if (credentials?.sessionId === shared.sessionId) return;
      left = true;
      if (credentials) storage.write(credentials);
      else for (const listener of listeners) setTimeout(listener);
    },
    subscribe(listener) {
      listeners.add(listener);
      const end = storage.subscribe(() => {
        if (left) listener();
      });
      return () => {
        listeners.delete(listener);
        end();
      };
    },
  };
}
