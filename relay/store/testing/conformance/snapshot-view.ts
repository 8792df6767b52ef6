import assert from 'node:assert/strict';
import { START, type Cursor } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import type { ReadAnswer, SessionStore } from '../../session-store.ts';
import {
  claimInput,
  MAX_TRANSCRIPT_BYTES,
  submitInput,
  terminalText,
  TTL_MS,
  type OpenStore,
  type StoreHarness,
} from './store-harness.ts';

/** Runs that are written and sealed; three reads are under way beside each. */
const RUNS = 50;

/**
 * Reads a session again and again while runs are submitted, finished, sealed and trimmed. Every snapshot must be of one
 * moment: its transcript and the entries after it are a beginning of the conversation, and its head is their end. A store
 * that reads the transcript and the log one after the other loses or repeats a run here.
 *
 * @throws AssertionError for the first snapshot that is not.
 */
export async function checkSnapshotView(openStore: OpenStore): Promise<void> {
  const harness = await openStore({ ttlMs: TTL_MS, maxTranscriptBytes: 100 * MAX_TRANSCRIPT_BYTES });
  try {
    await readWhileSealing(harness);
  } finally {
    await harness.destroy();
  }
}

async function readWhileSealing({ store }: StoreHarness): Promise<void> {
  const sessionId = newId();
  const reading: Promise<ReadAnswer>[] = [];
  // A cursor that was trimmed is answered by a snapshot too.
  const read = (after?: Cursor) =>
    void reading.push(store.read(sessionId, { limit: 1_000, ...(after === undefined ? {} : { after }) }));
  const written: Cursor[] = [];
  let sealed = START;
  for (let run = 0; run < RUNS; run += 1) {
    const { cursors, head } = await writeRun(store, sessionId, sealed, () => read());
    written.push(...cursors);
    read();
    read(cursors[0]);
    const transcript = JSON.stringify(written);
    const answer = await store.seal(sessionId, { from: sealed, to: head, transcript, trimTo: head });
    assert.equal(answer, 'ok', 'the only sealer seals every run');
    sealed = head;
  }
  for (const answer of await Promise.all(reading)) checkAnswer(answer, written);
}

/** A run of four entries; returns their cursors, the last of which is the log's head. */
async function writeRun(
  store: SessionStore,
  sessionId: string,
  before: Cursor,
  meanwhile: () => void,
): Promise<{ cursors: Cursor[]; head: Cursor }> {
  const input = submitInput();
  assert.equal((await store.submit(sessionId, input)).kind, 'ok');
  const claimed = await store.claim(sessionId, claimInput());
  assert.ok(claimed.kind === 'lease');
  const { fence } = claimed.lease;
  meanwhile();
  const entries = ['"reply"', terminalText(input.runId)];
  assert.deepEqual(await store.finish(sessionId, { fence, seq: 1, entries }), { kind: 'ok', next: 3 });
  const log = await store.read(sessionId, { after: before, limit: 10 });
  assert.ok(log.kind === 'exact');
  return { cursors: log.entries.map(({ id }) => id), head: log.head };
}

function checkAnswer(answer: ReadAnswer, written: readonly Cursor[]): void {
  assert.ok(answer.kind === 'snapshot' || answer.kind === 'exact', `a read answers ${answer.kind}`);
  const ids = answer.entries.map(({ id }) => id);
  if (answer.kind === 'exact') {
    const start = ids[0] === undefined ? written.length : written.indexOf(ids[0]);
    assert.deepEqual(ids, written.slice(start, start + ids.length), 'a read gives what comes next, without a gap');
    return;
  }
  const seen = [...(JSON.parse(answer.transcript) as Cursor[]), ...ids];
  assert.deepEqual(seen, written.slice(0, seen.length), 'a snapshot is a beginning of the conversation');
  assert.equal(answer.head, seen.at(-1) ?? START, 'a snapshot names the head of the log that it shows');
}
