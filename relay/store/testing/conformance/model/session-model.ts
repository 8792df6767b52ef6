import { compareCursors, formatCursor, parseCursor, START, type Cursor } from '#shared/cursor.ts';
import { isTerminal, type ActiveRun } from '#shared/protocol.ts';
import type {
  AppendInput,
  CancelInput,
  ClaimInput,
  LogEntry,
  RateAnswer,
  RateInput,
  ReadInput,
  ReleaseInput,
  SealInput,
  SubmitInput,
} from '../../../session-store.ts';

/**
 * The behaviour of one session, stated a second time and as plainly as possible: arrays, nothing cached, nothing fast.
 *
 * Fences depend on the store's clock, so each operation that may raise the fence is told the store's fence afterwards.
 * Whether it was raised when it should be, and by enough, is checked with the answers. Messages that stores write
 * themselves are compared without their times.
 */
export interface SessionModel {
  /** Null: never written, or forgotten. */
  open: OpenSession | null;
  /** The session is gone, and is remembered until then. */
  tombstoneUntil: number | null;
}

interface OpenSession {
  log: ModelEntry[];
  /** Number of entries that were trimmed. */
  trimmed: number;
  sealed: { to: Cursor; transcript: string };
  run: ModelRun | null;
  prompts: Map<string, { hash: string; runId: string; cursor: Cursor }>;
  cancels: Map<string, string>;
  ended: { token: string; reason: string } | null;
  feedback: Record<string, string>;
  revoked: number;
  expiresAt: number;
}

/** An entry of the model's log. */
export interface ModelEntry {
  fence: number;
  seq: number;
  prev: Cursor | null;
  /** JSON text of the message; for messages of the store itself, the message without its time. */
  data: string | Record<string, unknown>;
}

interface ModelRun {
  runId: string;
  before: Cursor;
  status: ActiveRun['status'];
  attempt: number;
  state: 'queued' | 'leased' | 'hand-over' | 'retry';
  handOvers: number;
  dueAt: number;
  token: string;
  reset: boolean;
  turns: number;
  journal: Record<string, string>;
}

/** The model's time, and the options that the store was opened with. */
export interface World {
  now: number;
  ttlMs: number;
  maxTranscriptBytes: number;
}

/** A session that was never written. */
export const UNTOUCHED = (): SessionModel => ({ open: null, tombstoneUntil: null });

/** What the passing of time changes. */
export function age(model: SessionModel, { now, ttlMs }: World): void {
  if (model.open && !model.open.run && model.open.expiresAt <= now) {
    model.tombstoneUntil = model.open.expiresAt + 2 * ttlMs;
    model.open = null;
  }
  if (model.tombstoneUntil !== null && model.tombstoneUntil <= now) model.tombstoneUntil = null;
}

/** The cursor of the last entry. */
export function headOf(session: OpenSession): Cursor {
  const last = session.log.at(-1);
  return last ? formatCursor(last.fence, last.seq) : START;
}

/** The active run as readers see it. */
export function runOf({ run }: OpenSession): ActiveRun | null {
  return run && { runId: run.runId, messageId: run.runId, status: run.status, attempt: run.attempt };
}

function write(session: OpenSession, fence: number, data: ModelEntry['data']): void {
  const seq = session.log.filter((entry) => entry.fence === fence).length;
  session.log.push({ fence, seq, prev: seq === 0 ? headOf(session) : null, data });
}

function nextSeq(session: OpenSession): number {
  const fence = session.log.at(-1)?.fence;
  return session.log.filter((entry) => entry.fence === fence).length;
}

/** Every write but an append prolongs the session; the end counts only while no run is active. */
function touch(session: OpenSession, world: World): void {
  session.expiresAt = world.now + world.ttlMs;
}

