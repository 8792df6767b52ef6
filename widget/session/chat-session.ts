import { createProblem, type Problem } from '#shared/problem.ts';
import type { ChatMessage, Frame } from '#shared/protocol.ts';
import { EMPTY_SESSION, reduce } from '#shared/fold/session.ts';
import { createPause } from './backoff.ts';
import { createCredentials, isSessionOver } from './credentials.ts';
import { createFollow, LINE_OFF, type Follow } from './follow.ts';
import { createLineKeeper } from './line-keeper.ts';
import { createNotifier } from './notifier.ts';
import { createOutbox } from './outbox.ts';
import { createPageLifecycle } from './page-lifecycle.ts';
import { createRatings, withRatings } from './ratings.ts';
import { readToken } from './read-token.ts';
import { NO_RECOVERY, trackRecovery } from './recovery.ts';
import { stopRun } from './submit.ts';
import { createTransport } from './transport.ts';
import type { ChatSession, ChatSessionOptions, LifecycleEvent, SessionCredentials } from './types.ts';
import { isForLater, viewOf, type Model } from './view.ts';

/** Said of a rating that the relay has no answer for. Not in its table: there it means more. */
const NOT_RATED = 'not-rated';

/** What a conversation begins with. */
const EMPTY: Omit<Model, 'online' | 'reachable'> = {
  sessionId: null,
  session: EMPTY_SESSION,
  recovery: NO_RECOVERY,
  line: LINE_OFF,
  caughtUp: false,
  submission: null,
  unsent: null,
  problem: null,
  retryAt: null,
  stoppingRunId: null,
  ratings: new Map(),
  readOnly: false,
  restoring: false,
  ended: false,
};

/**
 * One conversation with a relay: sends prompts, follows the log over any number of connections, and shows it all as
 * one value. Nothing happens before `open` (or the first prompt).
 */
