import type { Problem } from '#shared/problem.ts';
import { EMPTY_SESSION } from '#shared/fold/session.ts';
import { LINE_OFF } from './follow.ts';
import { createNotifier } from './notifier.ts';
import { NO_RECOVERY } from './recovery.ts';
import type { ChatView } from './types.ts';
import { isForLater, viewOf, type Model } from './view.ts';

/** What a conversation begins with. */
export const EMPTY_MODEL: Omit<Model, 'online' | 'reachable'> = {
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

/** The model of a client and the view made of it. */
export interface ViewState {
  readonly model: Model;
  readonly view: ChatView;
  set(change: Partial<Model>): void;
  /** Shows a problem, or none; with the time until which it holds when the relay named one. */
  report(problem: Problem | null): void;
  /** A request brought no answer: the browser's word that there is no network is believed again. */
  noteNoAnswer(): void;
  /** Calls after each change, at most once per microtask. Returns the function that unsubscribes. */
  subscribe(listener: (view: ChatView) => void): () => void;
  /** While the clock runs, listeners also hear that `retryAt` has passed. Stopped at first. */
  startClock(): void;
  stopClock(): void;
}

/** Holds the model of one client. `online` is the browser's word at the start. */
export function createViewState(online: boolean): ViewState {
  let model: Model = { ...EMPTY_MODEL, online, reachable: true };
  let isClockRunning = false;
  let retryTimer: ReturnType<typeof setTimeout> | undefined;
  const notifier = createNotifier(() => viewOf(model));

  function set(change: Partial<Model>): void {
    model = { ...model, ...change };
    notifier.changed();
    if ('problem' in change || 'line' in change) awaitRetry();
  }

  /** The view changes when its `retryAt` passes. A timer may fire early by the clock that `retryAt` is read from. */
  function awaitRetry(): void {
    clearTimeout(retryTimer);
    const { retryAt } = notifier.value;
    if (!isClockRunning || retryAt === null) return;
    retryTimer = setTimeout(() => {
      notifier.changed();
      awaitRetry();
    }, retryAt - Date.now());
  }

  return {
    get model() {
      return model;
    },
    get view() {
      return notifier.value;
    },
    set,
    report(problem) {
      const waitMs = problem && isForLater(problem) ? problem.retryAfterMs : undefined;
      set({ problem, retryAt: waitMs === undefined ? null : Date.now() + waitMs });
    },
    noteNoAnswer() {
      if (!model.online) set({ reachable: false });
    },
    subscribe: notifier.subscribe,
    startClock() {
      isClockRunning = true;
      awaitRetry();
    },
    stopClock() {
      isClockRunning = false;
      clearTimeout(retryTimer);
    },
  };
}
