import type { CredentialStorage, SessionCredentials } from './types.ts';

/**
 * A storage pinned to one session. Other sessions, as other tabs store them, are neither seen nor overwritten, until a new
 * conversation is begun here: from then on everything is shared again.
 */
export function pinStorage(storage: CredentialStorage, sessionId: string): CredentialStorage {
  let begun = false;
  /** Our renewed token, while the storage holds another tab's session. */
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