/** See `SessionStore.submit`. */
export function submit(model: SessionModel, world: World, input: SubmitInput, fence: number): unknown {
  if (model.tombstoneUntil !== null) return { kind: 'gone' };
  const session = model.open;
  const known = session?.prompts.get(input.messageId);
  if (known) {
    return known.hash === input.hash
      ? { kind: 'same', cursor: known.cursor, runId: known.runId }
      : { kind: 'mismatch' };
  }
  if (session?.run) return { kind: 'active', runId: session.run.runId };
  if (session && Buffer.byteLength(session.sealed.transcript) >= world.maxTranscriptBytes) return { kind: 'full' };
  const before = session ? headOf(session) : START;
  if (input.expect !== undefined && input.expect !== before) return { kind: 'moved' };
  if (input.dryRun) return { kind: 'ok', cursor: before };

  const open: OpenSession = session ?? {
    log: [],
    trimmed: 0,
    sealed: { to: START, transcript: '[]' },
    run: null,
    prompts: new Map(),
    cancels: new Map(),
    ended: null,
    feedback: {},
    revoked: 0,
    expiresAt: 0,
  };
  model.open = open;
  for (const entry of input.entries) write(open, fence, entry);
  open.prompts.set(input.messageId, { hash: input.hash, runId: input.runId, cursor: before });
  open.ended = null;
  open.run = {
    runId: input.runId,
    before,
    status: 'queued',
    attempt: 1,
    state: 'queued',
    handOvers: 0,
    dueAt: world.now,
    token: '',
    reset: true,
    turns: 0,
    journal: {},
  };
  return { kind: 'ok', cursor: before };
}

/** Without `dueAt`, which is a time of the store's own clock. */
export function claim(model: SessionModel, world: World, input: ClaimInput, fence: number): unknown {
  const session = model.open;
  if (!session) return { kind: 'none' };
  const { run } = session;
  if (!run)
    return session.ended?.token === input.token ? { kind: 'ended', reason: session.ended.reason } : { kind: 'closed' };
  const lease = () => ({
    kind: 'lease',
    lease: {
      fence: session.log.at(-1)?.fence,
      runId: run.runId,
      attempt: run.attempt,
      next: nextSeq(session),
      head: headOf(session),
      journal: run.journal,
      turns: run.turns,
      reset: run.reset,
    },
  });
  if (run.token === input.token && run.state === 'leased') return lease();
  if (run.token === input.token || run.dueAt > world.now) return { kind: 'owned' };

  const counts = run.state === 'leased' || run.state === 'retry' || (run.state === 'hand-over' && run.handOvers > 10);
  const attempt = run.attempt + (counts ? 1 : 0);
  const interrupted = run.state === 'leased' || run.state === 'hand-over';
  const reason =
    attempt > input.maxAttempts
      ? 'attempts-exhausted'
      : input.takeover.kind === 'fail' && interrupted
        ? 'interrupted'
        : null;
  if (reason) {
    write(session, fence, { type: 'error', runId: run.runId, code: reason });
    write(session, fence, metadata(run, 'failed'));
    close(session, world);
    session.ended = { token: input.token, reason };
    return { kind: 'ended', reason };
  }
  run.reset =
    run.state === 'queued' || !(input.takeover.kind === 'continue' && input.takeover.head === headOf(session));
  run.status = run.state === 'queued' ? 'started' : 'restarted';
  run.attempt = attempt;
  const message = metadata(run, run.status);
  write(
    session,
    fence,
    run.status === 'restarted' && run.reset ? { ...message, reset: true, steps: run.turns } : message,
  );
  run.state = 'leased';
  run.token = input.token;
  run.dueAt = world.now + input.leaseMs;
  return lease();
}

function metadata(run: ModelRun, status: string): Record<string, unknown> {
  return { type: 'metadata', status, runId: run.runId, messageId: run.runId, attempt: run.attempt };
}

function close(session: OpenSession, world: World): void {
  session.run = null;
  session.ended = null;
  touch(session, world);
}

type Judged = { kind: 'none' | 'closed' | 'fenced' } | { kind: 'held'; session: OpenSession; run: ModelRun };

function judge(model: SessionModel, fence: number): Judged {
  const session = model.open;
  if (!session) return { kind: 'none' };
  if (!session.run) return { kind: 'closed' };
  const held = session.run.state !== 'queued' && session.log.at(-1)?.fence === fence;
  return held ? { kind: 'held', session, run: session.run } : { kind: 'fenced' };
}

