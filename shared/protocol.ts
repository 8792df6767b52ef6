/**
 * The wire contract in code: routes, and a schema for every request, answer and message.
 *
 * Requests are validated strictly: unknown fields are refused. Answers and messages are validated loosely: unknown
 * fields, message types and chunk types are kept or skipped, never refused. So neighbouring versions work side by side.
 */
import type { UIMessage, UIMessageChunk } from 'ai';
import * as z from 'zod/mini';
import { parseCursor, type Cursor } from './cursor.ts';
import { MESSAGE_ID_PATTERN } from './ids.ts';
import type { Problem } from './problem.ts';
import { STREAM_STATUSES, type StreamStatus } from './run-status.ts';

/** Paths of the API. */
export const ROUTES = {
  sessions: '/api/sessions',
  session: '/api/sessions/:sessionId',
  feedback: '/api/sessions/:sessionId/feedback',
  share: '/api/sessions/:sessionId/share',
  prompt: '/api/llm-stream',
  stream: '/api/check-stream',
} as const;

/** Paths outside the API. */
export const PAGES = {
  health: '/healthz',
  ready: '/readyz',
  widget: '/widget.js',
  demo: '/',
} as const;

/** SSE event of the keep-alive. A real event and not a comment, so that every client sees that the connection lives. */
export const PING_EVENT = 'ping';
/** SSE event that the relay sends before it closes a stream. */
export const BYE_EVENT = 'bye';
/** Time between two pings. */
export const PING_INTERVAL_MS = 15_000;

// --- Runs ------------------------------------------------------------------------------------------------------

export { STREAM_STATUSES, isTerminal, type StreamStatus, type TerminalStatus } from './run-status.ts';

/** The run that made an assistant's message, as the transcript keeps it under `metadata.run`. */
export interface RunMetadata {
  runId: string;
  status: StreamStatus;
  attempt: number;
  finishReason?: string | undefined;
  usage?: Usage | undefined;
  problem?: Problem | undefined;
}

/** Tokens of a run, as far as the model reports them. */
export interface Usage {
  inputTokens?: number | undefined;
  outputTokens?: number | undefined;
  totalTokens?: number | undefined;
}

/** A reader's rating of an answer, under `metadata.feedback`. */
export interface MessageFeedback {
  rating: Rating;
  comment?: string | undefined;
}

/** Ratings that a reader may give an answer. */
export const RATINGS = ['up', 'down'] as const;
export type Rating = (typeof RATINGS)[number];

/** Metadata of a message: the relay's own fields, and whatever the model's provider adds. */
export interface MessageMetadata {
  run?: RunMetadata | undefined;
  feedback?: MessageFeedback | undefined;
  [key: string]: unknown;
}

export type ChatMessage = UIMessage<MessageMetadata>;
export type ChatPart = ChatMessage['parts'][number];
export type ChatChunk = UIMessageChunk;

/** The active run of a session. `messageId` names the assistant's message. `attempt` starts at 1. */
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
  // The AI SDK defines the parts; whoever draws them checks their fields.
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

/** A new session: an empty object. */
export const mintRequestSchema = z.strictObject({});

/**
 * A prompt, an edit (`prompt` and `parentId`) or a regenerate (`parentId` alone). `sessionId` is any text: one that is
 * not the token's own is 404, malformed or not, and never 400. A blank prompt is refused; others are kept byte for byte.
 */
