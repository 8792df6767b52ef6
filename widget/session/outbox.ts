import { compareCursors, type Cursor } from '#shared/cursor.ts';
import type { SessionState } from '#shared/fold/session.ts';
import { newId } from '#shared/ids.ts';
import { createProblem, type Problem } from '#shared/problem.ts';
import type { Frame, PromptAnswer } from '#shared/protocol.ts';
import type { Pause } from './backoff.ts';
import type { Credentials } from './credentials.ts';
import { matchFrame, type Submission } from './submission.ts';
import { submitPrompt } from './submit.ts';
import type { Transport } from './transport.ts';
import type { UnsentPrompt } from './types.ts';

export interface OutboxOptions {
  transport: Transport;
  credentials: Credentials;
  pause: Pause;
  /** The place up to which the log has been seen. */
  cursor(): Cursor | null;
  onChange(): void;
  /** An attempt failed and will be retried. The problem is the relay's own; null when no answer came. */
  onFailure(problem: Problem | null): void;
  onAccepted(): void;
  onRefused(problem: Problem): void;
  /** The session is gone. Answers true when nothing is lost, so that the prompt may go into a new one. */
  onOver(problem: Problem): boolean;
  /** A withdrawn prompt has appeared in the log: it was accepted all the same. */
  onWithdrawnSeen(runId: string): void;
}

/** The one prompt that may be on its way, and what became of the last one. */
export interface Outbox {
  readonly submission: Submission | null;
  /** `messageId` is there when the relay may have the prompt although no answer said so. */
  readonly unsent: (UnsentPrompt & { messageId: string | null }) | null;
  /** Resolves to true once the relay has it; to false when it was refused, withdrawn or left. */
  send(text: string | undefined, parentId: string | undefined): Promise<boolean>;
  /** Keeps what is on its way, but does nothing for it until `resume`. */
  suspend(): void;
  resume(): void;
  /** Takes back what the relay has not accepted yet. Answers false when there is nothing to take back. */
  withdraw(): boolean;
  /** Drops everything. With `keepText` the text of a prompt that was on its way is offered as unsent. */
  clear(options: { keepText: boolean }): void;
  forgetUnsent(): void;
  /** To be called with each message of the log and the state after it. */
  see(frame: Frame, session: SessionState): void;
  /** To be called when the line has delivered everything that the log holds. */
  seePing(): void;
}

/** Pings without a prompt that was accepted, after which the relay has lost it (its store came back older). */
const PATIENT_PINGS = 2;

/** An empty outbox. */
export function createOutbox(options: OutboxOptions): Outbox {
  let submission: Submission | null = null;
  let unsent: Outbox['unsent'] = null;
  /** The delivery under way. `seen`: it was ended because the log has shown its success. */
  let delivery: { controller: AbortController; seen: boolean } | null = null;
  /** Id of a prompt that was withdrawn although the relay may have it. */
  let withdrawn: string | null = null;

  function set(next: Submission | null): void {
    submission = next;
    options.onChange();
  }

  function setUnsent(text: string, parentId: string | undefined, messageId: string | null): void {
    unsent = { text, ...(parentId === undefined ? {} : { parentId }), messageId };
  }

  function stopDelivery(): void {
    delivery?.controller.abort();
    delivery = null;
  }

  /** Offers the text of a prompt that came to nothing to the composer. */
  function keepText({ text, parentId, messageId }: Submission, mayBeStored: boolean): void {
    if (text !== undefined) setUnsent(text, parentId, mayBeStored ? messageId : null);
  }

  async function deliver(prompt: Submission, mayStartAnew: boolean): Promise<boolean> {
    const own = { controller: new AbortController(), seen: false };
    delivery = own;
    const { transport, credentials, pause } = options;
    const outcome = await submitPrompt(prompt, {
      transport,
      credentials,
      pause,
      signal: own.controller.signal,
      onFailure(problem) {
        if (submission) set({ ...submission, failures: submission.failures + 1 });
        options.onFailure(problem);
      },
    });
    if (outcome.kind === 'aborted') return own.seen;
    delivery = null;
    if (outcome.kind === 'accepted') {
      accept(prompt, outcome.answer);
      return true;
    }
    if (outcome.kind === 'over' && options.onOver(outcome.problem) && mayStartAnew) return deliver(prompt, false);
    keepText(prompt, outcome.kind === 'refused' && outcome.mayBeStored);
    set(null);
    if (outcome.kind === 'refused') options.onRefused(outcome.problem);
    return false;
  }

  /** Stays pending until the log has brought it, so that it never vanishes from view in between. */
  function accept(prompt: Submission, { runId, cursor: after }: PromptAnswer): void {
    const at = options.cursor();
    const hasArrived = at !== null && compareCursors(at, after) > 0;
    set(hasArrived ? null : { ...prompt, ...submission, accepted: { runId, after, pings: 0 } });
    options.onAccepted();
  }

  function seeWithdrawn({ message }: Frame): void {
    if (message.type !== 'message' || message.message.id !== withdrawn) return;
    withdrawn = null;
    unsent = null;
    options.onChange();
    options.onWithdrawnSeen(message.runId);
  }

  return {
    get submission() {
      return submission;
    },
    get unsent() {
      return unsent;
    },

    async send(text, parentId) {
      if (submission) {
        if (text !== undefined) setUnsent(text, parentId, null);
        options.onChange();
        options.onRefused(createProblem('run-active'));
        return false;
      }
      // The same text after an unclear end keeps its id: the relay then answers with the run that it has.
      const known = unsent && unsent.text === text && unsent.parentId === parentId ? unsent.messageId : null;
      if (known !== null && known === withdrawn) withdrawn = null;
      unsent = null;
      const prompt = { messageId: known ?? newId(), text, parentId, failures: 0, accepted: null, seen: false };
      set(prompt);
      return deliver(prompt, true);
    },

    suspend: stopDelivery,

    resume() {
      if (submission && !submission.accepted && !delivery) void deliver(submission, true);
    },

    withdraw() {
      if (!submission || submission.accepted) return false;
      stopDelivery();
      keepText(submission, true);
      withdrawn = submission.text === undefined ? null : submission.messageId;
      set(null);
      return true;
    },

    clear({ keepText: keep }) {
      stopDelivery();
      withdrawn = null;
      if (!keep) unsent = null;
      else if (submission) keepText(submission, false);
      set(null);
    },

    forgetUnsent() {
      unsent = null;
      options.onChange();
    },

    see(frame, session) {
      seeWithdrawn(frame);
      switch (submission && matchFrame(submission, frame, session)) {
        case 'arrived':
          return set(null);
        case 'shown':
          // As good as an answer to the request, which may be lost.
          if (delivery) delivery.seen = true;
          stopDelivery();
          set(null);
          return options.onAccepted();
        case 'queued':
          return submission && set({ ...submission, seen: true });
      }
    },

    seePing() {
      if (!submission?.accepted) return;
      const { accepted } = submission;
      const pings = accepted.pings + 1;
      if (pings < PATIENT_PINGS) return set({ ...submission, accepted: { ...accepted, pings } });
      // Sent again with its id: a relay that has it after all answers with the same run.
      set({ ...submission, accepted: null });
      void deliver(submission, true);
    },
  };
}
