import type { Logger } from '../../util/logger.ts';
import type { FollowEvent, Unfollow } from '../session-store.ts';
import { decodeEvent, toLogEntries, type PublishedEntries } from './decode-answer.ts';
import { decodeGroups } from './entry-groups.ts';
import type { ScriptTransport } from './script-transport.ts';

type Listener = (event: FollowEvent) => void;

/**
 * Who follows which session. What is written is published by the script that writes it; who follows in the process
 * that wrote is told when the script has answered, which is sooner, and not a second time when it is heard as well.
 */
export interface Hints {
  follow(sessionId: string, listener: Listener): Promise<Unfollow>;
  /** The store has acknowledged these entries of this process. */
  wrote(sessionId: string, fence: number, seq: number, texts: readonly string[]): void;
  /** A session was found to be gone. */
  gone(sessionId: string): void;
  clear(): void;
}

interface Followed {
  /** Never changed in place: a listener may leave, or bring another, while it is called. */
  listeners: readonly { readonly listener: Listener }[];
  /** Resolves once the channel is listened to. */
  readonly ready: Promise<() => void>;
  /** What the followers were told last. */
  fence: number;
  next: number;
}

export function createHints(options: {
  transport: ScriptTransport;
  eventsOf: (sessionId: string) => string;
  logger: Logger | undefined;
}): Hints {
  const { transport, eventsOf, logger } = options;
  const sessions = new Map<string, Followed>();

  function notify(followed: Followed, event: FollowEvent): void {
    for (const { listener } of followed.listeners) {
      try {
        listener(event);
      } catch (error) {
        // What is written is written: neither the writer nor the other followers are to suffer.
        logger?.error({ err: error }, 'A follower of a session failed');
      }
    }
  }

  function tell(followed: Followed, fence: number, seq: number, prev: string, texts: readonly string[]): void {
    // A fence is given once, so what lies before its number in it has been told: as this very text.
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
    // Nearly all that is heard while a run is active here: what this process has written, and told, itself.
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

  function leave(sessionId: string, followed: Followed): void {
    if (followed.listeners.length > 0 || sessions.get(sessionId) !== followed) return;
    sessions.delete(sessionId);
    followed.ready.then(
      (stop) => stop(),
      // Whoever asked to follow has had the error.
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
        leave(sessionId, followed);
      };
      try {
        await followed.ready;
      } catch (error) {
        unfollow();
        throw error;
      }
      return unfollow;
    },

    wrote(sessionId, fence, seq, texts) {
      const followed = sessions.get(sessionId);
      // Only what continues what was told: else something lies in between that is on its way, and this with it.
      if (followed && fence === followed.fence && seq <= followed.next) tell(followed, fence, seq, '', texts);
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