export const promptRequestSchema = z
  .strictObject({
    sessionId: z.string(),
    prompt: z.optional(
      z.string().check(
        z.refine((text) => text.trim() !== '', 'must not be blank'),
        // A lone surrogate has no UTF-8 encoding, so it could not be kept as it is.
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

/** Query of the stream. `after` is exclusive. */
export const streamQuerySchema = z.strictObject({
  sessionId: z.string(),
  after: z.optional(cursorSchema),
  until: z.optional(z.literal('idle')),
});
/** The header `Last-Event-ID`, which overrides `after`. */
export const lastEventIdSchema = cursorSchema;

/** Query of a stop. Without `runId` the active run is stopped. */
export const stopQuerySchema = z.strictObject({
  sessionId: z.string(),
  runId: z.optional(messageIdSchema),
});

/** Length of a comment in UTF-16 units. Fits a request body of the default size (MAX_BODY_BYTES) in any script. */
export const MAX_COMMENT_LENGTH = 4000;

/** `rating: null` removes an earlier rating with its comment. */
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

/** A share never outlives the session's own token. */
export const shareRequestSchema = z.strictObject({
  expiresInSeconds: z.optional(
    z
      .number()
      .check(z.refine((seconds) => Number.isInteger(seconds) && seconds > 0, 'must be a whole number, 1 or more')),
  ),
});

/** Answer to a request for a share. */
export interface ShareAnswer {
  shareId: string;
  /** Read-only. */
  token: string;
  /** ms since the epoch. */
  expiresAt: number;
}

// --- Answers (loose) -------------------------------------------------------------------------------------------

/** A session's credentials. `expiresAt` is ms since the epoch. */
export const mintAnswerSchema = z.looseObject({ sessionId: z.string(), token: z.string(), expiresAt: z.number() });
export type MintAnswer = z.output<typeof mintAnswerSchema>;

/** An accepted prompt. `cursor` is the place in the log just before it. */
export const promptAnswerSchema = z.looseObject({
  sessionId: z.string(),
  messageId: z.string(),
  runId: z.string(),
  cursor: cursorSchema,
});
export type PromptAnswer = z.output<typeof promptAnswerSchema>;

/** A stop: whether there was a run to cancel, and which. */
export const stopAnswerSchema = z.looseObject({ cancelled: z.boolean(), runId: z.optional(z.string()) });
export type StopAnswer = z.output<typeof stopAnswerSchema>;

/** The folded state of a session. */
export const sessionAnswerSchema = z.looseObject({
  sessionId: z.string(),
  messages: z.array(chatMessageSchema),
  run: z.nullable(activeRunSchema),
  cursor: cursorSchema,
});
export type SessionAnswer = z.output<typeof sessionAnswerSchema>;

/** A refusal. */
export const problemAnswerSchema = problemSchema;

// --- Messages of the log ---------------------------------------------------------------------------------------

/** The place of an entry, as far as its text states it: see `follows` in cursor.ts. */
const place = { prev: z.optional(cursorSchema), from: z.optional(cursorSchema) };

/** Every message of the log, by `type`. */
export const streamMessageSchema = z.discriminatedUnion('type', [
  z.looseObject({
    ...place,
    type: z.literal('snapshot'),
    sessionId: z.string(),
    messages: z.array(chatMessageSchema),
  }),
  z.looseObject({
    ...place,
    type: z.literal('message'),
    message: chatMessageSchema,
    runId: z.string(),
    parentId: z.optional(z.string()),
  }),
  z.looseObject({
    ...place,
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
  z.looseObject({ ...place, type: z.literal('chunk'), runId: z.string(), chunk: chunkSchema }),
  z.looseObject({ ...place, type: z.literal('error'), runId: z.string(), problem: problemSchema }),
]);
export type StreamMessage = z.output<typeof streamMessageSchema>;
export type SnapshotMessage = Extract<StreamMessage, { type: 'snapshot' }>;
export type MetadataMessage = Extract<StreamMessage, { type: 'metadata' }>;

/** The minimum of any message. One of an unknown type is skipped; its cursor still counts. */
export const anyMessageSchema = z.looseObject({ ...place, type: z.string() });

/** Why the relay closes a stream. A client accepts all of them; this relay never sends `max-age`. */
export const BYE_REASONS = ['shutdown', 'max-age', 'slow-consumer', 'gone'] as const;
export type ByeReason = (typeof BYE_REASONS)[number];
/** Data of `bye`. The reason is any string: a newer relay may have others. */
export const byeSchema = z.looseObject({ reason: z.string(), retryAfterMs: z.optional(z.number()) });

/** A message of the log with its id: the input of the fold. */
export interface Frame {
  id: Cursor;
  message: StreamMessage;
}
