import { compareCursors, follows, START } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import { StoreError } from '#relay/store/store-error.ts';
import { until } from '#testkit/wait.ts';
import type { ClaimInput, Lease, LogEntry, SessionStore, SubmitInput } from '#relay/store/session-store.ts';

/** Inputs for a store's port, and ways to read and judge a log through it. */

/** Waits until a store answers: on a busy machine it may not be reachable yet when it is opened. */
export async function untilItAnswers(store: Pick<SessionStore, 'head'>): Promise<void> {
  await until('the store answers', () =>
    store.head(newId()).then(
      () => true,
      (error: unknown) => {
        if (error instanceof StoreError) return false;
        throw error;
      },
    ),
  );
}

/** A prompt to submit. */
export function submitInput(text = 'Hi', runId: string = newId()): SubmitInput {
  const messageId = newId();
  const message = { type: 'message', message: { id: messageId, role: 'user', parts: [{ type: 'text', text }] }, runId };
  return { messageId, hash: text, runId, entries: [JSON.stringify(message)] };
}

/** A claim by a new owner. */
export function claimInput(leaseMs = 2_000): ClaimInput {
  return { token: newId(), owner: 'fault', leaseMs, maxAttempts: 3, takeover: { kind: 'restart' } };
}

/** Submits a prompt and claims its run. @throws Error when either is refused. */
export async function startRun(store: SessionStore, sessionId: string, leaseMs?: number): Promise<Lease> {
  const submitted = await store.submit(sessionId, submitInput());
  if (submitted.kind !== 'ok') throw new Error(`the prompt was not accepted: ${submitted.kind}`);
  return claimRun(store, sessionId, leaseMs);
}

/** Claims the run of a session. @throws Error when there is no lease to get. */
export async function claimRun(store: SessionStore, sessionId: string, leaseMs?: number): Promise<Lease> {
  const answer = await store.claim(sessionId, claimInput(leaseMs));
  if (answer.kind !== 'lease') throw new Error(`the claim got no lease: ${answer.kind}`);
  return answer.lease;
}

/** A text delta, as it is stored. */
export function chunkText(runId: string, text: string): string {
  return JSON.stringify({ type: 'chunk', runId, chunk: { type: 'text-delta', id: '1', delta: text } });
}

/** The chunks of a reply with one text part. */
export function startedRunText(runId: string, text: string): string[] {
  const chunk = (chunk: object): string => JSON.stringify({ type: 'chunk', runId, chunk });
  return [chunk({ type: 'text-start', id: '1' }), chunkText(runId, text), chunk({ type: 'text-end', id: '1' })];
}

/** The terminal entry of a completed run, as it is stored. */
export function completedText(runId: string): string {
  return JSON.stringify({ type: 'metadata', status: 'completed', runId, messageId: runId, attempt: 1, at: 0 });
}

/** Every entry of a log, oldest first. @throws Error when the session is not open. */
export async function readLog(store: Pick<SessionStore, 'read'>, sessionId: string): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (let after = START; ;) {
    const answer = await store.read(sessionId, { after, limit: 1_000 });
    if (answer.kind !== 'exact' && answer.kind !== 'snapshot') throw new Error(`the session is ${answer.kind}`);
    entries.push(...answer.entries);
    const last = answer.entries.at(-1)?.id;
    if (last === undefined || last === answer.head) return entries;
    after = last;
  }
}

/** Judges the order of a log that begins at its start, one sentence for each violation. */
export function checkLog(log: readonly LogEntry[]): string[] {
  const violations: string[] = [];
  let before = START;
  for (const { id, prev } of log) {
    const isNext = follows(before, { id, prev }) && compareCursors(id, before) > 0;
    if (!isNext) violations.push(`${id} (prev ${prev ?? '–'}) does not follow ${before}`);
    before = id;
  }
  return violations;
}

/** Whether a stored entry ends its run. */
export function isTerminalText(data: string): boolean {
  const { type, status } = JSON.parse(data) as { type?: string; status?: string };
  return type === 'metadata' && ['completed', 'cancelled', 'failed'].includes(String(status));
}
