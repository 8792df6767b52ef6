import { compareCursors, follows, START, type Cursor } from '#shared/cursor.ts';
import { createProblem, type Problem } from '#shared/problem.ts';
import { PING_INTERVAL_MS, type Frame, type SessionAnswer } from '#shared/protocol.ts';
import { createAsking } from './asking.ts';
import { backoffMs, createPause } from './backoff.ts';
import { openConnection, type Connection, type ConnectionEnd, type OpenStream } from './connection.ts';
import { isSessionOver } from './credentials.ts';
import type { IncomingFrame } from './read-events.ts';
import type { Answer } from './transport.ts';

/** Silence after which a connection is not trusted when the page is shown or the network is back, in ms. */
const DOUBT_MS = PING_INTERVAL_MS + 5_000;
/** A connection that lived this long, in ms, was good, even if it brought nothing new. */
const STEADY_MS = 5_000;

/**
 * - `off`: not followed, or not any more.
 * - `connecting`, `up`: as they say.
 * - `waiting`: the connection is down and will be retried.
 * - `empty`: nothing was ever written to this session; it is polled quietly.
 * - `refused`: the relay refuses, and a retry would not help; `resume` tries once more.
 */
export type LinePhase = 'off' | 'connecting' | 'up' | 'waiting' | 'empty' | 'refused';

/** The state of following a session, over all its connections. */
export interface Line {
  phase: LinePhase;
  /** Attempts in a row that brought nothing. */
  failures: number;
  /** Why the last attempt was refused; null once the line is up. */
  problem: Problem | null;
  /** When the relay asked to be retried, ms since the epoch. */
  retryAt: number | null;
}

export interface FollowOptions {
  /** Makes one connection; tokens are its concern. */
  open: OpenStream;
  /** Asks for the state once, for lines that are buffered; without it a buffered line counts as a silent one. */
  ask?(signal: AbortSignal): Promise<Answer<SessionAnswer>>;
  /** A message that follows those before, or a snapshot that replaces them. */
  onFrame(frame: Frame): void;
  /** Everything that the log held at this moment has been delivered. */
  onPing(): void;
  onChange(line: Line): void;
  /** Bytes have arrived. */
  onAlive(): void;
  /** The session is gone, and is not followed any more. The problem is null after `bye gone`. */
  onOver(problem: Problem | null): void;
}

/** Follows a session with one cursor over any number of connections: each message once, in order, without a gap. */
export interface Follow {
  readonly line: Line;
  /** The place up to which messages have been delivered; null before the first. */
  readonly cursor: Cursor | null;
  /**
   * Follows from the cursor on, unless it does so already. With `pollMs` it keeps no connection: it reads what there is,
   * disconnects, and polls again after that many ms. The line counts as up in between.
   */
  resume(pollMs?: number | null): void;
  /** Disconnects and stops all timers. The cursor stays. */
  suspend(): void;
  /** Connects at once if the line is down. Reconnects if it has been silent for `doubtMs`, by default 20 s. */
  hurry(doubtMs?: number): void;
}

/** The line of a session that is not followed. */
export const LINE_OFF: Line = { phase: 'off', failures: 0, problem: null, retryAt: null };

