import { createProblem } from '#shared/problem.ts';
import type { ChatView } from '../../session/types.ts';
import { answer, prompt, text } from '../views.ts';
import { CUT, type Words } from './words.ts';

/** One state of the widget, to be drawn, looked at and examined. */
export interface Scene {
  /** What the picture shows, and why it looks so. */
  title: string;
  view: Partial<ChatView>;
  /** The view that follows once the first is drawn. */
  next?: Partial<ChatView>;
  /** How long the first view stands before that, ms. */
  lasts?: number;
  mode?: 'inline';
  /** The panel is closed once the first view is drawn. */
  closed?: true;
  /** Clicked when all is drawn: a selector. */
  click?: string;
  /** Where the reader has scrolled to; the end when not given. */
  scroll?: 'start';
  /** Typed into the composer. */
  typed?: string;
}

/** Each state that has a look of its own, by name. `now` in ms since the epoch. */
export function createScenes(words: Words, now: number): Record<string, Scene> {
  const whole = words.answer.replace(CUT, '');
  const cut = words.answer.slice(0, words.answer.indexOf(CUT));
  const half = whole.slice(0, whole.indexOf('```sh') + 70);
  const asked = prompt('u1', words.question);
  const done = answer('r1', [text(words.short)], 'completed');
  const running = (written: string, attempt = 1): Partial<ChatView> => {
    const status = attempt > 1 ? 'restarted' : 'started';
    const parts = written === '' ? [] : [text(written, 'streaming')];
    return {
      status: 'streaming',
      sessionId: 'session-of-the-scenes',
      run: { runId: 'r1', messageId: 'r1', status, attempt },
      messages: [asked, answer('r1', parts, status, { attempt })],
    };
  };
  const later = prompt('u2', words.followUp);
  const ended = { status: 'idle', run: null } as const;

  return {
    launcher: { title: 'Closed', view: {}, closed: true },
    'launcher-writing': { title: 'Closed, while an answer is being written', view: running(cut), closed: true },
    'launcher-unread': {
      title: 'Closed, with an answer that nobody has seen',
      view: running(cut),
      next: { ...ended, messages: [asked, answer('r1', [text(whole)], 'completed')] },
      closed: true,
    },
    empty: { title: 'Nothing asked yet', view: {} },
    answer: {
      title: 'An answer, from its beginning; a reader who has scrolled away is left in peace',
      view: { messages: [asked, answer('r1', [text(whole)], 'completed')] },
      scroll: 'start',
    },
    'answer-end': {
      title: 'The same answer, its end',
      view: { messages: [asked, answer('r1', [text(whole)], 'completed')] },
    },
    connecting: {
      title: 'A prompt on its way',
      view: { status: 'connecting', pending: { messageId: 'u1', text: words.question } },
    },
    thinking: { title: 'Accepted; nothing has been written yet', view: running('') },
    streaming: { title: 'An answer being written', view: running(half) },
    reconnecting: {
      title: 'The line is down in the middle of an answer',
      view: { ...running(cut), status: 'reconnecting' },
    },
    resumed: {
      title: 'The line is back: the answer goes on where it was',
      view: { ...running(cut), status: 'reconnecting' },
      lasts: 700,
      next: running(cut),
    },
    offline: { title: 'No network in the middle of an answer', view: { ...running(cut), status: 'offline' } },
    'offline-sent': {
      title: 'A prompt sent without a network: kept, and sent once there is one',
      view: { status: 'offline', messages: [asked, done], pending: { messageId: 'u2', text: words.followUp } },
    },
    restoring: {
      title: 'After a reload, before the conversation has come',
      view: { status: 'connecting', sessionId: 'session-of-the-scenes', restoring: true },
    },
    restored: {
      title: 'After a reload: all of it is back',
      view: { status: 'connecting', sessionId: 'session-of-the-scenes', restoring: true },
      next: { ...ended, restoring: false, messages: [asked, done] },
    },
    interrupted: {
      title: 'The relay that wrote it has died; another one takes over',
      view: { ...running('', 2), dimmed: [text(cut)], recoveries: 1 },
    },
    recovered: {
      title: 'Recovered after an interruption',
      view: { messages: [asked, answer('r1', [text(words.short)], 'completed', { attempt: 2 })], recoveries: 1 },
    },
    stopped: {
      title: 'Stopped; what was written stays',
      view: { messages: [asked, answer('r1', [text(cut)], 'cancelled')] },
    },
    failed: {
      title: 'The model failed',
      view: { messages: [asked, answer('r1', [text(cut)], 'failed', { problem: createProblem('model-failed') })] },
    },
    expired: {
      title: 'The conversation has expired',
      view: { messages: [asked, done], ended: true, problem: createProblem('session-expired') },
    },
    'rate-limited': {
      title: 'Too much at once: the prompt waits for its turn',
      view: {
        messages: [asked, done],
        pending: { messageId: 'u2', text: words.followUp },
        problem: createProblem('rate-limited', { retryAfterMs: 48_000 }),
        retryAt: now + 48_000,
      },
    },
    unreachable: {
      title: 'The relay cannot be reached',
      view: { status: 'failed', messages: [asked, done], problem: createProblem('internal') },
    },
    editing: { title: 'A prompt being changed', view: { messages: [asked, done] }, click: '.edit' },
    typing: {
      title: 'The composer grows with what is typed',
      view: { messages: [asked, done] },
      typed: `${words.followUp}\n${words.draft}\n${words.followUp}`,
    },
    parts: {
      title: 'Thoughts, tools and sources',
      view: {
        messages: [
          asked,
          answer(
            'r1',
            [
              { type: 'reasoning', text: words.thoughts, state: 'done' },
              {
                type: 'dynamic-tool',
                toolName: 'day_length',
                toolCallId: 't1',
                state: 'output-available',
                input: { month: 12 },
                output: 'ok',
              },
              { type: 'tool-compare_lamps', toolCallId: 't2', state: 'output-error', input: {}, errorText: 'no' },
              text(words.sourced),
              { type: 'source-url', sourceId: 's1', url: 'https://example.com/day', title: words.sources[0] },
              { type: 'source-url', sourceId: 's2', url: 'https://example.com/lamps', title: words.sources[1] },
            ],
            'completed',
          ),
        ],
      },
    },
    'parts-open': {
      title: 'What a tool was given and what it answered, unfolded; an answer that was rated',
      view: {
        messages: [
          asked,
          {
            ...answer(
              'r1',
              [
                { type: 'reasoning', text: words.thoughts, state: 'done' },
                {
                  type: 'dynamic-tool',
                  toolName: 'day_length',
                  toolCallId: 't1',
                  state: 'output-available',
                  input: { month: 12 },
                  output: { hours: 4.5 },
                },
                text(words.sourced),
                { type: 'source-url', sourceId: 's1', url: 'https://example.com/day', title: words.sources[0] },
                { type: 'source-url', sourceId: 's2', url: 'https://example.com/lamps', title: words.sources[1] },
              ],
              'completed',
            ),
            metadata: { run: { runId: 'r1', status: 'completed', attempt: 1 }, feedback: { rating: 'up' } },
          },
        ],
      },
      click: '.step summary',
    },
    'tool-running': {
      title: 'Thoughts that have ended, and a tool at work',
      view: {
        ...running(''),
        messages: [
          asked,
          answer(
            'r1',
            [
              { type: 'reasoning', text: words.thoughts, state: 'done' },
              {
                type: 'dynamic-tool',
                toolName: 'day_length',
                toolCallId: 't1',
                state: 'output-available',
                input: { month: 12 },
                output: 'ok',
              },
              {
                type: 'dynamic-tool',
                toolName: 'compare_lamps',
                toolCallId: 't2',
                state: 'input-available',
                input: {},
              },
            ],
            'started',
          ),
        ],
      },
    },
    inline: {
      title: 'Inline, in the page',
      view: {
        messages: [
          asked,
          answer('r1', [text(whole)], 'completed'),
          later,
          answer('r2', [text(words.short)], 'completed'),
        ],
      },
      mode: 'inline',
      scroll: 'start',
    },
  };
}