export function createChatSession(options: ChatSessionOptions): ChatSession {
  const { relay, storage, lifecycle = createPageLifecycle() } = options;
  const transport = createTransport({ relay, fetch: options.fetch });
  const credentials = createCredentials({ storage, transport });
  const pause = createPause();
  const notifier = createNotifier(() => viewOf(model));

  let model: Model = { ...EMPTY, online: lifecycle.online, reachable: true };
  let follow: Follow | null = null;
  /** Aborts what the conversation of the moment has under way besides its line and its prompt. */
  let actions = new AbortController();
  /** Aborts when its session is left, and not when only its view is closed. */
  let stay = new AbortController();
  /** Undoes what `open` has done; null while closed. */
  let undoOpen: (() => void) | null = null;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  /** What the storage named when this was closed. */
  let storedAtClose: string | null = null;

  const keeper = createLineKeeper({
    lifecycle,
    follow: () => (undoOpen ? follow : null),
    isBusy: () =>
      model.session.run !== null || model.submission !== null || (model.line.phase === 'up' && !model.caughtUp),
  });

  const outbox = createOutbox({
    ...{ transport, credentials, pause },
    cursor: () => follow?.cursor ?? null,
    onChange: () => set({ submission: outbox.submission, unsent: outbox.unsent }),
    onTrouble(problem) {
      if (problem) set({ reachable: true });
      else noteSilence();
      tell(problem && isForLater(problem) ? problem : null);
      // It may have been stored all the same, and then the line is the first to show it.
      followOwnSession();
    },
    onAccepted() {
      tell(null);
      set({ reachable: true });
      followOwnSession();
      // It may have been told that there is nothing yet, or be waiting after a failure.
      follow?.hurry();
    },
    onRefused: tell,
    onOver(problem) {
      const isBlank = model.session.messages.length === 0;
      if (isBlank) {
        credentials.end();
        dropSession();
      } else endSession(problem);
      return isBlank;
    },
    onWithdrawnSeen: (runId) => void stopTheRun(runId),
  });

  const ratings = createRatings({
    ...{ transport, credentials, pause },
    signal: () => stay.signal,
    patience: () => actions.signal,
    onChange: () => set({ ratings: ratings.pending }),
    onKept(messageId, feedback) {
      const { session } = model;
      set({ session: { ...session, messages: withRatings(session.messages, new Map([[messageId, feedback]])) } });
    },
    onRefused(problem) {
      if (problem.code === 'session-expired') endSession(problem);
      // That there is no such answer says nothing of the session.
      else tell(isSessionOver(problem) ? { ...problem, code: NOT_RATED } : problem);
    },
  });

  function set(change: Partial<Model>): void {
    model = { ...model, ...change };
    notifier.changed();
    if ('problem' in change || 'line' in change) awaitRetry();
  }

  /** A view whose `retryAt` has passed is another view. A timer may be early by the clock that tells the time. */
  function awaitRetry(): void {
    clearTimeout(retryTimer);
    const { retryAt } = notifier.value;
    if (!undoOpen || retryAt === null) return;
    retryTimer = setTimeout(() => {
      notifier.changed();
      awaitRetry();
    }, retryAt - Date.now());
  }

  function tell(problem: Problem | null): void {
    const wait = problem && isForLater(problem) ? problem.retryAfterMs : undefined;
    set({ problem, retryAt: wait === undefined ? null : Date.now() + wait });
  }

  /** Something came to nothing without any answer: what the browser says of the network is taken for true again. */
  function noteSilence(): void {
    if (!model.online) set({ reachable: false });
  }

  // --- The session and its line ------------------------------------------------------------------------------

  function createFollower(): Follow {
    const own: Follow = createFollow({
      open: (after, reader, signal) =>
        credentials.use(signal, (using) => transport.stream(using, after, reader, signal)),
      onFrame,
      onPing() {
        if (!model.caughtUp) set({ caughtUp: true, restoring: false });
        outbox.seePing();
        keeper.review();
      },
      onAlive() {
        if (!model.reachable) set({ reachable: true });
      },
      onChange(line) {
        if (own !== follow) return;
        const { phase } = line;
        if (phase === 'waiting' && !line.problem) noteSilence();
        if (phase === 'empty') set({ line, restoring: false, caughtUp: true });
        else set(phase === 'refused' ? { line, restoring: false } : { line });
      },
      onOver: endSession,
    });
    return own;
  }

  /** Follows the session whose credentials there are, if that is worth a line. */
  function followOwnSession(): void {
    const own = credentials.current;
    if (own && model.sessionId !== own.sessionId) {
      follow?.suspend();
      follow = createFollower();
      set({ sessionId: own.sessionId, readOnly: readToken(own.token).readOnly });
    }
    keeper.review();
  }

  function onFrame(frame: Frame): void {
    const before = model.session;
    const session = reduce(before, frame);
    set({ session, recovery: trackRecovery(model.recovery, frame.message, before, session), restoring: false });
    outbox.see(frame, session);
    if (session.run?.runId !== before.run?.runId) keeper.review();
  }

  /** Lets go of the session, and of nothing that is on view. */
  function dropSession(): void {
    follow?.suspend();
    follow = null;
    actions.abort();
    actions = new AbortController();
    stay.abort();
    stay = new AbortController();
    set({ sessionId: null, line: LINE_OFF, caughtUp: false, restoring: false, stoppingRunId: null });
  }

  /** The session is gone. What was shown stays on view; the next prompt starts another one. */
  function endSession(problem: Problem | null): void {
    const { session } = model;
    const isBlank = session.messages.length === 0;
    credentials.end();
    dropSession();
    // Nothing is lost with it, and a prompt on its way finds a new one by itself.
    if (isBlank && model.submission && !model.submission.accepted) return;
    outbox.clear({ keepText: true });
    const { run } = session;
    set({
      ended: !isBlank,
      // Nobody writes on at a session that is gone: its last reply is closed, as the fold closes a stopped one.
      ...(run
        ? {
            session: reduce(session, {
              id: session.cursor,
              message: { ...run, type: 'metadata', status: 'cancelled' },
            }),
          }
        : {}),
    });
    // One that the relay does not know, and of which nothing was seen here, is no loss to tell of.
    const isLoss = !isBlank || model.readOnly || problem === null || problem.code === 'session-expired';
    tell(isLoss ? createProblem('session-expired') : null);
  }

  /** Leaves this conversation for an empty one, or for one that is to be joined. */
  function leave({ keepText, next }: { keepText: boolean; next: SessionCredentials | null }): void {
    credentials.adopt(null);
    dropSession();
    outbox.clear({ keepText });
    const { online, reachable, unsent } = model;
    set({ ...EMPTY, online, reachable, unsent, restoring: next !== null });
    if (!next) return;
    credentials.adopt(next);
    followOwnSession();
  }

  /** Another tab has begun a session, left it, or renewed its token: this one does the same. */
  function onStored(): void {
    const stored = storage.read();
    const own = credentials.current;
    if (stored && stored.sessionId === own?.sessionId) credentials.adopt(stored);
    else if (stored && stored.sessionId !== credentials.endedSessionId && (own || !model.submission)) {
      leave({ keepText: true, next: stored });
    } else if (!stored && own) leave({ keepText: true, next: null });
  }

  function onLifecycle(event: LifecycleEvent): void {
    const { online } = lifecycle;
    // Nothing has come since the browser said that the network is gone: the line may be a dead one.
    const isDoubtful = !model.reachable;
    if (event === 'online' || event === 'offline') set({ online, reachable: event === 'online' });
    keeper.review();
    if (event === 'online' || event === 'shown') {
      pause.wake();
      follow?.hurry(event === 'online' && isDoubtful);
    }
  }

  // --- What visitors do --------------------------------------------------------------------------------------

  async function submit(text: string | undefined, parentId: string | undefined): Promise<boolean> {
    open();
    if (model.readOnly) {
      tell(createProblem('read-only'));
      return false;
    }
    // What has ended stays on view up to here, and no longer: the new session knows nothing of it.
    if (model.ended) set({ ended: false, session: EMPTY_SESSION, recovery: NO_RECOVERY });
    tell(null);
    return outbox.send(text, parentId);
  }

  async function regenerate(messageId?: string): Promise<boolean> {
    const { messages } = model.session;
    const asked = messages.findLast(({ id, role }) => role === 'user' && (messageId === undefined || id === messageId));
    if (!asked) return false;
    if (model.ended) {
      tell(createProblem('session-expired'));
      return false;
    }
    return submit(undefined, asked.id);
  }

  async function stopTheRun(runId: string): Promise<void> {
    if (model.stoppingRunId === runId) return;
    set({ stoppingRunId: runId });
    const { signal } = actions;
    const isMoot = (): boolean => {
      const active = model.session.run?.runId ?? model.submission?.accepted?.runId;
      return active !== runId;
    };
    const problem = await stopRun(runId, { transport, credentials, pause, signal, isMoot });
    if (signal.aborted || !problem) return;
    if (model.stoppingRunId === runId) set({ stoppingRunId: null });
    if (isSessionOver(problem)) endSession(problem);
    else tell(problem);
  }

  function open(): void {
    if (undoOpen) return;
    const ends = [lifecycle.subscribe(onLifecycle), storage.subscribe(onStored)];
    undoOpen = () => {
      for (const end of ends) end();
    };
    set({ online: lifecycle.online, reachable: true });
    const stored = storage.read();
    const own = credentials.current;
    if (stored && stored.sessionId !== own?.sessionId && stored.sessionId !== credentials.endedSessionId) {
      leave({ keepText: true, next: stored });
    } else if (!stored && own && storedAtClose === own.sessionId) {
      // Another tab has begun a new chat meanwhile.
      leave({ keepText: true, next: null });
    } else followOwnSession();
    outbox.resume();
  }

  return {
    get view() {
      return notifier.value;
    },
    subscribe: notifier.subscribe,
    get credentials() {
      return credentials.current;
    },
    open,

    close() {
      if (!undoOpen) return;
      undoOpen();
      undoOpen = null;
      storedAtClose = storage.read()?.sessionId ?? null;
      clearTimeout(retryTimer);
      outbox.suspend();
      actions.abort();
      actions = new AbortController();
      keeper.review();
      follow?.suspend();
      set({ stoppingRunId: null });
    },

    send: async (text, { parentId } = {}) => text.trim() !== '' && submit(text, parentId),
    regenerate,

    async retry() {
      const { unsent, ended, session } = model;
      if (unsent) return submit(unsent.text, unsent.parentId);
      if (model.line.phase === 'refused' || model.line.phase === 'waiting') {
        tell(null);
        keeper.review();
        follow?.hurry();
        return true;
      }
      return !ended && !session.run && isUnanswered(session.messages) && regenerate();
    },

    async stop() {
      // Its request may have arrived: the line will show it then, and the run is stopped.
      if (outbox.withdraw()) return followOwnSession();
      const runId = model.session.run?.runId ?? model.submission?.accepted?.runId;
      if (runId !== undefined) await stopTheRun(runId);
    },

    async rate(messageId, rating, comment) {
      const isKnown = model.session.messages.some(({ id, role }) => id === messageId && role === 'assistant');
      if (!isKnown || model.ended || model.readOnly) return false;
      return ratings.rate(messageId, rating && { rating, ...(comment === undefined ? {} : { comment }) });
    },

    newChat() {
      leave({ keepText: false, next: null });
      storage.write(null);
    },

    dismiss() {
      outbox.forgetUnsent();
      tell(null);
    },

    join(next) {
      storage.write(next);
      open();
      if (next.sessionId === credentials.current?.sessionId) credentials.adopt(next);
      else leave({ keepText: false, next });
    },
  };
}

/** The last prompt has no whole answer: none at all, or one that failed or was stopped. */
function isUnanswered(messages: readonly ChatMessage[]): boolean {
  const last = messages.at(-1);
  if (last?.role !== 'assistant') return last !== undefined;
  const status = last.metadata?.run?.status;
  return status === 'failed' || status === 'cancelled';
}
