import assert from 'node:assert/strict';
import { vi } from 'vitest';
import { parseCursor, START, type Cursor } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import type { AppendInput, ClaimInput, SubmitInput, Unfollow } from '../../../session-store.ts';
import { CLOCK_SLACK_MS, collectEvents, entriesOf, type StoreHarness } from '../store-harness.ts';
import {
  age,
  headOf,
  isTerminalEntry,
  read,
  runIdOf,
  runOf,
  toModelEntry,
  UNTOUCHED,
  type ModelEntry,
  type SessionModel,
  type World,
} from './session-model.ts';

/** One sequence of commands: the store, the model of each session, and the actors' memory. */
export interface Trial {
  readonly harness: StoreHarness;
  readonly world: World;
  /** What the store draws for the next raise of a fence. */
  readonly dice: { bits: number };
  readonly sessions: TrialSession[];
  /** `performance.now()` at the start: the clocks of some stores run by themselves meanwhile, and no faster. */
  readonly since: number;
}

/** A session of a trial. */
export interface TrialSession {
  readonly id: string;
  readonly model: SessionModel;
  /** Every cursor seen so far, and some that never existed. */
  readonly cursors: Set<Cursor>;
  readonly submits: SubmitInput[];
  readonly cancelTokens: string[];
  readonly actors: readonly Actor[];
  follower: Follower | null;
}

/** A writer, which goes on using its lease however long ago it lost it. */
export interface Actor {
  claim: ClaimInput | null;
  fence: number;
  next: number;
  last: { kind: 'append' | 'finish'; input: AppendInput } | null;
}

interface Follower {
  seen: ReturnType<typeof collectEvents>;
  /** Entries in the log when it began to follow. */
  from: number;
  leave: Unfollow;
}

/** A trial with two untouched sessions. */
export function createTrial(harness: StoreHarness, world: World, dice: Trial['dice']): Trial {
  return { harness, world, dice, sessions: [createSession(), createSession()], since: performance.now() };
}

/** An untouched session with three writers. */
export function createSession(): TrialSession {
  const createActor = (): Actor => ({ claim: null, fence: 0, next: 1, last: null });
  return {
    id: newId(),
    model: UNTOUCHED(),
    cursors: new Set([START, '1-0', '9007199254740991-3']),
    submits: [],
    cancelTokens: [],
    actors: [createActor(), createActor(), createActor()],
    follower: null,
  };
}

/** The newest fence of the store's log. */
export async function currentFence({ harness }: Trial, { id }: TrialSession): Promise<number> {
  const head = await harness.store.head(id);
  return head.kind === 'open' ? (parseCursor(head.head)?.fence ?? 0) : 0;
}

/** Follows the session anew. */
export async function follow(trial: Trial, session: TrialSession): Promise<void> {
  session.follower?.leave();
  const seen = collectEvents();
  const leave = await trial.harness.store.follow(session.id, seen.listener);
  session.follower = { seen, leave, from: session.model.open?.log.length ?? 0 };
}

/** Checks that everything that can be observed of each session is as in the model, and that the invariants hold. */
export async function verify(trial: Trial): Promise<void> {
  const { store } = trial.harness;
  await verifyTake(trial);
  for (const session of trial.sessions) {
    const { id, model } = session;
    age(model, trial.world);
    const head = await store.head(id);
    await verifyFollower(session);
    if (!model.open) {
      assert.deepEqual(head, { kind: model.tombstoneUntil === null ? 'empty' : 'gone' });
      continue;
    }
    const { revoked } = model.open;
    assert.deepEqual(head, { kind: 'open', head: headOf(model.open), run: runOf(model.open), revoked });
    await verifyRead(trial, session, undefined, 1_000);
    await verifyRead(trial, session, START, 1_000);
    checkInvariants(model.open.log, model.open.run?.runId ?? null);
    for (const { fence, seq } of model.open.log) session.cursors.add(`${fence}-${seq}`);
  }
}

/** Checks that `take` lists exactly the due runs, and tells when the next one is due. */
async function verifyTake({ harness, world, sessions, since }: Trial): Promise<void> {
  const { due, nextDueMs } = await harness.store.take(1_000);
  const later: number[] = [];
  for (const { id, model } of sessions) {
    age(model, world);
    const dueAt = model.open?.run?.dueAt ?? null;
    assert.equal(due.includes(id), dueAt !== null && dueAt <= world.now, 'take lists exactly the due runs');
    if (dueAt !== null && dueAt > world.now) later.push(dueAt - world.now);
  }
  if (later.length === 0) {
    assert.equal(nextDueMs, null, 'take names no next run when there is none');
    return;
  }
  const expected = Math.min(...later);
  const passed = performance.now() - since;
  assert.ok(
    nextDueMs !== null && nextDueMs > expected - passed - CLOCK_SLACK_MS && nextDueMs < expected + CLOCK_SLACK_MS,
    `take says that the next run is due in ${nextDueMs} ms and not in ${expected}`,
  );
}

/** Checks that `read` answers as the model does, with the same entries. */
export async function verifyRead(
  { harness }: Trial,
  { id, model }: TrialSession,
  after: Cursor | undefined,
  limit: number,
): Promise<void> {
  const input = { limit, ...(after === undefined ? {} : { after }) };
  const answer = await harness.store.read(id, input);
  const seen = 'entries' in answer ? { ...answer, entries: entriesOf(answer).map(toModelEntry) } : answer;
  assert.deepEqual(seen, read(model, input), `read after ${after}`);
}

/** Checks that a follower was told of everything written since it came, or that the session is gone. */
async function verifyFollower(session: TrialSession): Promise<void> {
  const { follower, model } = session;
  if (!follower) return;
  const { seen, from } = follower;
  const sawSomething = from > 0 || seen.entries.length > 0;
  const compare = () => {
    if (model.open)
      assert.deepEqual(seen.entries.map(toModelEntry), model.open.log.slice(from), 'a follower sees the log');
    else if (sawSomething) assert.ok(seen.gone, 'a follower is told that the session is gone');
  };
  // With most drivers the hints have arrived by now; with others they may take a moment.
  try {
    compare();
  } catch {
    await vi.waitFor(compare);
  }
  if (model.open || (!sawSomething && model.tombstoneUntil === null)) return;
  follower.leave();
  session.follower = null;
}

/** Checks what holds for every log, whatever has happened. */
export function checkInvariants(log: readonly ModelEntry[], activeRunId: string | null): void {
  const ended = new Set<string>();
  let before: ModelEntry | null = null;
  for (const entry of log) {
    const runId = runIdOf(entry);
    assert.ok(!ended.has(runId), 'nothing of a run comes after its terminal message');
    if (isTerminalEntry(entry)) ended.add(runId);
    if (before && entry.fence === before.fence) {
      assert.equal(entry.seq, before.seq + 1, 'no gap within a fence');
      assert.equal(entry.prev, null);
    } else {
      assert.ok(!before || entry.fence > before.fence, 'fences rise');
      assert.equal(entry.seq, 0);
      assert.equal(
        entry.prev,
        before ? `${before.fence}-${before.seq}` : START,
        'a new fence names the cursor before it',
      );
    }
    before = entry;
  }
  for (const entry of log) {
    const runId = runIdOf(entry);
    assert.equal(ended.has(runId), runId !== activeRunId, 'each run but the active one has its terminal message');
  }
}

/** Deletes the sessions, so that no due run is left for the next trial. */
export async function clearUp(trial: Trial): Promise<void> {
  for (const session of trial.sessions) {
    session.follower?.leave();
    await trial.harness.store.delete(session.id);
  }
}
