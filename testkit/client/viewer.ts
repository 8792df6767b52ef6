import { isNetworkError } from '../network/is-network-error.ts';
import type { Credentials, WireMessage } from './protocol-client.ts';
import { createTranscript, type Transcript } from './transcript.ts';
import { compareCursors, follows, isTerminal, readEvents, START, type WireFrame } from './wire.ts';
import { sleep } from '../wait.ts';

/** One frame as a viewer got it. */
export interface Received {
  frame: WireFrame;
  /** Which connection brought it, and how many this connection had brought before. */
  connection: number;
  position: number;
  /** The viewer's cursor when it came. */
  at: string;
  /** When it came, as `performance.now()` says. */
  seenAt: number;
}

/** Somebody who watches a session over any number of connections, and remembers everything that came. */
export interface Viewer {
  readonly received: readonly Received[];
  readonly transcript: Transcript;
  readonly cursor: string;
  readonly connections: number;
  /** What the relay answered last; null before it has. */
  readonly status: number | null;
  /** Why the relay closed connections by its own will. */
  readonly byes: readonly string[];
  /**
   * The terminal message of this run was seen, or a snapshot that holds its prompt: it holds finished runs only.
   *
   * @throws what ended the viewer, if anything did.
   */
  hasEnded(run: { runId: string; messageId: string }): boolean;
  /** Drops the line, as a laptop that is shut; it comes back by itself. */
  drop(): void;
  /** Leaves for good. Rejects with what ended the viewer before, if anything did. */
  leave(): Promise<void>;
}

export interface ViewOptions {
  origin: string;
  credentials: Credentials;
  /** Where to begin; not given: at the beginning, without a cursor. */
  after?: string;
  /** A line that has been silent for so long is taken for dead. */
  silenceMs?: number;
  /** Comes back so long after a line was lost; 20 ms when not given. */
  reconnectMs?: number;
}

const RECONNECT_MS = 20;

/** The relay refused a stream, and coming back would change nothing. */
export class RefusedError extends Error {
  override name = 'RefusedError';
  readonly status: number;

  constructor(status: number) {
    super(`check-stream answered ${status}.`);
    this.status = status;
  }
}

export function watchSession(options: ViewOptions): Viewer {
  const { origin, credentials, after, silenceMs = 1_500, reconnectMs = RECONNECT_MS } = options;
  const received: Received[] = [];
  /** Runs whose terminal message was seen, and messages that stood in a snapshot. */
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

  /** False when something was missed, and only a new connection helps. */
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

/** One connection with `until=idle`, to its end: every frame of it. */
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
