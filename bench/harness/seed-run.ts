import { newId } from '#shared/ids.ts';
import type { Cursor } from '#shared/cursor.ts';
import { sealSession } from '#relay/store/seal-session.ts';
import type { AppendAnswer, SessionStore } from '#relay/store/session-store.ts';
import { plainToken } from './token-wheel.ts';
import { deltaData } from './wire.ts';

/** A run that the bench wrote straight into a store, leased to nobody who lives. */
export interface SeededRun {
  sessionId: string;
  runId: string;
  fence: number;
  /** The seq that comes next. */
  next: number;
  /** Just before the first entry of the run. */
  before: Cursor;
}

/** Longer than any bench: no runner takes a seeded run. */
const LEASE_MS = 3_600_000;
const BATCH = 500;
/** They are sent one after the other, without waiting for each. */
const APPENDS_AT_ONCE = 100;

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
  /** The store as the relay is to see it. */
  storeForRelay: SessionStore;
  seed(input: SeedInput): Promise<SeededRun>;
}

/**
 * Between being submitted and being claimed a seeded run is due, and the relay's runner would take it if it looked just
 * then: it is shown none that is being seeded. What it was shown before is no danger, since claiming a run that is leased
 * or has ended is refused. Only one relay may run over the store.
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

export interface SeedInput {
  sessionId: string;
  tokens: number;
  end: 'active' | 'finished' | 'sealed';
  /** How many entries one append holds; 500 when not given. */
  batch?: number;
}

/** Writes a reply of `tokens` tokens, one entry each; `sealed` and `finished` end it. */
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
