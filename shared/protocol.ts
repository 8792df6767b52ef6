/**
 * The wire contract in code: routes, headers, and a schema for every request, answer and message.
 *
 * What the relay reads from others is checked strictly (unknown fields are refused); what a client reads from a
 * relay is checked loosely (unknown fields, message types and chunk types are kept or skipped, never refused), so
 * that neighbouring versions work side by side.
 */
import type { UIMessage, UIMessageChunk } from 'ai';
import * as z from 'zod/mini';
import { parseCursor, type Cursor } from './cursor.ts';
import { MESSAGE_ID_PATTERN } from './ids.ts';
import type { Problem } from './problem.ts';

export const ROUTES = {
  sessions: '/api/sessions',
  session: '/api/sessions/:sessionId',
  feedback: '/api/sessions/:sessionId/feedback',
  share: '/api/sessions/:sessionId/share',
  prompt: '/api/llm-stream',
  stream: '/api/check-stream',
} as const;

/** What is not for the widget to ask for. */
export const PAGES = {
  health: '/healthz',
  ready: '/readyz',
  widget: '/widget.js',
  demo: '/',
} as const;

/** A real event and not a comment, so that any client can see that the line lives. */
export const PING_EVENT = 'ping';
export const BYE_EVENT = 'bye';
export const PING_INTERVAL_MS = 15_000;

// --- Runs ------------------------------------------------------------------------------------------------------

export const STREAM_STATUSES = ['queued', 'started', 'restarted', 'completed', 'cancelled', 'failed'] as const;
export type StreamStatus = (typeof STREAM_STATUSES)[number];
export type TerminalStatus = Extract<StreamStatus, 'completed' | 'cancelled' | 'failed'>;

export function isTerminal(status: string): status is TerminalStatus {
  return status === 'completed' || status === 'cancelled' || status === 'failed';
}

/** What the transcript keeps about the run that made an assistant's message, under `metadata.run`. */
export interface RunMetadata {
  runId: string;
  status: StreamStatus;
  attempt: number;
  finishReason?: string | undefined;
  usage?: Usage | undefined;
  problem?: Problem | undefined;
}

export interface Usage {
  inputTokens?: number | undefined;
  outputTokens?: number | undefined;
  totalTokens?: number | undefined;
}

/** What a reader thinks of an answer. */
export interface MessageFeedback {
  rating: Rating;
  comment?: string | undefined;
}

export const RATINGS = ['up', 'down'] as const;
export type Rating = (typeof RATINGS)[number];

export interface MessageMetadata {
  run?: RunMetadata | undefined;
  feedback?: MessageFeedback | undefined;
  [key: string]: unknown;
}

export type ChatMessage = UIMessage<MessageMetadata>;
export type ChatPart = ChatMessage['parts'][number];
export type ChatChunk = UIMessageChunk;

/** The active run of a session. `messageId` names the assistant's message; `attempt` starts at 1. */
export interface ActiveRun {
  runId: string;
  messageId: string;
  status: StreamStatus;
  attempt: number;
}

// --- Building blocks -------------------------------------------------------------------------------------------

const cursorSchema = z
  .string()
  .check(z.refine((text) => parseCursor(text) !== null, 'must be a cursor, <fence>-<seq>'));
const messageIdSchema = z.string().check(z.regex(MESSAGE_ID_PATTERN, 'must be 1 to 64 of A-Z a-z 0-9 _ -'));

const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.string(),
  detail: z.optional(z.string()),
  retryable: z.boolean(),
  retryAfterMs: z.optional(z.number()),
}) satisfies z.ZodMiniType<Problem>;

const chatMessageSchema = z.pipe(
  z.looseObject({
    id: z.string(),
    role: z.enum(['system', 'user', 'assistant']),
    metadata: z.optional(z.unknown()),
    parts: z.array(z.looseObject({ type: z.string() })),
  }),
  // The parts are the AI SDK's; their insides are read defensively where they are drawn.
  z.transform((message) => message as unknown as ChatMessage),
);

const chunkSchema = z.pipe(
  z.looseObject({ type: z.string() }),
  z.transform((chunk) => chunk as unknown as ChatChunk),
);

const activeRunSchema = z.looseObject({
  runId: z.string(),
  messageId: z.string(),
  status: z.enum(STREAM_STATUSES),
  attempt: z.number(),
}) satisfies z.ZodMiniType<ActiveRun>;

// --- Requests (strict) -----------------------------------------------------------------------------------------

export const mintRequestSchema = z.strictObject({});

/**
 * `sessionId` is any text here: one that is not the token's own is 404, malformed or not, and never 400.
 * A prompt of white space alone is refused; any other is kept byte for byte.
 */
export const promptRequestSchema = z
  .strictObject({
    sessionId: z.string(),
    prompt: z.optional(
      z.string().check(
        z.refine((text) => text.trim() !== '', 'must not be blank'),
        // Half of a surrogate pair has no UTF-8, so it could not be kept as it is.
        z.refine((text) => text.isWellFormed(), 'must be well-formed Unicode'),
      ),
    ),
    messageId: z.optional(messageIdSchema),
    parentId: z.optional(z.union([messageIdSchema, z.literal('')])),
  })
  .check(
    z.refine((body) => body.prompt !== undefined || body.parentId !== undefined, {
      message: 'needs a prompt, or a parentId to answer again',
      path: ['prompt'],
    }),
  );
