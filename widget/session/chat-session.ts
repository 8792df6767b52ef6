import { EMPTY_SESSION } from '#shared/fold/session.ts';
import { createProblem } from '#shared/problem.ts';
import type { ChatMessage } from '#shared/protocol.ts';
import { createPause } from './backoff.ts';
import { createConversation, type Conversation } from './conversation.ts';
import { createCredentials, isSessionOver } from './credentials.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { createPageLifecycle } from './page-lifecycle.ts';
import { createRatings, withRatings, type Ratings } from './ratings.ts';
import { NO_RECOVERY } from './recovery.ts';
import { createStopper } from './stopper.ts';
import type { Means } from './submit.ts';
import { createTransport } from './transport.ts';
import type { ChatSession, ChatSessionOptions, LifecycleEvent } from './types.ts';
import { isForLater } from './view.ts';
import { createViewState, type ViewState } from './view-state.ts';

/** Code of a rating that the relay has no answer for. Not one of the relay's: there 404 means more. */
const NOT_RATED = 'not-rated';

/** Time hidden after which the line may have died without a sign, as in a frozen page, in ms. */
const AWAY_MS = 5_000;
/** Silence after which the line of a page that was away is replaced, in ms. */
const AWAY_DOUBT_MS = 1_000;

/**
 * One conversation with a relay: sends prompts, follows the log over any number of connections, and shows everything as
 * one value. Nothing happens before `open` (or the first prompt). No method rejects.
 *
 * @example
 * const relay = 'https://chat.example.com';
 * const chat = createChatSession({ relay, storage: createCredentialStorage({ kind: 'local', relay }) });
 * chat.subscribe(({ messages, status }) => render(messages, status));
 * chat.open();
 * await chat.send('Hello');
 */
export function createChatSession(options: ChatSessionOptions): ChatSession {
  const { relay, storage, lifecycle = createPageLifecycle() } = options;
  const transport = createTransport({ relay, fetch: options.fetch });
  const credentials = createCredentials({ storage, transport });
  const means = { transport, credentials, pause: createPause() };
  const state = createViewState(lifecycle.online);
  /** Undoes what `open` has done; null while closed. */
  let undoOpen: (() => void) | null = null;
  /** When the page was hidden, ms since the epoch; null while it is shown. */
  let hiddenAt: number | null = null;
  /** The session that the storage named when this was closed. */
  let storedAtClose: string | null = null;

  const outbox: Outbox = openOutbox(
    state,
    means,
    () => conversation,
    (runId) => void stopper.stop(runId),
  );
  const conversation: Conversation = createConversation({
    ...{ state, transport, credentials, lifecycle, outbox },
    isOpen: () => undoOpen !== null,
  });
  const ratings = openRatings(state, means, conversation);
  const stopper = createStopper({ ...means, state, conversation });

  /** Another tab has begun a session, left it, or renewed its token: this one does the same. */
  function onStored(): void {
    const stored = storage.read();
    const own = credentials.current;
    if (stored && stored.sessionId === own?.sessionId) credentials.adopt(stored);
    else if (stored && stored.sessionId !== credentials.endedSessionId && (own || !state.model.submission)) {
      conversation.leave({ keepText: true, next: stored });
    } else if (!stored && own) conversation.leave({ keepText: true, next: null });
  }

  function onLifecycle(event: LifecycleEvent): void {
    const wasAway = event === 'shown' && hiddenAt !== null && Math.abs(Date.now() - hiddenAt) >= AWAY_MS;
    if (event === 'hidden') hiddenAt ??= Date.now();
    if (event === 'shown') hiddenAt = null;
    const { online } = lifecycle;
    // Nothing has arrived since the browser reported that the network is gone: the connection may be dead.
    const isDoubtful = !state.model.reachable;
    if (event === 'online' || event === 'offline') state.set({ online, reachable: event === 'online' });
    conversation.reviewLine();
    if (event === 'online' || event === 'shown') {
      means.pause.wake();
      if (event === 'online' && isDoubtful) conversation.hurry(0);
      else conversation.hurry(event === 'shown' && wasAway ? AWAY_DOUBT_MS : undefined);
    }
  }

  function open(): void {
    if (undoOpen) return;
    const unsubscribes = [lifecycle.subscribe(onLifecycle), storage.subscribe(onStored)];
    undoOpen = () => {
      for (const unsubscribe of unsubscribes) unsubscribe();
    };
    state.set({ online: lifecycle.online, reachable: true });
    state.startClock();
    const stored = storage.read();
    const own = credentials.current;
    if (stored && stored.sessionId !== own?.sessionId && stored.sessionId !== credentials.endedSessionId) {
      conversation.leave({ keepText: true, next: stored });
    } else if (!stored && own && storedAtClose === own.sessionId) {
      // Another tab has begun a new chat meanwhile.
      conversation.leave({ keepText: true, next: null });
    } else conversation.follow();
    outbox.resume();
  }

  function close(): void {
    if (!undoOpen) return;
    undoOpen();
    undoOpen = null;
    storedAtClose = storage.read()?.sessionId ?? null;
    state.stopClock();
    outbox.suspend();
    conversation.close();
  }

  async function submit(text: string | undefined, parentId: string | undefined): Promise<boolean> {
    open();
    if (state.model.readOnly) {
      state.report(createProblem('read-only'));
      return false;
    }
    // An ended conversation stays on view until here. The new session knows nothing of it.
    if (state.model.ended) state.set({ ended: false, session: EMPTY_SESSION, recovery: NO_RECOVERY });
    state.report(null);
    return outbox.send(text, parentId);
  }

  async function regenerate(messageId?: string): Promise<boolean> {
    const { session, ended } = state.model;
    const prompt = session.messages.findLast(
      ({ id, role }) => role === 'user' && (messageId === undefined || id === messageId),
    );
    if (!prompt) return false;
    if (ended) {
      state.report(createProblem('session-expired'));
      return false;
    }
    return submit(undefined, prompt.id);
  }

  return {
    get view() {
      return state.view;
    },
    subscribe: state.subscribe,
    get credentials() {
      return credentials.current;
    },
    open,
    close,
    send: async (text, { parentId } = {}) => text.trim() !== '' && submit(text, parentId),
    regenerate,

    async retry() {
      const { unsent, ended, session, line } = state.model;
      if (unsent) return submit(unsent.text, unsent.parentId);
      if (line.phase === 'refused' || line.phase === 'waiting') {
        state.report(null);
        conversation.reviewLine();
        conversation.hurry();
        return true;
      }
      return !ended && !session.run && isUnanswered(session.messages) && regenerate();
    },

    async stop() {
      // The request of a withdrawn prompt may have arrived: then it appears in the log, and its run is stopped.
      if (state.model.readOnly) return;
      if (outbox.withdraw()) return conversation.follow();
      const { session, submission } = state.model;
      const runId = session.run?.runId ?? submission?.accepted?.runId;
      if (runId !== undefined) await stopper.stop(runId);
    },

    async rate(messageId, rating, comment) {
      const { session, ended, readOnly } = state.model;
      const isKnown = session.messages.some(({ id, role }) => id === messageId && role === 'assistant');
      if (!isKnown || ended || readOnly) return false;
      return ratings.rate(messageId, rating && { rating, ...(comment === undefined ? {} : { comment }) });
    },

    newChat() {
      conversation.leave({ keepText: false, next: null });
      storage.write(null);
    },

    dismiss() {
      outbox.forgetUnsent();
      state.report(null);
    },

    join(next) {
      storage.write(next);
      open();
      if (next.sessionId === credentials.current?.sessionId) credentials.adopt(next);
      else conversation.leave({ keepText: false, next });
    },
  };
}

