import { newId } from '#shared/ids.ts';
import type { Cursor } from '#shared/cursor.ts';
import { sealSession } from '#relay/store/seal-session.ts';
import type { AppendAnswer, SessionStore } from '#relay/store/session-store.ts';
import { plainToken } from './token-wheel.ts';
import { deltaData } from './wire.ts';

/** A run that the bench has written into a store without a relay. Its lease belongs to no process. */
export interface SeededRun {
  sessionId: string;
  runId: string;
  fence: number;
  /** The seq of the next entry. */
  next: number;
  /** The cursor just before the run's first entry. */
  before: Cursor;
}

/** The lease of a seeded run, in ms: longer than any bench, so that no relay takes it over. */
const LEASE_MS = 3_600_000;
/** Entries per append. */
const BATCH = 500;
/** Appends that are sent before the first one is answered. */
const APPENDS_AT_ONCE = 100;

/** Writes a prompt and claims its run, which stays active. */
export async function seedActiveRun(store: SessionStore, sessionId: string): Promise<SeededRun> {
  const runId = newId();
  const messageId = newId();
  const message = { id: messageId, role: 'user', parts: [{ type: 'text', text: 'What is a session?' }] };
  const submitted = await store.submit(sessionId, {
    messageId,
    hash: messageId,
    runId,
    entries: [JSON.stringify({ type: 'message', message, runId })],
  });
  if (submitted.kind !== 'ok') throw new Error(`submit answered ${submitted.kind}`);
  const claimed = await store.claim(sessionId, {
    token: newId(),
    owner: 'bench',
    leaseMs: LEASE_MS,
    maxAttempts: 3,
    takeover: { kind: 'restart' },
  });
  if (claimed.kind !== 'lease') throw new Error(`claim answered ${claimed.kind}`);
  return { sessionId, runId, fence: claimed.lease.fence, next: claimed.lease.next, before: submitted.cursor };
}

/** Writes replies into a store while a relay runs over it. */
export interface Seeder {
  /** The store for the relay. */
  storeForRelay: SessionStore;
  /** Writes a reply, as `seedReply`. */
  seed(input: SeedInput): Promise<SeededRun>;
}

/**
 * Creates a seeder. A seeded run is due between its submit and its claim, and the relay would take it if it polled just
 * then: so its polls are not told of runs that are being seeded. A poll before that does no harm, because a leased run
 * cannot be claimed. Only one relay may run on the store.
 */
export function createSeeder(store: SessionStore): Seeder {
  const seeding = new Set<string>();
  return {
    storeForRelay: {
      ...store,
      async take(limit) {
        const { due, nextDueMs } = await store.take(limit);
        return { due: due.filter((sessionId) => !seeding.has(sessionId)), nextDueMs };
      },
    },
    seed: async (input) => {
      seeding.add(input.sessionId);
      try {
        return await seedReply(store, input);
      } finally {
        seeding.delete(input.sessionId);
      }
    },
  };
}

/** A reply to write. */
export interface SeedInput {
  sessionId: string;
  tokens: number;
  end: 'active' | 'finished' | 'sealed';
  /** Entries per append; 500 by default. */
  batch?: number;
}

/** Writes a reply of `tokens` tokens, one entry each, and leaves its run active, finished, or finished and sealed. */
export async function seedReply(
  store: SessionStore,
  { sessionId, tokens, end, batch = BATCH }: SeedInput,
): Promise<SeededRun> {
  const run = await seedActiveRun(store, sessionId);
  const { runId } = run;
  const chunk = (content: object): string => JSON.stringify({ type: 'chunk', runId, chunk: content });
  const entries = [
    chunk({ type: 'start', messageId: runId }),
    chunk({ type: 'start-step' }),
    chunk({ type: 'text-start', id: '1' }),
    ...Array.from({ length: tokens }, (_, index) => deltaData(runId, plainToken(index))),
  ];
  for (let index = 0; index < entries.length; index += batch * APPENDS_AT_ONCE) {
    const appends: Promise<AppendAnswer>[] = [];
    for (const some of batchesOf(entries.slice(index, index + batch * APPENDS_AT_ONCE), batch)) {
      appends.push(store.append(sessionId, { fence: run.fence, seq: run.next, entries: some }));
      run.next += some.length;
    }
    for (const answer of await Promise.all(appends)) mustBeOk(answer);
  }
  if (end === 'active') return run;

  const last = [
    chunk({ type: 'text-end', id: '1' }),
    chunk({ type: 'finish-step' }),
    chunk({ type: 'finish', finishReason: 'stop' }),
    JSON.stringify({
      type: 'metadata',
      status: 'completed',
      runId,
      messageId: runId,
      attempt: 1,
      finishReason: 'stop',
      at: Date.now(),
    }),
  ];
  mustBeOk(await store.finish(sessionId, { fence: run.fence, seq: run.next, entries: last }));
  if (end === 'sealed') await sealSession(store, sessionId);
  return run;
}

function batchesOf(entries: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(entries.length / size) }, (_, index) =>
    entries.slice(size * index, size * (index + 1)),
  );
}

function mustBeOk(answer: AppendAnswer): void {
  if (answer.kind !== 'ok') throw new Error(`the store answered ${answer.kind}`);
}
