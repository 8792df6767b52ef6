import type { Cursor } from '#shared/cursor.ts';
import { reduce } from '#shared/fold/session.ts';
import { createProblem, type Problem } from '#shared/problem.ts';
import type { Frame } from '#shared/protocol.ts';
import type { Credentials } from './credentials.ts';
import { createFollow, LINE_OFF, type Follow, type Line } from './follow.ts';
import { createLineKeeper } from './line-keeper.ts';
import type { Outbox } from './outbox.ts';
import { trackRecovery } from './recovery.ts';
import type { Transport } from './transport.ts';
import type { Lifecycle, SessionCredentials } from './types.ts';
import { EMPTY_MODEL, type ViewState } from './view-state.ts';

export interface ConversationOptions {
  state: ViewState;
  transport: Transport;
  credentials: Credentials;
  lifecycle: Lifecycle;
  outbox: Pick<Outbox, 'see' | 'seePing' | 'clear'>;
  /** Whether the client is open: a closed one holds no connection. */
  isOpen(): boolean;
}

/** The session that a client is in: its connection, what arrives over it, and how it is begun, ended and left. */
export interface Conversation {
  /** The place in the log up to which messages have arrived; null before the first. */
  readonly cursor: Cursor | null;
  /** Aborts when the session is left. */
  readonly untilLeft: AbortSignal;
  /** Aborts when the session is left, and when the client is closed. */
  readonly untilClosed: AbortSignal;
  /** Follows the session that there are credentials for. */
  follow(): void;
  /** To be called when something may have changed that decides whether the connection is kept. */
  reviewLine(): void;
  /** Connects at once if the connection is down, and anew if it has been silent for `doubtMs`. */
  hurry(doubtMs?: number): void;
  /** Lets go of a session in which nothing was written. */
  abandon(): void;
  /** The session is gone. Its messages stay on view; the next prompt starts another one. */
  end(problem: Problem | null): void;
  /** Leaves this conversation for an empty one, or joins `next`. */
  leave(options: { keepText: boolean; next: SessionCredentials | null }): void;
  /** The client was closed: disconnects, and aborts `untilClosed`. */
  close(): void;
}

/** A client's place for a session; it is in none until `follow` or `leave` with credentials. */
export function createConversation(options: ConversationOptions): Conversation {
  const { state, transport, credentials, lifecycle, outbox, isOpen } = options;
  let follower: Follow | null = null;
  let left = new AbortController();
  let closed = new AbortController();

  const keeper = createLineKeeper({
    lifecycle,
    follow: () => (isOpen() ? follower : null),
    isBusy() {
      const { session, submission, line, caughtUp } = state.model;
      return session.run !== null || submission !== null || (line.phase === 'up' && !caughtUp);
    },
  });

  function createFollower(): Follow {
    const own: Follow = createFollow({
      open: (after, reader, signal) =>
        credentials.use(signal, (using) => transport.stream(using, after, reader, signal)),
      ask: (signal) => credentials.use(signal, (using) => transport.read(using, signal)),
      onFrame,
      onPing() {
        if (!state.model.caughtUp) state.set({ caughtUp: true, restoring: false });
        outbox.seePing();
        keeper.review();
      },
      onAlive() {
        if (!state.model.reachable) state.set({ reachable: true });
      },
      onChange(line) {
        if (own === follower) onLine(line);
      },
      onOver: end,
    });
    return own;
  }

  function onFrame(frame: Frame): void {
    const { session: before, recovery } = state.model;
    const session = reduce(before, frame);
    state.set({ session, recovery: trackRecovery(recovery, frame.message, before, session), restoring: false });
    outbox.see(frame, session);
    if (session.run?.runId !== before.run?.runId) keeper.review();
  }

  function onLine(line: Line): void {
    const { phase, problem } = line;
    if (phase === 'waiting' && !problem) state.noteNoAnswer();
    if (phase === 'empty') state.set({ line, restoring: false, caughtUp: true });
    else state.set(phase === 'refused' ? { line, restoring: false } : { line });
  }

  function follow(): void {
    const own = credentials.current;
    if (own && state.model.sessionId !== own.sessionId) {
      follower?.suspend();
      follower = createFollower();
      state.set({ sessionId: own.sessionId, readOnly: credentials.readOnly });
    }
    keeper.review();
  }

  /** Lets go of the session. What is on view stays. */
  function drop(): void {
    follower?.suspend();
    follower = null;
    closed.abort();
    closed = new AbortController();
    left.abort();
    left = new AbortController();
    state.set({ sessionId: null, line: LINE_OFF, caughtUp: false, restoring: false, stoppingRunId: null });
  }

  function end(problem: Problem | null): void {
    const { session, submission, readOnly } = state.model;
    const isBlank = session.messages.length === 0;
    credentials.end();
    drop();
    // Nothing is lost, and a prompt on its way finds a new session by itself.
    if (isBlank && submission && !submission.accepted) return;
    outbox.clear({ keepText: true });
    const { run } = session;
    state.set({
      ended: !isBlank,
      // Nobody continues a reply of a session that is gone: it is closed as a stopped one is.
      ...(run
        ? {
            session: reduce(session, {
              id: session.cursor,
              message: { ...run, type: 'metadata', status: 'cancelled' },
            }),
          }
        : {}),
    });
    // A session that the relay does not know, and that showed nothing here, is no loss to report.
    const isLoss = !isBlank || readOnly || problem === null || problem.code === 'session-expired';
    state.report(isLoss ? createProblem('session-expired') : null);
  }

  return {
    get cursor() {
      return follower?.cursor ?? null;
    },
    get untilLeft() {
      return left.signal;
    },
    get untilClosed() {
      return closed.signal;
    },
    follow,
    reviewLine: keeper.review,
    hurry: (doubtMs) => follower?.hurry(doubtMs),
    abandon() {
      credentials.end();
      drop();
    },
    end,
    leave({ keepText, next }) {
      credentials.adopt(null);
      drop();
      outbox.clear({ keepText });
      const { online, reachable, unsent } = state.model;
      state.set({ ...EMPTY_MODEL, online, reachable, unsent, restoring: next !== null });
      if (!next) return;
      credentials.adopt(next);
      follow();
    },
    close() {
      closed.abort();
      closed = new AbortController();
      keeper.review();
      follower?.suspend();
      state.set({ stoppingRunId: null });
    },
  };
}
