import { compareCursors, follows, START, type Cursor } from '#shared/cursor.ts';
import { createProblem, type Problem } from '#shared/problem.ts';
import { PING_INTERVAL_MS, type Frame } from '#shared/protocol.ts';
import { backoffMs, createPause } from './backoff.ts';
import { isSessionOver } from './credentials.ts';
import type { IncomingFrame, LineEvent } from './read-events.ts';
import type { StreamEnd, StreamReader } from './transport.ts';

/** A line that says nothing for so long, in ms, is dead: three pings have been missed. */
export const SILENCE_MS = 3 * PING_INTERVAL_MS;
/** A line that has been silent for so long, in ms, is not trusted when the page is shown or the network is back. */
const DOUBT_MS = PING_INTERVAL_MS + 5_000;
/** A line that lived so long, in ms, was a good one, even if nothing new came over it. */
const STEADY_MS = 5_000;

/**
 * - `off`: let go of, or not begun.
 * - `connecting`, `up`: as they say.
 * - `waiting`: the line is down and will be tried again.
 * - `empty`: nothing was ever written to this session; it is asked again quietly.
 * - `refused`: the relay will not have it, and asking again would not help; `resume` tries once more.
 */
export type LinePhase = 'off' | 'connecting' | 'up' | 'waiting' | 'empty' | 'refused';

export interface Line {
  phase: LinePhase;
  /** Attempts in a row that brought nothing. */
  failures: number;
  /** Why the last attempt was refused; null once the line is up. */
  problem: Problem | null;
  /** Until when the relay asked to be left alone, ms since the epoch. */
  retryAt: number | null;
}

export interface FollowOptions {
  /** Makes one connection; the tokens are its business. */
  open(after: Cursor | null, reader: StreamReader, signal: AbortSignal): Promise<StreamEnd>;
  /** A message that follows all those before, or a snapshot that replaces them. */
  onFrame(frame: Frame): void;
  /** All that the log held at this moment has been delivered. */
  onPing(): void;
  onChange(line: Line): void;
  /** Bytes have come. */
  onAlive(): void;
  /** There is nothing to follow any more; the follower has let go. The problem is null after `bye gone`. */
  onOver(problem: Problem | null): void;
}

/** One cursor over any number of connections: each message of a session once, in order, without a gap. */
export interface Follow {
  readonly line: Line;
  /** The place up to which messages have been delivered; null before the first. */
  readonly cursor: Cursor | null;
  /**
   * Goes on from the cursor, unless it is at it already. With `lookInMs` it does not keep its line: it reads what there
   * is, lets go, and looks in again after so many ms, which to its user is the same as a line that is up.
   */
  resume(lookInMs?: number | null): void;
  /** Lets go of the line and of all timers; the cursor stays. */
  suspend(): void;
  /** Tries at once if the line is down; makes a new one if this one is silent for long, or `distrust`ed. */
  hurry(distrust?: boolean): void;
}

export const LINE_OFF: Line = { phase: 'off', failures: 0, problem: null, retryAt: null };

