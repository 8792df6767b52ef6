import type { Unfollow } from '../session-store.ts';
import type { ScriptTransport } from './script-transport.ts';

/** Who is told that a run was given back: all of a process share what is listened to. */
export interface DueHints {
  /** See `SessionStore.followDue`. @throws StoreError */
  follow(listener: () => void): Promise<Unfollow>;
  clear(): void;
}

interface Listening {
  readonly listeners: Set<{ readonly listener: () => void }>;
  /** Resolves once all channels are listened to. */
  readonly ready: Promise<() => void>;
}

/** @param channels what the scripts publish on when a run is given back. */
export function createDueHints(transport: Pick<ScriptTransport, 'listen'>, channels: readonly string[]): DueHints {
  let current: Listening | null = null;

  function open(): Listening {
    const listeners: Listening['listeners'] = new Set();
    // After a reconnect one may have been missed.
    const tell = () => {
      for (const { listener } of [...listeners]) listener();
    };
    current = { listeners, ready: listenToAll(transport, channels, tell) };
    return current;
  }

  function leave(listening: Listening): void {
    if (listening.listeners.size > 0 || current !== listening) return;
    current = null;
    listening.ready.then(
      (stop) => stop(),
      // Whoever asked to follow has had the error.
      () => undefined,
    );
  }

  return {
    async follow(listener) {
      const listening = current ?? open();
      // An object, and not the function: the same listener may follow twice.
      const entry = { listener };
      listening.listeners.add(entry);
      const unfollow = () => {
        listening.listeners.delete(entry);
        leave(listening);
      };
      try {
        await listening.ready;
      } catch (error) {
        unfollow();
        throw error;
      }
      return unfollow;
    },

    clear() {
      current?.listeners.clear();
      current = null;
    },
  };
}

/** All of them, or none. */
async function listenToAll(
  transport: Pick<ScriptTransport, 'listen'>,
  channels: readonly string[],
  tell: () => void,
): Promise<() => void> {
  const outcomes = await Promise.allSettled(channels.map((channel) => transport.listen(channel, tell, tell)));
  const stop = () => {
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value();
  };
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (!failed) return stop;
  stop();
  throw failed.reason;
}
