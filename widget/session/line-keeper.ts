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

/** How often a page on view for which there is no line of its own looks in, in ms: while something is under way, and else. */
const LOOK_IN_MS = { busy: 1_000, idle: 4_000 } as const;

/**
 * A page on view keeps its line, so that it sees what other tabs begin. A hidden one lets go, and resumes when it is
 * shown; only while something is under way may it keep its line. A browser has few lines for all its pages: of those
 * on view that get none, each looks in now and then; a hidden one waits until it is shown.
 */
export function createLineKeeper({ lifecycle, follow, isBusy }: LineKeeperOptions): LineKeeper {
  /** The place that is had or asked for; `giveBack` is null until it was granted. */
  let place: { kind: 'shown' | 'hidden'; giveBack: (() => void) | null } | null = null;
  /** There was none when it was asked for last: how often to look in, in ms. */
  let lookInMs: number | null = null;

  function leavePlace(): void {
    place?.giveBack?.();
    place = null;
    lookInMs = null;
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
      lookInMs = null;
      follow()?.resume();
    } else {
      place = null;
      lookInMs = isBusy() ? LOOK_IN_MS.busy : LOOK_IN_MS.idle;
      if (kind === 'shown') follow()?.resume(lookInMs);
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
        // What is on view begins at once; the answer takes but a moment, for which a line, if there is one, stays up.
        if (kind === 'shown') following.resume(lookInMs);
        void askForPlace(kind);
      }
    },
  };
}
