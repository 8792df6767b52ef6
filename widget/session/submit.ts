import type { Problem } from '#shared/problem.ts';
import type { PromptAnswer } from '#shared/protocol.ts';
import { backoffMs, type Pause } from './backoff.ts';
import { isSessionOver, type Credentials } from './credentials.ts';
import type { PromptInput, Transport } from './transport.ts';

/** Temporary refusals, such as an unreachable store, after which the visitor decides. */
const MAX_REFUSALS = 13;
/** Attempts of a stop, of any outcome: a late stop is worth nothing. */
const MAX_STOPS = 10;

/** How the delivery of a prompt ended. */
export type Delivery =
  | { kind: 'accepted'; answer: PromptAnswer }
  /** `mayBeStored`: an earlier attempt got no clear answer, so the relay may have the prompt all the same. */
  | { kind: 'refused'; problem: Problem; mayBeStored: boolean }
  /** The session is gone, and the prompt was not stored. */
  | { kind: 'over'; problem: Problem }
  | { kind: 'aborted' };

/** What a request to the relay needs. */
export interface Means {
  transport: Transport;
  credentials: Credentials;
  pause: Pause;
  signal: AbortSignal;
}

/**
 * Sends a prompt until there is an answer, with the same `messageId`, so that a lost answer costs no second run. A lost
 * connection is retried without end: a prompt once typed must not be lost.
 */
export async function submitPrompt(
  input: PromptInput,
  { transport, credentials, pause, signal, onFailure }: Means & { onFailure(problem: Problem | null): void },
): Promise<Delivery> {
  let mayBeStored = false;
  for (let failures = 1, refusals = 0; ; failures++) {
    const obtained = await credentials.obtain(signal);
    if (signal.aborted) return { kind: 'aborted' };
    const answer =
      obtained.kind === 'ok' ? await credentials.use(signal, (own) => transport.submit(own, input, signal)) : obtained;
    if (signal.aborted) return { kind: 'aborted' };
    if (answer.kind === 'ok') return { kind: 'accepted', answer: answer.value };

    const problem = answer.kind === 'refused' ? answer.problem : null;
    if (problem) {
      if (isSessionOver(problem)) return { kind: 'over', problem };
      refusals++;
      // A stored prompt is answered before anything else is checked, so a refused one is not stored.
      if (!isTemporary(problem)) return { kind: 'refused', problem, mayBeStored: false };
      if (refusals >= MAX_REFUSALS)
        return { kind: 'refused', problem, mayBeStored: mayBeStored || obtained.kind === 'ok' };
    }
    mayBeStored ||= obtained.kind === 'ok';
    onFailure(problem);
    await pause.wait({ atLeastMs: problem?.retryAfterMs ?? 0, upToMs: backoffMs(failures) }, signal);
  }
}

/** Stops a run, with retries. Answers null once that is settled, `isMoot` included, else why it failed. */
export async function stopRun(
  runId: string,
  { transport, credentials, pause, signal, isMoot }: Means & { isMoot(): boolean },
): Promise<Problem | null> {
  let problem: Problem | null = null;
  for (let tries = 1; tries <= MAX_STOPS && !isMoot() && !signal.aborted; tries++) {
    const answer = await credentials.use(signal, (own) => transport.stop(own, runId, signal));
    if (answer.kind === 'ok' || signal.aborted) return null;
    problem = answer.kind === 'refused' ? answer.problem : null;
    if (problem && !problem.retryable) return problem;
    await pause.wait({ atLeastMs: problem?.retryAfterMs ?? 0, upToMs: backoffMs(tries) }, signal);
  }
  return isMoot() || signal.aborted ? null : problem;
}

/** Whether a retry without the visitor makes sense. A busy session and a rate limit are for the visitor to wait for. */
function isTemporary({ code, retryable }: Problem): boolean {
  return retryable && code !== 'run-active' && code !== 'rate-limited';
}
