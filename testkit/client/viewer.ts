import { isNetworkError } from '../network/is-network-error.ts';
import type { Credentials, WireMessage } from './protocol-client.ts';
import { createTranscript, type Transcript } from './transcript.ts';
import { compareCursors, follows, isTerminal, readEvents, START, type WireFrame } from './wire.ts';
import { sleep } from '../wait.ts';

/** A frame, with where and when a viewer got it. */
export interface Received {
  frame: WireFrame;
  /** The number of its connection, and of frames before it on that connection. */
  connection: number;
  position: number;
  /** The viewer's cursor before it was applied. */
  at: string;
  /** When it came, as `performance.now()` says. */
  seenAt: number;
}

/** Follows a session over any number of connections and keeps every frame. */
export interface Viewer {
  readonly received: readonly Received[];
  readonly transcript: Transcript;
  readonly cursor: string;
  readonly connections: number;
  /** The status of the relay's latest response; null before the first. */
  readonly status: number | null;
  /** Reasons of the `bye` events, oldest first. */
  readonly byes: readonly string[];
  /**
   * Whether the run's terminal message was seen, or a snapshot with its prompt: snapshots hold finished runs only.
   *
   * @throws what ended the viewer, if anything did.
   */
  hasEnded(run: { runId: string; messageId: string }): boolean;
  /** Drops the connection, as a closed laptop does; the viewer reconnects by itself. */
  drop(): void;
  /** Stops following. Rejects with what ended the viewer before, if anything did. */
  leave(): Promise<void>;
}

/** Whom a viewer follows, and how patiently. */
export interface ViewOptions {
  origin: string;
  credentials: Credentials;
  /** The first cursor; none when not given. */
  after?: string;
  /** Ms of silence after which the connection is dropped; 1500 when not given. */
  silenceMs?: number;
  /** Ms between the loss of a connection and the next; 20 when not given. */
  reconnectMs?: number;
}

const RECONNECT_MS = 20;

/** The relay refused a stream, and a retry would change nothing. */
export class RefusedError extends Error {
  override name = 'RefusedError';
  readonly status: number;

  constructor(status: number) {
    super(`check-stream answered ${status}.`);
    this.status = status;
  }
}

/** Begins to follow a session; see `Viewer`. */
export function watchSession(options: ViewOptions): Viewer {
  const { origin, credentials, after, silenceMs = 1_500, reconnectMs = RECONNECT_MS } = options;
  const received: Received[] = [];
  /** Runs whose terminal message was seen, and ids of messages in snapshots. */
  const ended = new Set<string>();
  const byes: string[] = [];
  const transcript = createTranscript();
  let cursor = after ?? null;
  let connections = 0;
  let status: number | null = null;
  let left = false;
  let failure: Error | null = null;
  let line = new AbortController();

  async function follow(): Promise<void> {
    while (!left) {
      line = new AbortController();
      try {
        await connect(line);
      } catch (error) {
        if (!isNetworkError(error)) throw error;
      }
      await sleep(reconnectMs);
    }
  }

  async function connect(current: AbortController): Promise<void> {
    let silence = setTimeout(() => current.abort(), silenceMs);
    try {
      const response = await fetch(`${origin}/api/check-stream?sessionId=${credentials.sessionId}`, {
        headers: {
          authorization: `Bearer ${credentials.token}`,
          ...(cursor === null ? {} : { 'last-event-id': cursor }),
        },
        signal: current.signal,
      });
      status = response.status;
      if (response.status === 412 || response.status === 503) return;
      if (response.status !== 200 || !response.body) throw new RefusedError(response.status);
      connections += 1;
      let position = 0;
      for await (const { event, id, data } of readEvents(response.body)) {
        clearTimeout(silence);
        silence = setTimeout(() => current.abort(), silenceMs);
        if (event === 'bye') byes.push((JSON.parse(data) as { reason: string }).reason);
        if (event !== 'message' || id === null) continue;
        const frame = { id, message: JSON.parse(data) as WireFrame['message'] };
        received.push({ frame, connection: connections, position, at: cursor ?? START, seenAt: performance.now() });
        position += 1;
        if (!take(frame)) return;
      }
    } finally {
      clearTimeout(silence);
      current.abort();
    }
  }

  /** Applies a frame; false when frames before it are missing, so that the viewer has to reconnect. */
  function take(frame: WireFrame): boolean {
    const at = cursor ?? START;
    if (frame.message.type !== 'snapshot' && !follows(at, frame)) return compareCursors(frame.id, at) <= 0;
    transcript.apply(frame);
    cursor = frame.id;
    if (isTerminal(frame)) ended.add(String(frame.message.runId));
    if (frame.message.type === 'snapshot') {
      for (const { id } of frame.message['messages'] as WireMessage[]) ended.add(id);
    }
    return true;
  }

  const following = follow().catch((error: unknown) => {
    failure = error instanceof Error ? error : new Error(String(error));
  });
  return {
    received,
    transcript,
    byes,
    hasEnded({ runId, messageId }) {
      if (failure) throw failure;
      return ended.has(runId) || ended.has(messageId);
    },
    get cursor() {
      return cursor ?? START;
    },
    get connections() {
      return connections;
    },
    get status() {
      return status;
    },
    drop: () => line.abort(),
    async leave() {
      left = true;
      line.abort();
      await following;
      if (failure) throw failure;
    },
  };
}

/**
 * The frames of one connection with `until=idle`, to its end.
 *
 * @throws RefusedError when the relay answers anything but 200.
 */
export async function resumeOnce({
  origin,
  credentials,
  after,
}: Omit<ViewOptions, 'silenceMs' | 'reconnectMs'>): Promise<WireFrame[]> {
  const cursor = after === undefined ? '' : `&after=${after}`;
  const response = await fetch(`${origin}/api/check-stream?sessionId=${credentials.sessionId}${cursor}&until=idle`, {
    headers: { authorization: `Bearer ${credentials.token}` },
    signal: AbortSignal.timeout(20_000),
  });
  if (response.status !== 200 || !response.body) throw new RefusedError(response.status);
  const frames: WireFrame[] = [];
  for await (const { event, id, data } of readEvents(response.body)) {
    if (event === 'message' && id !== null) frames.push({ id, message: JSON.parse(data) as WireFrame['message'] });
  }
  return frames;
}
