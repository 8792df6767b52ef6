import type { Problem } from '#shared/problem.ts';
import type { LaterTools } from '../../later-part.ts';
import { duration, fill, type Strings } from '../../locales/en.ts';
import type { ChatView } from '../../session/types.ts';
import type { Notice } from '../notice.ts';

/** Answers what the visitor should be told of a problem. */
export function createProblemReader({ notice, canRetry, readAnyProblem }: LaterTools) {
  return function readProblem(problem: Problem, view: ChatView, strings: Strings, now: number): Notice | null {
    const left = (view.retryAt ?? 0) - now;
    const time = duration(left, strings);
    switch (problem.code) {
      case 'rate-limited':
        if (left <= 0) return notice('quiet', strings.rateLimitedOverNotice, canRetry(view));
        return notice(
          'warn',
          fill(view.pending ? strings.rateLimitedPendingNotice : strings.rateLimitedNotice, { time }),
        );
      case 'overloaded':
      case 'draining':
      case 'store-unavailable':
        return left > 0
          ? notice('warn', fill(strings.busyNotice, { time }))
          : notice('warn', strings.busyOverNotice, canRetry(view));
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
        return readAnyProblem(view, strings);
    }
  };
}
