import { html, nothing, type TemplateResult } from 'lit';
import type { Problem } from '#shared/problem.ts';
import { duration, fill } from '../format-text.ts';
import type { Strings } from '../locales/en.ts';
import type { ChatView } from '../session/types.ts';

/** One sentence above the composer, with what can be done about it. */
export interface Notice {
  tone: 'quiet' | 'warn' | 'bad';
  text: string;
  action: 'retry' | 'new-chat' | null;
  /** It may be over before it could be read, so it is not shown at once. */
  brief: boolean;
}

/** What the visitor is told now, `now` in ms since the epoch; null when all is well. */
export function readNotice(view: ChatView, strings: Strings, now: number): Notice | null {
  if (view.status === 'offline') return notice('warn', strings.offlineNotice);
  if (view.status === 'reconnecting') {
    const text = view.run ? strings.reconnectingRunNotice : strings.reconnectingNotice;
    return { ...notice('warn', text), brief: true };
  }
  if (view.ended) return notice('quiet', strings.expiredNotice, 'new-chat');
  if (view.problem) return readProblem(view.problem, view, strings, now);
  if (view.readOnly && !view.restoring) return notice('quiet', strings.readOnlyNotice, 'new-chat');
  return view.status === 'failed' ? notice('bad', strings.failedNotice, 'retry') : null;
}

function readProblem({ code }: Problem, view: ChatView, strings: Strings, now: number): Notice {
  switch (code) {
    case 'rate-limited':
      return readRateLimit(view, strings, now);
    case 'overloaded':
    case 'draining':
    case 'store-unavailable':
      return readBusy(view, strings, now);
    case 'session-expired':
    case 'not-found':
      return notice('quiet', strings.expiredNotice, 'new-chat');
    case 'store-full':
      return notice('bad', strings.fullNotice, 'new-chat');
    case 'unauthorized':
    case 'origin-not-allowed':
      return notice('bad', strings.refusedNotice);
    case 'read-only':
      return notice('quiet', strings.readOnlyNotice, 'new-chat');
    case 'payload-too-large':
      return notice('bad', strings.tooLongNotice);
    case 'run-active':
      return notice('quiet', strings.runActiveNotice);
    default:
      return notice('bad', view.status === 'failed' ? strings.failedNotice : strings.errorNotice, canRetry(view));
  }
}

function readRateLimit(view: ChatView, strings: Strings, now: number): Notice {
  const left = (view.retryAt ?? 0) - now;
  if (left <= 0) return notice('quiet', strings.rateLimitedOverNotice, canRetry(view));
  const text = view.pending ? strings.rateLimitedPendingNotice : strings.rateLimitedNotice;
  return notice('warn', fill(text, { time: duration(left, strings) }));
}

function readBusy(view: ChatView, strings: Strings, now: number): Notice {
  const left = (view.retryAt ?? 0) - now;
  if (left <= 0) return notice('warn', strings.busyOverNotice, canRetry(view));
  return notice('warn', fill(strings.busyNotice, { time: duration(left, strings) }));
}

/** Whether there is something that the client can do again. */
function canRetry(view: ChatView): Notice['action'] {
  return view.status === 'failed' || view.unsent ? 'retry' : null;
}

function notice(tone: Notice['tone'], text: string, action: Notice['action'] = null): Notice {
  return { tone, text, action, brief: false };
}

/** Why an answer failed, in a sentence for the visitor: never what the relay's operator is told. */
export function describeFailure(problem: Problem | undefined, strings: Strings): string {
  switch (problem?.code) {
    case 'model-timeout':
      return strings.answerTimedOut;
    case 'attempts-exhausted':
    case 'interrupted':
      return strings.answerInterrupted;
    case 'stream-lost':
      return strings.answerLost;
    default:
      return strings.answerFailed;
  }
}

/** What a notice says, and what its button does. */
export interface NoticeModel {
  strings: Strings;
  notice: Notice | null;
  onRetry: () => void;
  onNewChat: () => void;
}

/** Draws the notice above the composer. */
export function renderNotice({ strings, notice, onRetry, onNewChat }: NoticeModel): TemplateResult | typeof nothing {
  if (!notice) return nothing;
  const { tone, text, action, brief } = notice;
  return html`<div class="notice ${tone} ${brief ? 'brief' : ''}" part="notice">
    <span>${text}</span>
    ${
      action === null
        ? nothing
        : html`<button type="button" class="text-button" part="notice-button" @click=${action === 'retry' ? onRetry : onNewChat}>
          ${action === 'retry' ? strings.tryAgain : strings.newChat}
        </button>`
    }
  </div>`;
}
