import type { Problem } from '#shared/problem.ts';
import type { Later } from '../later-part.ts';
import type { Strings } from '../locales/en.ts';
import type { ChatView } from '../session/types.ts';

/** How the line is, in one word for the header. */
export interface LineState {
  tone: 'good' | 'back' | 'busy' | 'warn' | 'bad';
  label: string;
}

/** One sentence above the composer, with what can be done about it. */
export interface Notice {
  tone: 'quiet' | 'warn' | 'bad';
  text: string;
  action: 'retry' | 'new-chat' | null;
  /** It may be over before one has read it, so it is not shown at once. */
  brief: boolean;
}

/** `back` for a few seconds after the line or the conversation has come back. */
export function readLineState(view: ChatView, strings: Strings, back: boolean): LineState {
  if (view.status === 'offline') return { tone: 'warn', label: strings.offline };
  if (view.status === 'reconnecting') return { tone: 'warn', label: strings.reconnecting };
  if (view.status === 'failed') return { tone: 'bad', label: strings.failed };
  if (view.restoring) return { tone: 'busy', label: strings.restoring };
  if (view.status === 'connecting') return { tone: 'busy', label: strings.connecting };
  if (back) return { tone: 'back', label: strings.resumed };
  if (view.run) return { tone: 'busy', label: strings.writing };
  return { tone: 'good', label: '' };
}

/** What the visitor should be told now, `now` in ms since the epoch; null when all is well. */
export function readNotice(
  view: ChatView,
  strings: Strings,
  now: number,
  later: Pick<Later, 'readProblem'> | null,
): Notice | null {
  if (view.status === 'offline') return notice('warn', strings.offlineNotice);
  if (view.status === 'reconnecting') {
    const text = view.run ? strings.reconnectingRunNotice : strings.reconnectingNotice;
    return { ...notice('warn', text), brief: true };
  }
  if (view.ended) return notice('quiet', strings.expiredNotice, 'new-chat');
  if (view.problem) return later ? later.readProblem(view.problem, view, strings, now) : readAnyProblem(view, strings);
  if (view.readOnly && !view.restoring) return notice('quiet', strings.readOnlyNotice, 'new-chat');
  return view.status === 'failed' ? notice('bad', strings.failedNotice, 'retry') : null;
}

/** What is said of every problem as long as nothing more telling can be. */
export function readAnyProblem(view: ChatView, strings: Strings): Notice {
  return notice('bad', view.status === 'failed' ? strings.failedNotice : strings.errorNotice, canRetry(view));
}

/** Whether the client has something that it can do again. */
export function canRetry(view: ChatView): Notice['action'] {
  return view.status === 'failed' || view.unsent ? 'retry' : null;
}

export function notice(tone: Notice['tone'], text: string, action: Notice['action'] = null): Notice {
  return { tone, text, action, brief: false };
}

/** Why an answer failed, in a sentence for the visitor; never what the relay's operator is told. */
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
