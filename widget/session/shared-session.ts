import { isCredentials } from './is-credentials.ts';
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
 *
 * Anybody can make a link. A token that is not for reading alone is refused: it is no share, and somebody may wish the
 * visitor to write into a conversation that is not theirs.
 */
export function takeShared(): SessionCredentials | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get(NAME);
  if (token === null) return null;
  fragment.delete(NAME);
  const rest = fragment.toString();
  history.replaceState(history.state, '', location.pathname + location.search + (rest && `#${rest}`));
  const { sub, readOnly } = readToken(token);
  const shared = { sessionId: sub, token };
  if (readOnly && isCredentials(shared)) return shared;
  console.warn(`[resumable-chat] Ignored #${NAME} in the address: its token is not that of a shared conversation.`);
  return null;
}

/**
 * A storage that holds a shared session until it is left. The visitor's own conversation is neither seen nor changed until
 * then, and is used afterwards. It is read-only until then because of where the session came from; the claims of its
 * token, which cannot be verified here, do not matter.
 */
export function createSharedStorage(storage: CredentialStorage, shared: SessionCredentials): CredentialStorage {
  let left = false;
  const listeners = new Set<() => void>();
  return {
    get readOnly() {
      return !left;
    },
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
