import { reconnectDelay } from './connect.ts';

/** Channels whose subscription was lost; they are subscribed to again until each of them is. */
export interface LostChannels<Channel> {
  /** Tries to restore the subscription, for as long as it takes. */
  add(channel: Channel): void;
  /** Gives a channel up: nobody listens to it any more. */
  remove(channel: Channel): void;
  clear(): void;
}

/** Channels subscribed to at a time. */
const BATCH = 500;

/**
 * A channel that could not be restored goes behind all others: those of a server that stays away hold up none of the
 * servers that are back.
 */
export function createLostChannels<Channel>(options: {
  /** Rejects when the channel cannot be subscribed to now. */
  subscribe: (channel: Channel) => Promise<void>;
  /** The subscription is restored. Must not throw. */
  onRestored: (channel: Channel) => void;
}): LostChannels<Channel> {
  const { subscribe, onRestored } = options;
  const lost = new Set<Channel>();
  let isRestoring = false;

  /** Never rejects. */
  async function restoreAll(): Promise<void> {
    isRestoring = true;
    for (let failures = 0; lost.size > 0; failures += 1) {
      await new Promise((resolve) => setTimeout(resolve, reconnectDelay(failures)));
      const restored = await Promise.all([...lost].slice(0, BATCH).map(restore));
      if (restored.includes(true)) failures = 0;
    }
    isRestoring = false;
  }

  async function restore(channel: Channel): Promise<boolean> {
    try {
      await subscribe(channel);
    } catch {
      // The reason is logged where connections fail; the channel is tried again, after all others.
      if (lost.delete(channel)) lost.add(channel);
      return false;
    }
    if (lost.delete(channel)) onRestored(channel);
    return true;
  }

  return {
    add(channel) {
      lost.add(channel);
      if (!isRestoring) void restoreAll();
    },
    remove: (channel) => void lost.delete(channel),
    clear: () => lost.clear(),
  };
}