export type PromptRequest = z.output<typeof promptRequestSchema>;

export const streamQuerySchema = z.strictObject({
  sessionId: z.string(),
  after: z.optional(cursorSchema),
  until: z.optional(z.literal('idle')),
});
export const lastEventIdSchema = cursorSchema;

export const stopQuerySchema = z.strictObject({
  sessionId: z.string(),
  runId: z.optional(messageIdSchema),
});

/** UTF-16 code units of a comment: less than a body may have, so that each of them is kept. */
export const MAX_COMMENT_LENGTH = 4000;

/** `rating: null` takes back what was said before, its comment too. */
export const feedbackRequestSchema = z.strictObject({
  messageId: messageIdSchema,
  rating: z.nullable(z.enum(RATINGS)),
  comment: z.optional(
    z.string().check(
      z.maxLength(MAX_COMMENT_LENGTH),
      z.refine((text) => text.isWellFormed(), 'must be well-formed Unicode'),
    ),
  ),
});
export type FeedbackRequest = z.output<typeof feedbackRequestSchema>;

/** Nothing is shared for longer than a session's own token lives. */
export const shareRequestSchema = z.strictObject({
  expiresInSeconds: z.optional(
    z
      .number()
      .check(z.refine((seconds) => Number.isInteger(seconds) && seconds > 0, 'must be a whole number, 1 or more')),
  ),
});

/** What a share is answered with. */
export interface ShareAnswer {
  shareId: string;
  /** Read-only. */
  token: string;
  /** ms since the epoch. */
  expiresAt: number;
}

// --- Answers (loose) -------------------------------------------------------------------------------------------

export const mintAnswerSchema = z.looseObject({ sessionId: z.string(), token: z.string(), expiresAt: z.number() });
export type MintAnswer = z.output<typeof mintAnswerSchema>;

export const promptAnswerSchema = z.looseObject({
  sessionId: z.string(),
  messageId: z.string(),
  runId: z.string(),
  cursor: cursorSchema,
});
export type PromptAnswer = z.output<typeof promptAnswerSchema>;

export const stopAnswerSchema = z.looseObject({ cancelled: z.boolean(), runId: z.optional(z.string()) });
export type StopAnswer = z.output<typeof stopAnswerSchema>;

export const sessionAnswerSchema = z.looseObject({
  sessionId: z.string(),
  messages: z.array(chatMessageSchema),
  run: z.nullable(activeRunSchema),
  cursor: cursorSchema,
});
export type SessionAnswer = z.output<typeof sessionAnswerSchema>;

export const problemAnswerSchema = problemSchema;

// --- Messages of the log ---------------------------------------------------------------------------------------

/** Where an entry stands, as far as its own text says it: see `follows` in cursor.ts. */
const position = { prev: z.optional(cursorSchema), from: z.optional(cursorSchema) };

export const streamMessageSchema = z.discriminatedUnion('type', [
  z.looseObject({
    ...position,
    type: z.literal('snapshot'),
    sessionId: z.string(),
    messages: z.array(chatMessageSchema),
  }),
  z.looseObject({
    ...position,
    type: z.literal('message'),
    message: chatMessageSchema,
    runId: z.string(),
    parentId: z.optional(z.string()),
  }),
  z.looseObject({
    ...position,
    type: z.literal('metadata'),
    status: z.enum(STREAM_STATUSES),
    runId: z.string(),
    messageId: z.string(),
    attempt: z.number(),
    parentId: z.optional(z.string()),
    reset: z.optional(z.boolean()),
    steps: z.optional(z.number()),
    finishReason: z.optional(z.string()),
    usage: z.optional(
      z.looseObject({
        inputTokens: z.optional(z.number()),
        outputTokens: z.optional(z.number()),
        totalTokens: z.optional(z.number()),
      }),
    ),
    at: z.optional(z.number()),
  }),
  z.looseObject({ ...position, type: z.literal('chunk'), runId: z.string(), chunk: chunkSchema }),
  z.looseObject({ ...position, type: z.literal('error'), runId: z.string(), problem: problemSchema }),
]);
export type StreamMessage = z.output<typeof streamMessageSchema>;
export type SnapshotMessage = Extract<StreamMessage, { type: 'snapshot' }>;
export type MetadataMessage = Extract<StreamMessage, { type: 'metadata' }>;

/** The least that any message must have; one of an unknown type is skipped, and its cursor still counts. */
export const anyMessageSchema = z.looseObject({ ...position, type: z.string() });

export const BYE_REASONS = ['shutdown', 'max-age', 'slow-consumer', 'gone'] as const;
export type ByeReason = (typeof BYE_REASONS)[number];
export const byeSchema = z.looseObject({ reason: z.string(), retryAfterMs: z.optional(z.number()) });

/** A message of the log with its id: what the reducer folds. */
export interface Frame {
  id: Cursor;
  message: StreamMessage;
}