type Requests = Omit<Means, 'signal'>;

/** The outbox, with everything that its news mean for view and connection. */
function openOutbox(
  state: ViewState,
  means: Requests,
  conversation: () => Conversation,
  stop: (runId: string) => void,
): Outbox {
  const outbox = createOutbox({
    ...means,
    cursor: () => conversation().cursor,
    onChange: () => state.set({ submission: outbox.submission, unsent: outbox.unsent }),
    onFailure(problem) {
      if (problem) state.set({ reachable: true });
      else state.noteNoAnswer();
      state.report(problem && isForLater(problem) ? problem : null);
      // It may have been stored all the same, and then the log is the first to show it.
      conversation().follow();
    },
    onAccepted() {
      state.report(null);
      state.set({ reachable: true });
      conversation().follow();
      // The follower may have been told that there is nothing yet, or be waiting after a failure.
      conversation().hurry();
    },
    onRefused: state.report,
    onOver(problem) {
      const isBlank = state.model.session.messages.length === 0;
      if (isBlank) conversation().abandon();
      else conversation().end(problem);
      return isBlank;
    },
    onWithdrawnSeen: stop,
  });
  return outbox;
}

/** The ratings, with everything that their news mean for the view. */
function openRatings(state: ViewState, means: Requests, conversation: Conversation): Ratings {
  const ratings = createRatings({
    ...means,
    untilLeft: () => conversation.untilLeft,
    untilClosed: () => conversation.untilClosed,
    onChange: () => state.set({ ratings: ratings.pending }),
    onStored(messageId, feedback) {
      const { session } = state.model;
      const messages = withRatings(session.messages, new Map([[messageId, feedback]]));
      state.set({ session: { ...session, messages } });
    },
    onRefused(problem) {
      if (problem.code === 'session-expired') conversation.end(problem);
      // 404 says that there is no such answer, and nothing about the session.
      else state.report(isSessionOver(problem) ? { ...problem, code: NOT_RATED } : problem);
    },
  });
  return ratings;
}

/** Whether the last prompt has no complete answer: none at all, or one that failed or was stopped. */
function isUnanswered(messages: readonly ChatMessage[]): boolean {
  const last = messages.at(-1);
  if (last?.role !== 'assistant') return last !== undefined;
  const status = last.metadata?.run?.status;
  return status === 'failed' || status === 'cancelled';
}
