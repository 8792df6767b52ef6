import type { Logger } from '#relay/logger.ts';
import type { FollowEvent, Unfollow } from '../../session-store.ts';

type Listener = (event: FollowEvent) => void;

export interface Followers {
  add(sessionId: string, listener: Listener): Unfollow;
  has(sessionId: string): boolean;
  notify(sessionId: string, event: FollowEvent): void;
  clear(): void;
}

/** Who follows which session. The file is ours alone, so everything that is written is written here. */
export function createFollowers(logger: Logger | undefined): Followers {
  // A set of objects, and not of functions: the same listener may follow twice.
  const followers = new Map<string, Set<{ listener: Listener }>>();

  return {
    add(sessionId, listener) {
      const entry = { listener };
      const set = followers.get(sessionId) ?? new Set();
      followers.set(sessionId, set.add(entry));
      return () => {
        set.delete(entry);
        // Another set may have taken its place since.
        if (set.size === 0 && followers.get(sessionId) === set) followers.delete(sessionId);
      };
    },

    has: (sessionId) => followers.has(sessionId),

    notify(sessionId, event) {
      // A copy: a listener may leave, or bring another, while it is called.
      for (const { listener } of [...(followers.get(sessionId) ?? [])]) {
        try {
          listener(event);
        } catch (error) {
          // What is written is written: neither the writer nor the other followers are to suffer.
          logger?.error({ err: error }, 'a follower of a session failed');
        }
      }
    },

    clear: () => followers.clear(),
  };
}
