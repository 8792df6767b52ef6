import type { Problem } from '#shared/problem.ts';
import type { PromptAnswer } from '#shared/protocol.ts';
import { backoffMs, type Pause } from './backoff.ts';
import { isSessionOver, type Credentials } from './credentials.ts';
import type { PromptInput, Transport } from './transport.ts';

/** After so many refusals that may pass, such as a store that cannot be reached, the visitor decides. */
const MOST_REFUSALS = 13;
/** The same for a stop, where each try counts: it says nothing any more when it comes late. */
const MOST_STOPS = 10;

export type Delivery =
  | { kind: 'accepted'; answer: PromptAnswer }
  /** `mayBeStored`: an earlier try found no clear answer, and the relay may have the prompt all the same. */
  | { kind: 'refused'; problem: Problem; mayBeStored: boolean }
  /** The session is gone, and the prompt was not stored. */
  | { kind: 'over'; problem: Problem }
  | { kind: 'aborted' };

/** What a request to the relay takes. */
export interface Means {
  transport: Transport;
  credentials: Credentials;
  pause: Pause;
  signal: AbortSignal;
}

/**
 * Brings a prompt to the relay: asked again with the same `messageId` until there is an answer, so that a lost one
 * costs no second run. A lost line is waited for without end, since a prompt once typed is not to be lost.
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
      // The same id again is answered with what is stored before anything else is judged: this one is not.
      if (!mayPass(problem)) return { kind: 'refused', problem, mayBeStored: false };
      if (refusals >= MOST_REFUSALS)
        return { kind: 'refused', problem, mayBeStored: mayBeStored || obtained.kind === 'ok' };
    }
    mayBeStored ||= obtained.kind === 'ok';
    onFailure(problem);
    await pause.wait({ atLeastMs: problem?.retryAfterMs ?? 0, upToMs: backoffMs(failures) }, signal);
  }
}

/** Stops a run. Answers null once that is settled, `isMoot` included, else why it could not be done. */
export async function stopRun(
  runId: string,
  { transport, credentials, pause, signal, isMoot }: Means & { isMoot(): boolean },
): Promise<Problem | null> {
  let problem: Problem | null = null;
  for (let tries = 1; tries <= MOST_STOPS && !isMoot() && !signal.aborted; tries++) {
    const answer = await credentials.use(signal, (own) => transport.stop(own, runId, signal));
    if (answer.kind === 'ok' || signal.aborted) return null;
    problem = answer.kind === 'refused' ? answer.problem : null;
    if (problem && !problem.retryable) return problem;
    await pause.wait({ atLeastMs: problem?.retryAfterMs ?? 0, upToMs: backoffMs(tries) }, signal);
  }
  return isMoot() || signal.aborted ? null : problem;
}

/** Whether asking again by itself makes sense. A busy session and a rate limit are the visitor's to wait for. */
function mayPass({ code, retryable }: Problem): boolean {
  return retryable && code !== 'run-active' && code !== 'rate-limited';
}
