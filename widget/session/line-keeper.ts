import type { Follow } from './follow.ts';
import type { Lifecycle } from './types.ts';

export interface LineKeeperOptions {
  lifecycle: Lifecycle;
  /** The follower of the session of the moment; null when there is nothing to follow. */
  follow(): Follow | null;
  /** A reply is being written, or a prompt is on its way. */
  isBusy(): boolean;
}

/** Decides when a session is worth a line. */
export interface LineKeeper {
  /** To be called whenever something that counts may have changed. */
  review(): void;
}

/**
 * A page on view keeps its line, so that it sees what other tabs begin. A hidden one lets go, and resumes when it is
 * shown; only while something is under way may it keep its line, if it gets one of the few places for that.
 */
export function createLineKeeper({ lifecycle, follow, isBusy }: LineKeeperOptions): LineKeeper {
  /** The request for a place that is being waited for. */
  let asking: object | null = null;
  let giveBack: (() => void) | null = null;

  function leavePlace(): void {
    asking = null;
    giveBack?.();
    giveBack = null;
  }

  async function askForPlace(): Promise<void> {
    const request = {};
    asking = request;
    const granted = await lifecycle.reserveHiddenLine();
    if (asking !== request) {
      granted?.();
      return;
    }
    asking = null;
    giveBack = granted;
    if (granted) follow()?.resume();
    else follow()?.suspend();
  }

  return {
    review() {
      const following = follow();
      if (!following || (!lifecycle.visible && !isBusy())) {
        leavePlace();
        following?.suspend();
      } else if (lifecycle.visible || giveBack) {
        if (lifecycle.visible) leavePlace();
        following.resume();
      } else if (!asking) {
        // The line, if there is one, stays up for the moment that the answer takes.
        void askForPlace();
      }
    },
  };
}