/** See `SessionStore.renew`. */
export function renew(model: SessionModel, world: World, input: { fence: number; leaseMs: number }): unknown {
  const judged = judge(model, input.fence);
  if (judged.kind !== 'held') return judged;
  if (judged.run.state !== 'leased') return { kind: 'fenced' };
  judged.run.dueAt = world.now + input.leaseMs;
  return { kind: 'ok' };
}

/** See `SessionStore.release`. */
export function release(model: SessionModel, world: World, input: ReleaseInput): unknown {
  const judged = judge(model, input.fence);
  if (judged.kind !== 'held') return judged;
  const { run } = judged;
  if (run.state === 'leased') {
    run.state = input.as;
    if (input.as === 'hand-over') run.handOvers += 1;
    run.dueAt = world.now + input.delayMs;
  }
  return { kind: 'ok' };
}

/** Are all of these entries in the log, under its newest fence? */
function landed(session: OpenSession, input: AppendInput): boolean {
  return session.log.at(-1)?.fence === input.fence && input.seq + input.entries.length <= nextSeq(session);
}

/** See `SessionStore.append`. */
export function append(model: SessionModel, input: AppendInput): unknown {
  const judged = judge(model, input.fence);
  if (judged.kind === 'closed' && model.open && landed(model.open, input))
    return { kind: 'duplicate', next: nextSeq(model.open) };
  if (judged.kind !== 'held') return judged;
  const { session, run } = judged;
  const next = nextSeq(session);
  const { step } = input;
  const isNews = step !== undefined && !Object.hasOwn(run.journal, step.name);
  const saysSomething = input.entries.length > 0 || step !== undefined;
  if (landed(session, input) && !isNews && saysSomething) return { kind: 'duplicate', next };
  if (run.state !== 'leased') return { kind: 'fenced' };
  if (input.seq > next) return { kind: 'gap', next };
  for (const entry of input.entries.slice(next - input.seq)) write(session, input.fence, entry);
  if (step && isNews) {
    run.journal = { ...run.journal, [step.name]: step.result };
    run.turns = step.turns ?? run.turns;
  }
  return { kind: 'ok', next: nextSeq(session) };
}

/** See `SessionStore.finish`. */
export function finish(model: SessionModel, world: World, input: AppendInput): unknown {
  const judged = judge(model, input.fence);
  if (judged.kind === 'closed' && model.open && landed(model.open, input))
    return { kind: 'duplicate', next: nextSeq(model.open) };
  if (judged.kind !== 'held') return judged;
  const { session, run } = judged;
  if (run.state !== 'leased') return { kind: 'fenced' };
  if (input.seq !== nextSeq(session)) return { kind: 'gap', next: nextSeq(session) };
  for (const entry of input.entries) write(session, input.fence, entry);
  close(session, world);
  return { kind: 'ok', next: nextSeq(session) };
}

/** See `SessionStore.cancel`. */
export function cancel(model: SessionModel, world: World, input: CancelInput, fence: number): unknown {
  if (model.tombstoneUntil !== null) return { kind: 'gone' };
  const session = model.open;
  if (!session) return { kind: 'none' };
  const known = session.cancels.get(input.token);
  if (known !== undefined) return { kind: 'ok', runId: known };
  const { run } = session;
  if (!run || (input.runId !== undefined && input.runId !== run.runId)) return { kind: 'none' };
  write(session, fence, metadata(run, 'cancelled'));
  session.cancels.set(input.token, run.runId);
  close(session, world);
  return { kind: 'ok', runId: run.runId };
}

/** See `SessionStore.seal`. */
export function seal(model: SessionModel, world: World, input: SealInput): 'ok' | 'stale' {
  const session = model.open;
  if (!session) return 'stale';
  const end = session.run ? session.run.before : headOf(session);
  const fits =
    input.from === session.sealed.to && compareCursors(input.from, input.to) < 0 && compareCursors(input.to, end) <= 0;
  const { fence, seq } = parseCursor(input.to) ?? { fence: 0, seq: 0 };
  const isThere = session.log.slice(session.trimmed).some((entry) => entry.fence === fence && entry.seq >= seq);
  if (!fits || !isThere) return 'stale';
  session.sealed = { to: input.to, transcript: input.transcript };
  const trimTo = compareCursors(input.trimTo, input.to) < 0 ? input.trimTo : input.to;
  session.trimmed = Math.max(session.trimmed, session.log.filter((entry) => !isAfter(entry, trimTo)).length);
  touch(session, world);
  return 'ok';
}

