import { compareCursors, type Cursor } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import { createProblem, type Problem } from '#shared/problem.ts';
import type { Frame } from '#shared/protocol.ts';
import type { SessionState } from '#shared/fold/session.ts';
import type { Pause } from './backoff.ts';
import type { Credentials } from './credentials.ts';
import { submitPrompt } from './submit.ts';
import type { Transport } from './transport.ts';
import type { UnsentPrompt } from './types.ts';

/** A prompt, or with no text the wish for another answer, from its sending until it is part of the conversation. */
export interface Submission {
  messageId: string;
  text: string | undefined;
  parentId: string | undefined;
  /** How often it could not be brought to the relay so far. */
  failures: number;
  /** The run that it started and the place in the log just before it, once the relay has said so. */
  accepted: { runId: string; after: Cursor; pings: number } | null;
  /** What it changes has come over the line, although the relay has not said yet whether it was this. */
  seen: boolean;
}

export interface OutboxOptions {
  transport: Transport;
  credentials: Credentials;
  pause: Pause;
  /** Up to where the log has been seen. */
  cursor(): Cursor | null;
  onChange(): void;
  /** It could not be brought to the relay and will be tried again; the relay's own reason where it gave one. */
  onFailure(problem: Problem | null): void;
  onAccepted(): void;
  onRefused(problem: Problem): void;
  /** The session is gone. True when nothing is lost with it, and the prompt may go into a new one. */
  onOver(problem: Problem): boolean;
  /** A withdrawn prompt has been accepted all the same. */
  onWithdrawnSeen(runId: string): void;
}

/** The one prompt that may be on its way, and what became of the last one. */
export interface Outbox {
  readonly submission: Submission | null;
  /** `messageId` is there when the relay may have the prompt although nobody said so. */
  readonly unsent: (UnsentPrompt & { messageId: string | null }) | null;
  /** Resolves to true once the relay has it, to false when it came to nothing or was left. */
  send(text: string | undefined, parentId: string | undefined): Promise<boolean>;
  /** Keeps what is on its way, but does nothing for it until `resume`. */
  suspend(): void;
  resume(): void;
  /** Takes back what the relay has not accepted yet; false when there is no such thing. */
  withdraw(): boolean;
  /** Leaves it all; the text of a prompt that was on its way stays offered as unsent when asked for. */
  clear(options: { keepText: boolean }): void;
  forgetUnsent(): void;
  /** To be called with each message of the log and the state after it. */
  see(frame: Frame, session: SessionState): void;
  /** To be called when the line says that it has delivered all there is. */
  seePing(): void;
}

/** A relay that says so often 'that is all' without a prompt it had accepted does not have it any more. */
const PATIENT_PINGS = 2;

export function createOutbox(options: OutboxOptions): Outbox {
  let submission: Submission | null = null;
  let unsent: Outbox['unsent'] = null;
  /** The delivery under way. `seen` tells that it was ended because the line has shown its success. */
  let delivery: { controller: AbortController; seen: boolean } | null = null;
  /** The id of a prompt that was withdrawn although the relay may have it. */
  let withdrawn: string | null = null;

  function set(next: Submission | null): void {
    submission = next;
    options.onChange();
  }

  function stopDelivery(): void {
    delivery?.controller.abort();
    delivery = null;
  }

  /** Puts the text of what came to nothing where the composer finds it. */
  function keepText({ text, parentId, messageId }: Submission, mayBeStored: boolean): void {
    if (text === undefined) return;
    unsent = { text, ...(parentId === undefined ? {} : { parentId }), messageId: mayBeStored ? messageId : null };
  }

  async function deliver(asked: Submission, mayStartAnew: boolean): Promise<boolean> {
    const own = { controller: new AbortController(), seen: false };
    delivery = own;
    const { transport, credentials, pause } = options;
    const outcome = await submitPrompt(asked, {
      ...{ transport, credentials, pause, signal: own.controller.signal },
      onFailure(problem) {
        if (submission) set({ ...submission, failures: submission.failures + 1 });
        options.onFailure(problem);
      },
    });
    if (outcome.kind === 'aborted') return own.seen;
    delivery = null;
    if (outcome.kind === 'accepted') {
      const { runId, cursor: after } = outcome.answer;
      const at = options.cursor();
      // Kept on view until the line has brought it, so that it never vanishes in between.
      set(
        at !== null && compareCursors(at, after) > 0
          ? null
          : { ...asked, ...submission, accepted: { runId, after, pings: 0 } },
      );
      options.onAccepted();
      return true;
    }
    if (outcome.kind === 'over' && options.onOver(outcome.problem) && mayStartAnew) return deliver(asked, false);
    keepText(asked, outcome.kind === 'refused' && outcome.mayBeStored);
    set(null);
    if (outcome.kind === 'refused') options.onRefused(outcome.problem);
    return false;
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
        if (text !== undefined) unsent = { text, ...(parentId === undefined ? {} : { parentId }), messageId: null };
        options.onChange();
        options.onRefused(createProblem('run-active'));
        return false;
      }
      // The same again after an unclear end is the same prompt: the relay answers it with the run that it has.
      const known = unsent && unsent.text === text && unsent.parentId === parentId ? unsent.messageId : null;
      if (known !== null && known === withdrawn) withdrawn = null;
      unsent = null;
      const asked = { messageId: known ?? newId(), text, parentId, failures: 0, accepted: null, seen: false };
      set(asked);
      return deliver(asked, true);
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

    see({ id, message }, session) {
      if (message.type === 'message' && message.message.id === withdrawn) {
        withdrawn = null;
        unsent = null;
        options.onChange();
        options.onWithdrawnSeen(message.runId);
      }
      if (!submission) return;
      const { accepted, messageId, parentId } = submission;
      if (accepted) {
        if (compareCursors(id, accepted.after) > 0) set(null);
      } else if (session.messages.some((shown) => shown.id === messageId)) {
        // Its own message is as good as an answer to the request, which may be lost.
        if (delivery) delivery.seen = true;
        stopDelivery();
        set(null);
        options.onAccepted();
      } else if (message.type === 'metadata' && message.status === 'queued' && message.parentId === parentId) {
        set({ ...submission, seen: true });
      }
    },

    seePing() {
      if (!submission?.accepted) return;
      const { accepted } = submission;
      const pings = accepted.pings + 1;
      if (pings < PATIENT_PINGS) return set({ ...submission, accepted: { ...accepted, pings } });
      // Its store has lost its end. Sent again it is the same prompt for a relay that has it after all.
      set({ ...submission, accepted: null });
      void deliver(submission, true);
    },
  };
}