export function createFollow(options: FollowOptions): Follow {
  const pause = createPause();
  let cursor: Cursor | null = null;
  let line = LINE_OFF;
  let running: AbortController | null = null;
  /** The connection of the moment, and when it last showed life. */
  let connection: { abort(): void; aliveAt: number; caughtUp: boolean } | null = null;
  /** That connection was given up for a new one, to be made at once. */
  let hurried = false;
  /** How long to rest between two looks, in ms; null where the line is kept. */
  let lookIn: number | null = null;
  /** Resting, or looking in after a rest: the line counts as up. */
  let resting = false;

  function setLine(change: Partial<Line>): void {
    line = { ...line, ...change };
    options.onChange(line);
  }

  /** Delivers what follows, skips what was delivered before; false when something is missing in between. */
  function take(frame: IncomingFrame): boolean {
    const at = cursor ?? START;
    const isSnapshot = frame.message?.type === 'snapshot';
    if (!isSnapshot && !follows(at, frame)) return compareCursors(frame.id, at) <= 0;
    cursor = frame.id;
    if (frame.message) options.onFrame({ id: frame.id, message: frame.message });
    return true;
  }

  type ConnectionEnd = StreamEnd | { kind: 'gap' | 'rest' } | { kind: 'bye'; reason: string; retryAfterMs: number };

  /** One connection, from asking for it to its end. */
  async function connect(signal: AbortSignal): Promise<ConnectionEnd> {
    const attempt = new AbortController();
    const abort = (): void => attempt.abort();
    signal.addEventListener('abort', abort);
    const here = { abort, aliveAt: Date.now(), caughtUp: false };
    connection = here;
    // Looked at now and then, instead of set anew for each byte that comes; and by the clock that goes on while a
    // device sleeps. That one may be set back, too: then by far is as good as long ago.
    const watchdog = setInterval(() => {
      if (Math.abs(Date.now() - here.aliveAt) >= SILENCE_MS) abort();
    }, SILENCE_MS / 9);
    let end: ConnectionEnd | null = null;
    try {
      const streamEnd = await options.open(
        cursor,
        {
          opened() {
            here.aliveAt = Date.now();
            if (!signal.aborted) setLine({ phase: 'up', problem: null, retryAt: null });
          },
          alive() {
            here.aliveAt = Date.now();
            options.onAlive();
          },
          event(event: LineEvent) {
            if (attempt.signal.aborted) return false;
            if (event.type === 'frame') {
              if (take(event.frame)) return !attempt.signal.aborted;
              end = { kind: 'gap' };
              return false;
            }
            if (event.type === 'ping') {
              here.caughtUp = true;
              options.onPing();
              return lookIn === null;
            }
            end = { kind: 'bye', reason: event.reason, retryAfterMs: event.retryAfterMs };
            return false;
          },
        },
        attempt.signal,
      );
      return end ?? (lookIn !== null && here.caughtUp ? { kind: 'rest' } : streamEnd);
    } finally {
      clearInterval(watchdog);
      signal.removeEventListener('abort', abort);
      if (connection === here) connection = null;
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const before = cursor;
      const startedAt = Date.now();
      if (!resting) setLine({ phase: 'connecting' });
      const end = await connect(signal);
      if (signal.aborted) return;
      resting = end.kind === 'rest';
      if (resting) {
        failures = 0;
        hurried = false;
        await pause.wait({ atLeastMs: 0, upToMs: lookIn ?? 0 }, signal);
        continue;
      }

      const problem = end.kind === 'refused' ? end.problem : null;
      if ((problem && isSessionOver(problem)) || (end.kind === 'bye' && end.reason === 'gone')) {
        suspend();
        options.onOver(problem);
        return;
      }
      const isEmpty = problem?.code === 'stream-not-started';
      if (problem && !isEmpty && !problem.retryable) {
        running = null;
        setLine({ phase: 'refused', problem, retryAt: null });
        return;
      }

      const advanced = cursor !== null && (before === null || compareCursors(cursor, before) > 0);
      const steady = end.kind !== 'refused' && line.phase === 'up' && Date.now() - startedAt >= STEADY_MS;
      failures = (advanced || steady) && end.kind !== 'gap' ? 0 : failures + 1;
      const atLeastMs = problem?.retryAfterMs ?? (end.kind === 'bye' ? end.retryAfterMs : 0);
      setLine({
        phase: isEmpty ? 'empty' : 'waiting',
        failures,
        problem: isEmpty ? null : problem,
        retryAt: problem && !isEmpty && atLeastMs > 0 ? Date.now() + atLeastMs : null,
      });
      await pause.wait({ atLeastMs, upToMs: hurried ? 0 : backoffMs(failures) }, signal);
      hurried = false;
    }
  }

  function suspend(): void {
    running?.abort();
    running = null;
    hurried = false;
    resting = false;
    if (line !== LINE_OFF) {
      line = LINE_OFF;
      options.onChange(line);
    }
  }

  return {
    get line() {
      return line;
    },
    get cursor() {
      return cursor;
    },
    resume(lookInMs = null) {
      const kept = lookIn === null;
      lookIn = lookInMs;
      if (running) {
        if (kept && lookIn !== null && connection?.caughtUp) connection.abort();
        else if (!kept && lookIn === null) pause.wake();
        return;
      }
      const controller = new AbortController();
      running = controller;
      run(controller.signal).catch((error: unknown) => {
        // A fault of this program, and not of the line: shown, not tried for ever, and told to whoever watches for it.
        if (running === controller) running = null;
        if (!controller.signal.aborted)
          setLine({ phase: 'refused', problem: createProblem('internal'), retryAt: null });
        queueMicrotask(() => {
          throw error;
        });
      });
    },
    suspend,
    hurry(distrust = false) {
      pause.wake();
      if (!connection) return;
      if (!distrust && Math.abs(Date.now() - connection.aliveAt) < DOUBT_MS) return;
      hurried = true;
      connection.abort();
    },
  };
}