/** See `SessionStore.rate`. */
export function rate(model: SessionModel, world: World, { messageId, feedback }: RateInput): RateAnswer {
  if (model.tombstoneUntil !== null) return 'gone';
  const session = model.open;
  if (!session) return 'none';
  if (![...session.prompts.values()].some(({ runId }) => runId === messageId)) return 'unknown';
  if (session.run?.runId === messageId) return 'active';
  const { [messageId]: _, ...others } = session.feedback;
  session.feedback = feedback === null ? others : { ...others, [messageId]: feedback };
  touch(session, world);
  return 'ok';
}

/** See `SessionStore.revoke`. */
export function revoke(model: SessionModel, world: World): 'ok' | 'none' | 'gone' {
  if (model.tombstoneUntil !== null) return 'gone';
  if (!model.open) return 'none';
  model.open.revoked += 1;
  touch(model.open, world);
  return 'ok';
}

/** See `SessionStore.delete`. */
export function erase(model: SessionModel, { now, ttlMs }: World): void {
  if (model.tombstoneUntil !== null) return;
  model.open = null;
  model.tombstoneUntil = now + 2 * ttlMs;
}

/** The answer to `read`. Messages of the store itself come without their times. */
export function read(model: SessionModel, input: ReadInput): unknown {
  if (model.tombstoneUntil !== null) return { kind: 'gone' };
  const session = model.open;
  if (!session) return { kind: 'empty' };
  const { after, limit } = input;
  const view = { head: headOf(session), run: runOf(session) };
  const kept = session.log.slice(session.trimmed);
  if (after !== undefined) {
    const rest = kept.filter((entry) => isAfter(entry, after));
    // The cursor is a position in this very log, and the entry after it was not trimmed.
    const place = [START, ...session.log.map(({ fence, seq }) => formatCursor(fence, seq))].indexOf(after);
    const isExact = place === session.log.length || (place >= session.trimmed && place !== -1);
    if (isExact) return { kind: 'exact', entries: rest.slice(0, limit), ...view };
  }
  const { to: cursor, transcript } = session.sealed;
  const entries = kept.filter((entry) => isAfter(entry, cursor)).slice(0, limit);
  return { kind: 'snapshot', transcript, feedback: session.feedback, cursor, entries, ...view };
}

function isAfter({ fence, seq }: ModelEntry, cursor: Cursor): boolean {
  const at = parseCursor(cursor);
  return at !== null && (fence > at.fence || (fence === at.fence && seq > at.seq));
}

/** An entry of the store in the model's terms. */
export function toModelEntry(entry: LogEntry): ModelEntry {
  const at = parseCursor(entry.id);
  return {
    fence: at?.fence ?? Number.NaN,
    seq: at?.seq ?? Number.NaN,
    prev: entry.prev ?? null,
    data: withoutTime(entry.data),
  };
}

function withoutTime(data: string): ModelEntry['data'] {
  const message = JSON.parse(data) as Record<string, unknown> | string;
  if (typeof message === 'string' || !('type' in message) || 'written' in message) return data;
  if (message['type'] === 'error') {
    const problem = message['problem'] as { code: string };
    return { type: 'error', runId: message['runId'], code: problem.code };
  }
  const { at: _, ...rest } = message;
  return rest;
}

/** Does the entry end its run? */
export function isTerminalEntry({ data }: ModelEntry): boolean {
  const message = typeof data === 'string' ? (JSON.parse(data) as Record<string, unknown>) : data;
  return message['type'] === 'metadata' && isTerminal(String(message['status']));
}

/** The run of an entry. */
export function runIdOf({ data }: ModelEntry): string {
  const message = typeof data === 'string' ? (JSON.parse(data) as Record<string, unknown>) : data;
  return String(message['runId']);
}
