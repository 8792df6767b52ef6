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

/** A store to be tested, and what only its test can do with it. */
export interface StoreHarness {
  store: SessionStore;
  /** Lets time pass for the store: moves its clock, which need not stand still otherwise. */
  advance(ms: number): Promise<void>;
  /** Takes everything away again. */
  destroy(): Promise<void>;
}

export interface OpenStoreOptions {
  ttlMs: number;
  maxTranscriptBytes: number;
  /** What the store draws for each raise of a fence, in place of its own 20 random bits. */
  random?: (() => number) | undefined;
}

/** Opens a store that is empty, or at least holds nothing of the sessions that a test makes up. */
export type OpenStore = (options: OpenStoreOptions) => Promise<StoreHarness>;

/** Far more than a test takes in real time, so that a clock that runs by itself decides nothing. */
export const TTL_MS = 600_000;
export const LEASE_MS = 100_000;
/** How far two clocks that run by themselves may come apart meanwhile; less than any time that a test tells apart. */
export const CLOCK_SLACK_MS = 1_000;
export const MAX_TRANSCRIPT_BYTES = 1_000;

/** One open store for each test of the file, and the words that tests use most. */
export interface Bench {
  readonly store: SessionStore;
  /** Of a session of which nothing was written yet. */
  readonly sessionId: string;
  advance(ms: number): Promise<void>;
  /** What the store draws for each raise of a fence from now on; 1 at first. */
  drawBits(bits: number): void;
  /** Submits a prompt of one entry; returns the run's id. */
  submit(over?: Partial<SubmitInput>): Promise<string>;
  /** Claims the due run; fails when the answer is no lease. */
  claim(over?: Partial<ClaimInput>): Promise<Lease>;
  /** A prompt, claimed. */
  start(): Promise<Lease>;
  /** A whole run: prompt, claim, `chunks` entries, the terminal. */
  completeRun(chunks?: number): Promise<Lease>;
  /** The whole log after a cursor, page by page; fails when the cursor does not continue exactly. */
  readAll(after?: Cursor): Promise<LogEntry[]>;
  headCursor(): Promise<Cursor>;
}

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

export function submitInput(over: Partial<SubmitInput> = {}): SubmitInput {
  const runId = over.runId ?? newId();
  return { messageId: newId(), hash: 'hash', runId, entries: [promptText(runId)], ...over };
}

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

export function promptText(runId: string): string {
  return JSON.stringify({ type: 'message', message: { id: 'u', role: 'user', parts: [] }, runId });
}

export function chunkText(runId: string, text: string): string {
  return JSON.stringify({ type: 'chunk', runId, chunk: { type: 'text-delta', id: '1', delta: text } });
}

export function terminalText(runId: string): string {
  return JSON.stringify({ type: 'metadata', status: 'completed', runId, messageId: runId, attempt: 1, at: 0 });
}

export function texts(entries: readonly LogEntry[]): string[] {
  return entries.map(({ data }) => data);
}

/** An entry's message without the time it was written at. */
export function messageOf(entry: LogEntry | undefined): Record<string, unknown> {
  const { at: _, ...message } = JSON.parse(entry?.data ?? '{}') as Record<string, unknown>;
  return message;
}

export function entriesOf(answer: ReadAnswer): LogEntry[] {
  if (answer.kind !== 'exact' && answer.kind !== 'snapshot') throw new Error(`the answer is ${answer.kind}`);
  return answer.entries;
}

/** What a follower has seen. Hints may come twice, so an entry that came before counts once. */
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
