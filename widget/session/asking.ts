import type { Frame, SessionAnswer } from '#shared/protocol.ts';

/** Time between two questions at first, and at most while a reply is written or while nothing happens, in ms. */
const ASK_MS = { first: 1_000, busy: 3_000, idle: 10_000 } as const;
/** Factor by which that time grows when there is nothing new. */
const GROWTH = 1.5;
/** Time until a stream is tried again, in ms: doubled each time that brings nothing. */
const PROBE_MS = { first: 30_000, most: 300_000 } as const;

/**
 * Follows a session by asking for its state, where something between buffers streams. Holds what decides when to ask,
 * and when to try a stream again.
 */
export interface Asking {
  readonly active: boolean;
  /** The last state had an active run. A stream cannot continue its reply from a cursor: it needs a snapshot. */
  readonly busy: boolean;
  /** Time until the next question, in ms. */
  readonly waitMs: number;
  /** A stream brought nothing. */
  begin(): void;
  /** A stream works, or the network has changed. */
  end(): void;
  /** The next question is due at once. */
  hurry(): void;
  /** Whether to try a stream now. Never during a reply: the attempt would hold the next question back. */
  takeProbe(): boolean;
  /** The frames that bring a viewer to this state: none when it is as before. */
  framesOf(state: SessionAnswer): Frame[];
}

/** Creates it inactive. */
export function createAsking(): Asking {
  let active = false;
  let waitMs: number = ASK_MS.first;
  let probeMs: number = PROBE_MS.first;
  let probeAt = 0;
  let shown: Pick<SessionAnswer, 'cursor' | 'run'> | null = null;
  const isBusy = (): boolean => shown !== null && shown.run !== null;

  return {
    get active() {
      return active;
    },
    get busy() {
      return isBusy();
    },
    get waitMs() {
      return waitMs;
    },
    begin() {
      if (!active) probeMs = PROBE_MS.first;
      active = true;
      waitMs = ASK_MS.first;
      probeAt = Date.now() + probeMs;
      probeMs = Math.min(probeMs * 2, PROBE_MS.most);
    },
    end() {
      active = false;
      shown = null;
    },
    hurry() {
      waitMs = ASK_MS.first;
    },
    takeProbe: () => !isBusy() && Date.now() >= probeAt,
    framesOf({ sessionId, messages, run, cursor: id }) {
      const isNew = shown?.cursor !== id;
      shown = { cursor: id, run };
      const most = run ? ASK_MS.busy : ASK_MS.idle;
      waitMs = isNew ? ASK_MS.first : Math.min(waitMs * GROWTH, most);
      if (!isNew) return [];
      const snapshot: Frame = { id, message: { type: 'snapshot', sessionId, messages } };
      if (!run) return [snapshot];
      const { runId, messageId, attempt } = run;
      // A snapshot has no run: an entry that begins one says which is active.
      return [snapshot, { id, message: { type: 'metadata', status: 'queued', runId, messageId, attempt } }];
    },
  };
}
