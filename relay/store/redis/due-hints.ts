import type { Logger } from '../../util/logger.ts';
import { createDueListeners, type DueListeners } from '../due-listeners.ts';
import type { Unfollow } from '../session-store.ts';
import type { ScriptTransport } from './script-transport.ts';

/** Hints about runs that were handed over. All followers of a process share one subscription. */
export interface DueHints {
  /** See `SessionStore.followDue`. @throws StoreError */
  follow(listener: () => void): Promise<Unfollow>;
  clear(): void;
}

interface Subscription {
  readonly listeners: DueListeners;
  /** Resolves once all channels are subscribed to, with what ends that. */
  readonly ready: Promise<() => void>;
}

/** @param channels what the scripts publish on when a run is handed over. */
export function createDueHints({
  transport,
  channels,
  logger,
}: {
  transport: Pick<ScriptTransport, 'listen'>;
  channels: readonly string[];
  logger: Logger | undefined;
}): DueHints {
  let current: Subscription | null = null;

  function open(): Subscription {
    const listeners = createDueListeners(logger);
    // After a reconnect a hint may have been missed, so that also counts as one.
    current = { listeners, ready: listenToAll(transport, channels, listeners.notify) };
    return current;
  }

  function closeIfUnused(subscription: Subscription): void {
    if (subscription.listeners.size > 0 || current !== subscription) return;
    current = null;
    subscription.ready.then(
      (stop) => stop(),
      // Everybody who asked to follow got the error.
      () => undefined,
    );
  }

  return {
    async follow(listener) {
      const subscription = current ?? open();
      const remove = subscription.listeners.add(listener);
      const unfollow = () => {
        remove();
        closeIfUnused(subscription);
      };
      try {
        await subscription.ready;
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

/** Subscribes to all channels, or to none. */
async function listenToAll(
  transport: Pick<ScriptTransport, 'listen'>,
  channels: readonly string[],
  notify: () => void,
): Promise<() => void> {
  const outcomes = await Promise.allSettled(channels.map((channel) => transport.listen(channel, notify, notify)));
  const stop = () => {
    for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value();
  };
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (!failed) return stop;
  stop();
  throw failed.reason;
}
