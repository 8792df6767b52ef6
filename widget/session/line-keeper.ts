import type { Follow } from './follow.ts';
import type { Lifecycle } from './types.ts';

export interface LineKeeperOptions {
  lifecycle: Lifecycle;
  /** The follower of the current session; null when there is none. */
  follow(): Follow | null;
  /** Whether a reply is being written, or a prompt is on its way. */
  isBusy(): boolean;
}

/** Decides when a session keeps a connection. */
export interface LineKeeper {
  /** To be called whenever visibility, session or activity may have changed. */
  review(): void;
}

/** Time between two polls of a visible page that has no connection of its own, in ms. */
const POLL_MS = { busy: 1_000, idle: 4_000 } as const;

/**
 * A visible page keeps its connection, so that it sees what other tabs begin. A hidden page disconnects until it is shown,
 * unless a reply is being written. A browser has few connections for all its pages (see page-lifecycle.ts): a visible page
 * that gets none polls, and a hidden one waits until it is shown.
 */
export function createLineKeeper({ lifecycle, follow, isBusy }: LineKeeperOptions): LineKeeper {
  /** The reserved place; `giveBack` is null until it is granted. */
  let place: { kind: 'shown' | 'hidden'; giveBack: (() => void) | null } | null = null;
  /** Time between two polls, in ms, when the last reservation failed; else null. */
  let pollMs: number | null = null;

  function leavePlace(): void {
    place?.giveBack?.();
    place = null;
    pollMs = null;
  }

  async function askForPlace(kind: 'shown' | 'hidden'): Promise<void> {
    const asked: NonNullable<typeof place> = { kind, giveBack: null };
    place = asked;
    const granted = await lifecycle.reserveLine(kind);
    if (place !== asked) {
      granted?.();
      return;
    }
    if (granted) {
      asked.giveBack = granted;
      pollMs = null;
      follow()?.resume();
    } else {
      place = null;
      pollMs = isBusy() ? POLL_MS.busy : POLL_MS.idle;
      if (kind === 'shown') follow()?.resume(pollMs);
      else follow()?.suspend();
    }
  }

  return {
    review() {
      const following = follow();
      if (!following || (!lifecycle.visible && !isBusy())) {
        leavePlace();
        following?.suspend();
        return;
      }
      const kind = lifecycle.visible ? 'shown' : 'hidden';
      if (place && place.kind !== kind) leavePlace();
      if (place?.giveBack) following.resume();
      else if (!place) {
        // A visible page connects at once, while the reservation takes a moment.
        if (kind === 'shown') following.resume(pollMs);
        void askForPlace(kind);
      }
    },
  };
}