/** A follower at the start of a session's log. Nothing happens before `resume`. */
export function createFollow(options: FollowOptions): Follow {
  const pause = createPause();
  let cursor: Cursor | null = null;
  let line = LINE_OFF;
  /** Ends the following; null while suspended or refused. */
  let following: AbortController | null = null;
  let connection: Connection | null = null;
  /** The connection was aborted by `hurry`: the next one is made at once. */
  let hurried = false;
  /** Time between two polls, in ms; null where a connection is kept. */
  let pollMs: number | null = null;
  /** Between two polls, or polling after one: the line counts as up. */
  let resting = false;
  const asking = createAsking();

  function setLine(change: Partial<Line>): void {
    line = { ...line, ...change };
    options.onChange(line);
  }

  /** Delivers a frame that follows, skips one that was delivered before. Answers false when frames are missing. */
  function take(frame: IncomingFrame): boolean {
    const at = cursor ?? START;
    const isSnapshot = frame.message?.type === 'snapshot';
    if (!isSnapshot && !follows(at, frame)) return compareCursors(frame.id, at) <= 0;
    cursor = frame.id;
    if (frame.message) options.onFrame({ id: frame.id, message: frame.message });
    return true;
  }

  async function connect(signal: AbortSignal): Promise<ConnectionEnd> {
    const own = openConnection({
      open: options.open,
      after: cursor,
      signal,
      onOpened: () => setLine({ phase: 'up', problem: null, retryAt: null }),
      onAlive: options.onAlive,
      onFrame: take,
      onPing() {
        asking.end();
        options.onPing();
      },
      isBrief: () => pollMs !== null,
      canAsk: options.ask !== undefined,
    });
    connection = own;
    try {
      return await own.ended;
    } finally {
      if (connection === own) connection = null;
    }
  }

  /** Asks for the state once. Answers `rest` when it has been delivered. */
  async function askOnce(ask: NonNullable<FollowOptions['ask']>, signal: AbortSignal): Promise<ConnectionEnd> {
    const answer = await ask(signal);
    if (answer.kind !== 'ok' || signal.aborted) return answer.kind === 'ok' ? { kind: 'lost' } : answer;
    options.onAlive();
    if (line.phase !== 'up' || line.failures > 0) setLine({ phase: 'up', failures: 0, problem: null, retryAt: null });
    if (cursor === null || compareCursors(answer.value.cursor, cursor) >= 0) {
      for (const frame of asking.framesOf(answer.value)) options.onFrame(frame);
      cursor = answer.value.cursor;
    }
    options.onPing();
    return { kind: 'rest' };
  }

  /** Follows once: by asking where streams are buffered, else by a connection. */
  function attempt(signal: AbortSignal): Promise<ConnectionEnd> {
    if (options.ask && asking.active && !asking.takeProbe()) return askOnce(options.ask, signal);
    return connect(signal);
  }

  /** Connects again and again until aborted, or until the relay's answer makes that pointless. */
  async function keepConnected(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const before = cursor;
      const startedAt = Date.now();
      if (!resting) setLine({ phase: 'connecting' });
      const end = await attempt(signal);
      if (signal.aborted) return;
      if (end.kind === 'unheard') {
        asking.begin();
        continue;
      }
      resting = end.kind === 'rest';
      if (resting) {
        failures = 0;
        hurried = false;
        await pause.wait({ atLeastMs: 0, upToMs: Math.max(asking.active ? asking.waitMs : 0, pollMs ?? 0) }, signal);
        continue;
      }
      if (isFinal(end)) return;
      // What cannot be asked either is no buffered line but a dead one.
      if (end.kind === 'lost') leaveAsking();
      const advanced = cursor !== null && (before === null || compareCursors(cursor, before) > 0);
      const steady = end.kind !== 'refused' && line.phase === 'up' && Date.now() - startedAt >= STEADY_MS;
      failures = (advanced || steady) && end.kind !== 'gap' ? 0 : failures + 1;
      await waitForRetry(end, failures, signal);
    }
  }

  /** Whether another connection would end the same way. Reports it then. */
  function isFinal(end: ConnectionEnd): boolean {
    const problem = end.kind === 'refused' ? end.problem : null;
    if ((problem && isSessionOver(problem)) || (end.kind === 'bye' && end.reason === 'gone')) {
      suspend();
      options.onOver(problem);
      return true;
    }
    if (!problem || problem.retryable || isEmpty(problem)) return false;
    following = null;
    setLine({ phase: 'refused', problem, retryAt: null });
    return true;
  }

  /** The next attempt is a stream: one that begins with a snapshot if the reply on view came by asking. */
  function leaveAsking(): void {
    if (asking.busy) cursor = null;
    asking.end();
  }

  async function waitForRetry(end: ConnectionEnd, failures: number, signal: AbortSignal): Promise<void> {
    const refusal = end.kind === 'refused' ? end.problem : null;
    const problem = refusal && !isEmpty(refusal) ? refusal : null;
    const atLeastMs = refusal?.retryAfterMs ?? (end.kind === 'bye' ? end.retryAfterMs : 0);
    setLine({
      phase: refusal && !problem ? 'empty' : 'waiting',
      failures,
      problem,
      retryAt: problem && atLeastMs > 0 ? Date.now() + atLeastMs : null,
    });
    await pause.wait({ atLeastMs, upToMs: hurried ? 0 : backoffMs(failures) }, signal);
    hurried = false;
  }

  function suspend(): void {
    following?.abort();
    following = null;
    hurried = false;
    resting = false;
    if (line !== LINE_OFF) {
      line = LINE_OFF;
      options.onChange(line);
    }
  }

  function start(): void {
    const own = new AbortController();
    following = own;
    keepConnected(own.signal).catch((error: unknown) => {
      // A defect of this program: shown, not retried, and thrown where `error` events are seen.
      if (following === own) following = null;
      if (!own.signal.aborted) setLine({ phase: 'refused', problem: createProblem('internal'), retryAt: null });
      queueMicrotask(() => {
        throw error;
      });
    });
  }

  return {
    get line() {
      return line;
    },
    get cursor() {
      return cursor;
    },
    resume(nextPollMs = null) {
      const wasKept = pollMs === null;
      pollMs = nextPollMs;
      if (!following) start();
      else if (wasKept && pollMs !== null && connection?.caughtUp) connection.abort();
      else if (!wasKept && pollMs === null) pause.wake();
    },
    suspend,
    hurry(doubtMs = DOUBT_MS) {
      asking.hurry();
      pause.wake();
      if (!connection || connection.silentMs < doubtMs) return;
      hurried = true;
      connection.abort();
    },
  };
}

/** Nothing was ever written to the session. */
function isEmpty({ code }: Problem): boolean {
  return code === 'stream-not-started';
}
