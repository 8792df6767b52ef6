import type { Logger } from '../../util/logger.ts';
import type { FollowEvent, Unfollow } from '../session-store.ts';

type Listener = (event: FollowEvent) => void;

export interface Followers {
  add(sessionId: string, listener: Listener): Unfollow;
  has(sessionId: string): boolean;
  notify(sessionId: string, event: FollowEvent): void;
  clear(): void;
}

/** Who follows which session. The file is ours alone, so everything that is written is written here. */
export function createFollowers(logger: Logger | undefined): Followers {
  // Objects, and not functions: the same listener may follow twice. Lists are never changed in place, since a listener may
  // leave, or bring another, while it is called; they are short, and take less memory than sets.
  const followers = new Map<string, readonly { listener: Listener }[]>();

  return {
    add(sessionId, listener) {
      const entry = { listener };
      followers.set(sessionId, [...(followers.get(sessionId) ?? []), entry]);
      return () => {
        const left = followers.get(sessionId)?.filter((other) => other !== entry) ?? [];
        if (left.length > 0) followers.set(sessionId, left);
        else followers.delete(sessionId);
      };
    },

    has: (sessionId) => followers.has(sessionId),

    notify(sessionId, event) {
      for (const { listener } of followers.get(sessionId) ?? []) {
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
