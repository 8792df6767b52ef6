import type { Logger } from '../../util/logger.ts';
import type { FollowEvent, Unfollow } from '../session-store.ts';
import { decodeGroups } from './entry-groups.ts';
import { decodeEvent, toLogEntries, type PublishedEntries } from './published-events.ts';
import type { Answer } from './script-answer.ts';
import type { ScriptTransport } from './script-transport.ts';

type Listener = (event: FollowEvent) => void;

/**
 * Hints for the followers of sessions. The script that writes entries publishes them. Followers in the writing process are
 * told earlier, when the script has answered, and not a second time when the publication arrives.
 */
export interface SessionHints {
  /** See `SessionStore.follow`. @throws StoreError */
  follow(sessionId: string, listener: Listener): Promise<Unfollow>;
  /**
   * The store has answered a write of this process.
   *
   * @param answer of append.lua or finish.lua.
   */
  acknowledged(sessionId: string, fence: number, seq: number, entries: readonly string[], answer: Answer): void;
  /** A session turned out to be deleted or expired. */
  gone(sessionId: string): void;
  clear(): void;
}

/** A session that is followed in this process. */
interface Followed {
  /** Replaced and never changed in place: a listener may leave, or add another, while it is called. */
  listeners: readonly { readonly listener: Listener }[];
  /** Resolves once the channel is subscribed to, with what ends that. */
  readonly ready: Promise<() => void>;
  /** Fence of the entry that the followers were told last. */
  fence: number;
  /** seq after that entry's. */
  next: number;
}

/** @param options.eventsOf the channel on which a session's events are published. */
export function createSessionHints(options: {
  transport: ScriptTransport;
  eventsOf: (sessionId: string) => string;
  logger: Logger | undefined;
}): SessionHints {
  const { transport, eventsOf, logger } = options;
  const sessions = new Map<string, Followed>();

  function notify(followed: Followed, event: FollowEvent): void {
    for (const { listener } of followed.listeners) {
      try {
        listener(event);
      } catch (error) {
        // The write stands: neither the writer nor other followers may suffer.
        logger?.error({ err: error }, 'A follower of a session failed');
      }
    }
  }

  function tell(followed: Followed, fence: number, seq: number, prev: string, texts: readonly string[]): void {
    // A fence is given once, so an entry below `next` is the very one that was told.
    const known = fence === followed.fence ? Math.max(0, followed.next - seq) : 0;
    if (known >= texts.length) return;
    followed.fence = fence;
    followed.next = seq + texts.length;
    notify(followed, { kind: 'entries', entries: toLogEntries(fence, seq + known, prev, texts.slice(known)) });
  }

  function hear(followed: Followed, payload: string): void {
    const event = decodeEvent(payload);
    if (event.kind === 'entries') hearEntries(followed, event);
    else notify(followed, event);
  }

  function hearEntries(followed: Followed, { fence, seq, prev, count, groups }: PublishedEntries): void {
    // Most publications of a run that is active here are this process's own writes, which were told already.
    if (fence === followed.fence && seq + count <= followed.next) return;
    let texts: string[];
    try {
      texts = decodeGroups(groups);
    } catch {
      notify(followed, { kind: 'unsure' });
      return;
    }
    tell(followed, fence, seq, prev, texts);
  }

  function open(sessionId: string): Followed {
    const followed: Followed = {
      listeners: [],
      ready: transport.listen(
        eventsOf(sessionId),
        (payload) => hear(followed, payload),
        () => notify(followed, { kind: 'unsure' }),
      ),
      fence: 0,
      next: 0,
    };
    sessions.set(sessionId, followed);
    return followed;
  }

  function closeIfUnused(sessionId: string, followed: Followed): void {
    if (followed.listeners.length > 0 || sessions.get(sessionId) !== followed) return;
    sessions.delete(sessionId);
    followed.ready.then(
      (stop) => stop(),
      // Everybody who asked to follow got the error.
      () => undefined,
    );
  }

  return {
    async follow(sessionId, listener) {
      const followed = sessions.get(sessionId) ?? open(sessionId);
      // An object, and not the function: the same listener may follow twice.
      const entry = { listener };
      followed.listeners = [...followed.listeners, entry];
      const unfollow = () => {
        followed.listeners = followed.listeners.filter((other) => other !== entry);
        closeIfUnused(sessionId, followed);
      };
      try {
        await followed.ready;
      } catch (error) {
        unfollow();
        throw error;
      }
      return unfollow;
    },

    acknowledged(sessionId, fence, seq, entries, answer) {
      const followed = sessions.get(sessionId);
      if (!followed || answer.kind !== 'ok') return;
      // `ok, next, seq of the first entry that was new`: entries before that were written earlier.
      const first = answer.number(2);
      // Entries that do not continue what was told come with the publication, after whatever lies in between.
      if (answer.number(1) <= first || fence !== followed.fence || first > followed.next) return;
      tell(followed, fence, first, '', entries.slice(first - seq));
    },

    gone(sessionId) {
      const followed = sessions.get(sessionId);
      if (followed) notify(followed, { kind: 'gone' });
    },

    clear() {
      for (const followed of sessions.values()) followed.listeners = [];
      sessions.clear();
    },
  };
}
