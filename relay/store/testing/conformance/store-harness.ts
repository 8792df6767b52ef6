import { afterEach, beforeEach } from 'vitest';
import { compareCursors, START, type Cursor } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import type {
  ClaimInput,
  FollowEvent,
  Lease,
  LogEntry,
  ReadAnswer,
  SessionStore,
  SubmitInput,
} from '../../session-store.ts';

/** A store under test, with control over its time. */
export interface StoreHarness {
  store: SessionStore;
  /** Moves the store's clock forward. The clock may also run by itself. */
  advance(ms: number): Promise<void>;
  /** Closes the store and removes everything it has kept. */
  destroy(): Promise<void>;
}

/** Options that the store under test is opened with. */
export interface OpenStoreOptions {
  ttlMs: number;
  maxTranscriptBytes: number;
  /** The store draws these bits for each raise of a fence, in place of its own 20 random bits (`StoreOptions.random`). */
  random?: (() => number) | undefined;
}

/** Opens a store that is empty: it has no due runs, and knows none of the sessions that a test makes up. */
export type OpenStore = (options: OpenStoreOptions) => Promise<StoreHarness>;

/** Far longer than a test takes, so that a clock that runs by itself does not matter. */
export const TTL_MS = 600_000;
/** Length of leases in tests; see `TTL_MS`. */
export const LEASE_MS = 100_000;
/** How far the store's clock and the test's may drift apart; less than any two times that a test tells apart. */
export const CLOCK_SLACK_MS = 1_000;
/** Small, so that a test can fill a session. */
export const MAX_TRANSCRIPT_BYTES = 1_000;

/** A store for each test, and the operations that tests use most. */
export interface Bench {
  readonly store: SessionStore;
  /** A session that was never written. */
  readonly sessionId: string;
  advance(ms: number): Promise<void>;
  /** Sets what the store draws for each raise of a fence from now on; 1 at first. */
  drawBits(bits: number): void;
  /** Submits a prompt of one entry. Resolves with the run's id. */
  submit(over?: Partial<SubmitInput>): Promise<string>;
  /** Claims the due run. Rejects when the answer is no lease. */
  claim(over?: Partial<ClaimInput>): Promise<Lease>;
  /** Submits a prompt and claims its run. */
  start(): Promise<Lease>;
  /** Plays a whole run: prompt, claim, `chunks` entries, the terminal message. */
  completeRun(chunks?: number): Promise<Lease>;
  /** Reads the whole log after a cursor. Rejects when the log does not continue there exactly. */
  readAll(after?: Cursor): Promise<LogEntry[]>;
  headCursor(): Promise<Cursor>;
}

/** Opens a store before each test of the current `describe`, and closes it afterwards. */
export function useBench(openStore: OpenStore): Bench {
  let harness: StoreHarness;
  let sessionId: string;
  let bits: number;

  beforeEach(async () => {
    bits = 1;
    harness = await openStore({ ttlMs: TTL_MS, maxTranscriptBytes: MAX_TRANSCRIPT_BYTES, random: () => bits });
    sessionId = newId();
  });
  afterEach(async () => {
    await harness.destroy();
  });

  const bench: Bench = {
    get store() {
      return harness.store;
    },
    get sessionId() {
      return sessionId;
    },
    advance: (ms) => harness.advance(ms),
    drawBits: (next) => void (bits = next),

    async submit(over) {
      const input = submitInput(over);
      const answer = await bench.store.submit(sessionId, input);
      if (answer.kind !== 'ok') throw new Error(`the prompt was not accepted: ${answer.kind}`);
      return input.runId;
    },

    async claim(over) {
      const answer = await bench.store.claim(sessionId, claimInput(over));
      if (answer.kind !== 'lease') throw new Error(`the claim got no lease: ${answer.kind}`);
      return answer.lease;
    },

    async start() {
      await bench.submit();
      return bench.claim();
    },

    async completeRun(chunks = 2) {
      const lease = await bench.start();
      const entries = Array.from({ length: chunks }, (_, index) => chunkText(lease.runId, `part ${index}`));
      await bench.store.append(sessionId, { fence: lease.fence, seq: 1, entries });
      await bench.store.finish(sessionId, {
        fence: lease.fence,
        seq: 1 + chunks,
        entries: [terminalText(lease.runId)],
      });
      return lease;
    },

    async readAll(after = START) {
      const entries: LogEntry[] = [];
      for (let at = after; ;) {
        const answer = await bench.store.read(sessionId, { after: at, limit: 100 });
        if (answer.kind !== 'exact') throw new Error(`${at} does not continue exactly: ${answer.kind}`);
        entries.push(...answer.entries);
        at = entries.at(-1)?.id ?? after;
        if (answer.entries.length === 0 || at === answer.head) return entries;
      }
    },

    async headCursor() {
      const answer = await bench.store.head(sessionId);
      if (answer.kind !== 'open') throw new Error(`the session is ${answer.kind}`);
      return answer.head;
    },
  };
  return bench;
}

/** A prompt with fresh ids. */
export function submitInput(over: Partial<SubmitInput> = {}): SubmitInput {
  const runId = over.runId ?? newId();
  return { messageId: newId(), hash: 'hash', runId, entries: [promptText(runId)], ...over };
}

/** A claim with a fresh token. */
export function claimInput(over: Partial<ClaimInput> = {}): ClaimInput {
  return {
    token: newId(),
    owner: 'tester',
    leaseMs: LEASE_MS,
    maxAttempts: 3,
    takeover: { kind: 'restart' },
    ...over,
  };
}

/** JSON text of a prompt's message. */
export function promptText(runId: string): string {
  return JSON.stringify({ type: 'message', message: { id: 'u', role: 'user', parts: [] }, runId });
}

/** JSON text of a text delta. */
export function chunkText(runId: string, text: string): string {
  return JSON.stringify({ type: 'chunk', runId, chunk: { type: 'text-delta', id: '1', delta: text } });
}

/** JSON text of a completed run's terminal message. */
export function terminalText(runId: string): string {
  return JSON.stringify({ type: 'metadata', status: 'completed', runId, messageId: runId, attempt: 1, at: 0 });
}

/** The JSON texts of entries. */
export function texts(entries: readonly LogEntry[]): string[] {
  return entries.map(({ data }) => data);
}

/** The message of an entry, without the time at which it was written. */
export function messageOf(entry: LogEntry | undefined): Record<string, unknown> {
  const { at: _, ...message } = JSON.parse(entry?.data ?? '{}') as Record<string, unknown>;
  return message;
}

/** The entries of an answer. Throws when there is no session. */
export function entriesOf(answer: ReadAnswer): LogEntry[] {
  if (answer.kind !== 'exact' && answer.kind !== 'snapshot') throw new Error(`the answer is ${answer.kind}`);
  return answer.entries;
}

/** Collects what a follower is told. Hints may come twice: an entry that came before is collected once. */
export function collectEvents(): {
  listener: (event: FollowEvent) => void;
  entries: LogEntry[];
  gone: boolean;
  unsure: number;
} {
  const seen = { entries: [] as LogEntry[], gone: false, unsure: 0, listener };
  function listener(event: FollowEvent): void {
    if (event.kind === 'gone') seen.gone = true;
    if (event.kind === 'unsure') seen.unsure += 1;
    if (event.kind !== 'entries') return;
    for (const entry of event.entries) {
      const last = seen.entries.at(-1);
      if (!last || compareCursors(entry.id, last.id) > 0) seen.entries.push(entry);
    }
  }
  return seen;
}
