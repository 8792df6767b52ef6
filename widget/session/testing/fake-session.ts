import { follows, parseCursor, START, type Cursor } from '#shared/cursor.ts';
import type { ChatChunk, Frame, StreamMessage } from '#shared/protocol.ts';
import { EMPTY_SESSION, reduce, type SessionState } from '#shared/fold/session.ts';

/** One entry of a session's log, with the message as it was written. */
export interface FakeEntry {
  id: Cursor;
  prev?: Cursor;
  message: object;
}

/** The log of one session, written to by a test's hand. */
export interface FakeSession {
  readonly sessionId: string;
  readonly entries: readonly FakeEntry[];
  readonly head: Cursor;
  /** The fold of all that stands in the log. */
  readonly state: SessionState;
  /** Raises the fence; the next entry has seq 0 and a `prev`. */
  raiseFence(): void;
  write(...messages: object[]): void;
  /** A prompt as the relay stores it. */
  writePrompt(messageId: string, runId: string, text: string, parentId?: string): void;
  /** `metadata started`, or `restarted` with what else is given, under a new fence. */
  writeStart(runId: string, restart?: { attempt: number; reset?: boolean; steps?: number }): void;
  writeChunks(runId: string, ...chunks: ChatChunk[]): void;
  writeEnd(runId: string, status: 'completed' | 'cancelled' | 'failed'): void;
  /** A whole answer, one delta for each piece. */
  writeAnswer(runId: string, pieces: readonly string[]): void;
  /** The entries after a cursor; with a snapshot first when the cursor does not continue exactly. */
  replay(after: Cursor | null): { snapshot: { id: Cursor; message: object } | null; entries: readonly FakeEntry[] };
  subscribe(listener: (entry: FakeEntry) => void): () => void;
  /** messageId → the answer it was given. */
  readonly answers: Map<string, { sessionId: string; messageId: string; runId: string; cursor: Cursor }>;
  /** Deleted or expired: every request is answered 410, open streams say goodbye. */
  gone: boolean;
}

export function createFakeSession(sessionId: string): FakeSession {
  const entries: FakeEntry[] = [];
  const listeners = new Set<(entry: FakeEntry) => void>();
  let fence = 1_000;
  let seq = 0;
  let state = EMPTY_SESSION;
  /** The fold up to the last terminal. */
  let finished = EMPTY_SESSION;

  const head = (): Cursor => entries.at(-1)?.id ?? START;

  const session: FakeSession = {
    sessionId,
    entries,
    answers: new Map(),
    gone: false,
    get head() {
      return head();
    },
    get state() {
      return state;
    },
    raiseFence() {
      fence += 7;
      seq = 0;
    },
    write(...messages) {
      for (const message of messages) {
        const entry: FakeEntry = { id: `${fence}-${seq}`, ...(seq === 0 ? { prev: head() } : {}), message };
        seq += 1;
        entries.push(entry);
        state = reduce(state, toFrame(entry));
        if (!state.run) finished = state;
        for (const listener of listeners) listener(entry);
      }
    },
    writePrompt(messageId, runId, text, parentId) {
      session.raiseFence();
      const message = { id: messageId, role: 'user', parts: [{ type: 'text', text }] };
      session.write({ type: 'message', message, runId, ...(parentId === undefined ? {} : { parentId }) });
    },
    writeStart(runId, restart) {
      session.raiseFence();
      const status = restart ? 'restarted' : 'started';
      session.write({ type: 'metadata', status, runId, messageId: runId, attempt: 1, ...restart });
    },
    writeChunks(runId, ...chunks) {
      session.write(...chunks.map((chunk) => ({ type: 'chunk', runId, chunk })));
    },
    writeEnd(runId, status) {
      session.write({ type: 'metadata', status, runId, messageId: runId, attempt: 1 });
    },
    writeAnswer(runId, pieces) {
      session.writeStart(runId);
      session.writeChunks(
        runId,
        { type: 'start', messageId: runId },
        { type: 'start-step' },
        { type: 'text-start', id: '1' },
        ...pieces.map((delta): ChatChunk => ({ type: 'text-delta', id: '1', delta })),
        { type: 'text-end', id: '1' },
        { type: 'finish-step' },
        { type: 'finish', finishReason: 'stop' },
      );
      session.writeEnd(runId, 'completed');
    },
    replay(after) {
      const next = after === null ? -1 : entries.findIndex((entry) => follows(after, entry));
      if (next >= 0) return { snapshot: null, entries: entries.slice(next) };
      if (after !== null && after === head()) return { snapshot: null, entries: [] };
      const { messages, cursor } = finished;
      return {
        snapshot: { id: cursor, message: { type: 'snapshot', sessionId, messages } },
        entries: entries.slice(entries.findIndex(({ id }) => id === cursor) + 1),
      };
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return session;
}

/** An entry as it travels. */
export function encodeEntry({ id, prev, message }: FakeEntry & { from?: Cursor }): string {
  return `id: ${id}\ndata: ${JSON.stringify({ ...(prev === undefined ? {} : { prev }), ...message })}\n\n`;
}

/** Adjacent deltas of one text part as one entry with `from`, as a relay may send them. */
export function mergeEntries(entries: readonly FakeEntry[]): FakeEntry[] {
  const merged: FakeEntry[] = [];
  for (const entry of entries) {
    const last = merged.at(-1);
    const [a, b] = [last && deltaOf(last), deltaOf(entry)];
    const isNext = last && parseCursor(last.id)?.fence === parseCursor(entry.id)?.fence;
    if (!a || !b || !isNext || a.id !== b.id || last.prev !== undefined) merged.push(entry);
    else {
      const { from = last.id } = last.message as { from?: Cursor };
      const chunk = { type: 'text-delta', id: a.id, delta: a.delta + b.delta };
      merged[merged.length - 1] = { id: entry.id, message: { ...last.message, from, chunk } };
    }
  }
  return merged;
}

function deltaOf({ message }: FakeEntry): { id: string; delta: string } | null {
  const { type, chunk } = message as { type: string; chunk?: ChatChunk };
  return type === 'chunk' && chunk?.type === 'text-delta' ? chunk : null;
}

function toFrame({ id, message }: FakeEntry): Frame {
  return { id, message: message as StreamMessage };
}
