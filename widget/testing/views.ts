import { createProblem, type Problem, type ProblemCode } from '#shared/problem.ts';
import type { ChatMessage, ChatPart, RunMetadata, StreamStatus } from '#shared/protocol.ts';
import type { ChatView } from '../session/types.ts';

/** An answer with a block of code. */
export const ANSWER = [
  'A reply is kept as a log, and everyone who looks at it reads that log from where they stopped.',
  '',
  'Set `TTL` to how long it should be kept:',
  '',
  '```sh',
  'SESSION_TTL_SECONDS=86400 npm run relay -- --store sqlite:./data/relay.db --port 8787 --verbose',
  'curl http://127.0.0.1:8787/readyz',
  '```',
  '',
  'Nothing else has to be done.',
].join('\n');

/** A text part. */
export function text(content: string, state: 'streaming' | 'done' = 'done'): ChatPart {
  return { type: 'text', text: content, state };
}

/** A visitor's message. */
export function prompt(id: string, content: string): ChatMessage {
  return { id, role: 'user', parts: [{ type: 'text', text: content }] };
}

/** An answer of a run in this state. */
export function answer(
  runId: string,
  parts: ChatPart[],
  status: StreamStatus,
  more: Partial<RunMetadata> = {},
): ChatMessage {
  return { id: runId, role: 'assistant', parts, metadata: { run: { runId, status, attempt: 1, ...more } } };
}

const ASKED = prompt('u1', 'How are replies stored, and for how long?');
const CUT = ANSWER.slice(0, ANSWER.indexOf('npm run'));

function failed(code: ProblemCode, retryAfterMs?: number): { problem: Problem } {
  return { problem: createProblem(code, { retryAfterMs }) };
}

function running(parts: ChatPart[], attempt = 1): Partial<ChatView> {
  const status = attempt > 1 ? 'restarted' : 'started';
  return {
    sessionId: 'session-of-the-tests',
    run: { runId: 'r1', messageId: 'r1', status, attempt },
    messages: [ASKED, answer('r1', parts, status, { attempt })],
  };
}

/** Every state that the panel shows in its own way, by name. */
export const VIEWS = {
  empty: {},
  connecting: {
    status: 'connecting',
    pending: { messageId: 'u1', text: 'How are replies stored, and for how long?' },
  },
  thinking: { status: 'streaming', ...running([]) },
  streaming: { status: 'streaming', ...running([text(CUT, 'streaming')]) },
  reconnecting: { status: 'reconnecting', ...running([text(CUT, 'streaming')]) },
  offline: { status: 'offline', ...running([text(CUT, 'streaming')]) },
  pendingOffline: {
    status: 'offline',
    messages: [ASKED, answer('r1', [text(ANSWER)], 'completed')],
    pending: { messageId: 'u2', text: 'And when I am offline?' },
  },
  acceptedOffline: {
    status: 'offline',
    messages: [ASKED, answer('r1', [text(ANSWER)], 'completed')],
    pending: { messageId: 'u2', text: 'And once you have it?', accepted: true },
  },
  restarted: { status: 'streaming', ...running([], 2), dimmed: [text(CUT, 'done')], recoveries: 1 },
  recovered: { messages: [ASKED, answer('r1', [text(ANSWER)], 'completed', { attempt: 2 })], recoveries: 1 },
  restoring: { status: 'connecting', sessionId: 'session-of-the-tests', restoring: true },
  completed: { messages: [ASKED, answer('r1', [text(ANSWER)], 'completed')] },
  stopped: { messages: [ASKED, answer('r1', [text(CUT)], 'cancelled')] },
  answerFailed: { messages: [ASKED, answer('r1', [text(CUT)], 'failed', failed('model-failed'))] },
  rateLimited: {
    messages: [ASKED, answer('r1', [text('Yes.')], 'completed')],
    ...failed('rate-limited', 110_000),
    retryAt: Date.now() + 110_000,
    pending: { messageId: 'u2', text: 'Again?' },
  },
  expired: { messages: [ASKED, answer('r1', [text('Yes.')], 'completed')], ended: true, ...failed('session-expired') },
  unreachable: { status: 'failed', ...failed('internal') },
  refused: { status: 'failed', ...failed('origin-not-allowed') },
  tooLong: { ...failed('payload-too-large'), unsent: { text: 'A long story' } },
  parts: {
    messages: [
      ASKED,
      answer(
        'r1',
        [
          { type: 'reasoning', text: 'They ask about storage.', state: 'done' },
          {
            type: 'dynamic-tool',
            toolName: 'search_docs',
            toolCallId: 't1',
            state: 'output-available',
            input: {},
            output: 'found',
          },
          { type: 'tool-lookup', toolCallId: 't2', state: 'output-error', input: {}, errorText: 'no' },
          text('Here is what I found.'),
          { type: 'source-url', sourceId: 's1', url: 'https://example.com/docs', title: 'The docs' },
          { type: 'source-url', sourceId: 's2', url: 'javascript:alert(1)', title: 'A trap' },
          { type: 'file', mediaType: 'image/png', url: 'https://example.com/a.png', filename: 'a.png' },
        ],
        'completed',
      ),
    ],
  },
} as const satisfies Record<string, Partial<ChatView>>;

/** The names of the states. */
export type ViewName = keyof typeof VIEWS;
