import type { CredentialStorage, SessionCredentials } from './types.ts';

/**
 * A storage for an element that goes on with one session only. Until a new conversation is begun here, what other
 * tabs do with other sessions is neither seen nor overwritten; from then on that conversation is ours, whatever its id.
 */
export function pinStorage(storage: CredentialStorage, sessionId: string): CredentialStorage {
  let begun = false;
  /** A renewed token, while the storage holds another tab's session. */
  let own: SessionCredentials | null = null;
  const isOurs = (credentials: SessionCredentials | null): boolean => begun || credentials?.sessionId === sessionId;

  return {
    read() {
      const stored = storage.read();
      return isOurs(stored) ? stored : own;
    },
    write(credentials) {
      if (credentials?.sessionId === sessionId && !isOurs(storage.read())) {
        own = credentials;
        return;
      }
      begun ||= credentials?.sessionId !== sessionId;
      own = null;
      storage.write(credentials);
    },
    subscribe: (listener) =>
      storage.subscribe(() => {
        if (isOurs(storage.read())) listener();
      }),
  };
}
