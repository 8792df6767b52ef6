/**
 * The part of the widget that is needed once an answer stands, or something went wrong: what can be done with a
 * message, what is said of each problem, and the like. It is loaded while the browser is idle after the panel has been
 * opened, so that it is there before it is needed.
 */
import { AnnounceController, type AnnounceControllerOptions } from './controllers/announce-controller.ts';
import { ClockController } from './controllers/clock-controller.ts';
import { copyCode } from './elements/later/copy-code.ts';
import { renderJump } from './elements/later/jump.ts';
import { MessageTools, type MessageHost } from './elements/later/message-tools.ts';
import { createProblemReader } from './elements/later/problems.ts';
import { createRecall } from './elements/later/recall.ts';
import { laterStyles } from './elements/later/styles.ts';
import type { ReactiveControllerHost } from 'lit';
import type { fitToText, isSendKey } from './elements/field.ts';
import type { icons } from './elements/icons.ts';
import type { canRetry, describeFailure, notice, Notice, readAnyProblem, readNotice } from './elements/notice.ts';
import type { ChatView } from './session/types.ts';
import type { Problem } from '#shared/problem.ts';
import type { Strings } from './locales/en.ts';

/** What this part is handed, so that it shares no code with the part that loads it. */
export interface LaterTools {
  checkIcon: (typeof icons)['check'];
  canRetry: typeof canRetry;
  describeFailure: typeof describeFailure;
  fitToText: typeof fitToText;
  isSendKey: typeof isSendKey;
  notice: typeof notice;
  readAnyProblem: typeof readAnyProblem;
  readNotice: typeof readNotice;
}

export interface CompanyOptions extends AnnounceControllerOptions {
  /** Up to when there is a time to count down, ms since the epoch; null when none is on view. */
  countsUntil(): number | null;
}

export interface Later {
  /** Sees that what happens is read out, and that a waiting time on view counts down. */
  accompany(host: ReactiveControllerHost, options: CompanyOptions): AnnounceController;
  createMessageTools(host: MessageHost): MessageTools;
  /** `now` in ms since the epoch; null when there is nothing to say any more. */
  readProblem(problem: Problem, view: ChatView, strings: Strings, now: number): Notice | null;
  renderJump: typeof renderJump;
  createRecall: typeof createRecall;
  copyCode: typeof copyCode;
  styles: CSSStyleSheet | undefined;
}

export function createLater(tools: LaterTools): Later {
  const readProblem = createProblemReader(tools);
  return {
    accompany(host, options) {
      new ClockController(host, options.countsUntil);
      return new AnnounceController(host, options, {
        describeFailure: tools.describeFailure,
        readNotice: (view, strings) => tools.readNotice(view, strings, 0, { readProblem })?.text ?? '',
      });
    },
    ...{ copyCode, createRecall, renderJump },
    createMessageTools: (host) => new MessageTools(host, tools),
    readProblem,
    styles: laterStyles.styleSheet,
  };
}
