import type { Logger } from '../../util/logger.ts';
import type { FollowEvent, Unfollow } from '../session-store.ts';

type Listener = (event: FollowEvent) => void;

/** The followers of sessions. */
export interface Followers {
  add(sessionId: string, listener: Listener): Unfollow;
  /** Does anybody follow the session? */
  has(sessionId: string): boolean;
  /** Calls every follower of the session. One that throws is logged, and keeps no other from being called. */
  notify(sessionId: string, event: FollowEvent): void;
  clear(): void;
}

/** Followers by session. Only this process writes to the file, so they are told of every write. */
export function createFollowers(logger: Logger | undefined): Followers {
  // Objects, and not functions: the same listener may follow twice. Lists are replaced and never changed in place, since a
  // listener may leave, or add another, while it is called. They are short, and take less memory than sets.
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

    /** Calls every follower of the session. One that throws is logged, and keeps no other from being called. */
    notify(sessionId, event) {
      for (const { listener } of followers.get(sessionId) ?? []) {
        try {
          listener(event);
        } catch (error) {
          // The write stands: neither the writer nor other followers may suffer.
          logger?.error({ err: error }, 'A follower of a session failed');
        }
      }
    },

    clear: () => followers.clear(),
  };
}
