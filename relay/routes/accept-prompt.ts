import { START, type Cursor } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import { promptRequestSchema, ROUTES, type PromptAnswer, type PromptRequest } from '#shared/protocol.ts';
import type { SessionToken, SessionTokens } from '../auth/session-token.ts';
import type { PromptLimiter } from '../limits/prompt-limiter.ts';
import { RelayError } from '../util/relay-error.ts';
import { withoutUndefined } from '../util/without-undefined.ts';
import { encodeMessage, type LogMessage } from '../store/entries/encode-message.ts';
import { readSession } from '../store/read-session.ts';
import type { SessionStore, SubmitAnswer, SubmitInput } from '../store/session-store.ts';
import type { Call, Endpoint } from '../http/endpoint.ts';
import { sessionEmpty, sessionExpired } from '../http/session-problems.ts';

export interface AcceptPromptOptions {
  store: SessionStore;
  tokens: SessionTokens;
  limiter: PromptLimiter | undefined;
  /** Asks for a stored run to be executed, without waiting for that. */
  dispatch(sessionId: string, runId: string): void;
  /** ms since the epoch. */
  clock: () => number;
}

/** How often a prompt is checked again because another one was accepted between its check and its write. */
const ATTEMPTS = 5;
/** When a client should retry while a run is active, in ms: a reply takes seconds. */
const RUN_RETRY_MS = 1000;

/** Accepts a prompt, an edit or a regenerate. It is stored before it is answered. */
export function acceptPrompt(options: AcceptPromptOptions): Endpoint<PromptRequest> {
  return {
    access: 'write',
    body: promptRequestSchema,
    sessionId: ({ body }) => body.sessionId,
    prompt: ({ body }) => body.prompt,
    handle: (call) => accept(options, call),
  };
}

async function accept(
  options: AcceptPromptOptions,
  { c, session, body, address }: Call<PromptRequest>,
): Promise<Response> {
  const { store, limiter, dispatch } = options;
  const input = await toSubmitInput(body, options.clock());

  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    // Every check runs once without writing, so that the limiter, which comes last, counts accepted prompts only.
    const checked = await store.submit(session.sessionId, { ...input, dryRun: true });
    const known = settled(checked, options, session);
    if (known) return respond(known, 200);
    const expect = endOfLog(checked);
    if (body.parentId !== undefined && !(await hasParent(store, session.sessionId, body, expect))) continue;

    const ticket = await limiter?.take(session.sessionId, address);
    if (ticket?.kind === 'limited') throw new RelayError('rate-limited', { retryAfterMs: ticket.retryAfterMs });
    const written = await store.submit(session.sessionId, { ...input, expect });
    if (written.kind === 'ok') {
      dispatch(session.sessionId, input.runId);
      return respond({ cursor: written.cursor, runId: input.runId }, 202);
    }
    await ticket?.giveBack();
  }
  // Other prompts were accepted each time, so a run is active.
  throw new RelayError('run-active', { retryAfterMs: RUN_RETRY_MS });

  function respond({ cursor, runId }: { cursor: Cursor; runId: string }, status: 200 | 202): Response {
    const { sessionId } = session;
    const answer: PromptAnswer = { sessionId, messageId: input.messageId, runId, cursor };
    return c.json(answer, status, { Location: `${ROUTES.stream}?sessionId=${sessionId}&after=${cursor}` });
  }
}

async function toSubmitInput(
  { prompt, parentId, messageId = newId() }: PromptRequest,
  at: number,
): Promise<SubmitInput> {
  const runId = newId();
  const parent = withoutUndefined({ parentId });
  const message: LogMessage =
    prompt === undefined
      ? { type: 'metadata', status: 'queued', runId, messageId: runId, attempt: 1, ...parent, at }
      : {
          type: 'message',
          message: { id: messageId, role: 'user', parts: [{ type: 'text', text: prompt }] },
          runId,
          ...parent,
        };
  return {
    messageId,
    hash: await hashOf(JSON.stringify([prompt ?? null, parentId ?? null])),
    runId,
    entries: [encodeMessage(message)],
  };
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The first answer to this message when it was accepted before; null when it may be written.
 *
 * @throws RelayError when the store refuses it.
 */
function settled(
  answer: SubmitAnswer,
  { tokens }: AcceptPromptOptions,
  session: SessionToken,
): { cursor: Cursor; runId: string } | null {
  switch (answer.kind) {
    case 'ok':
      if (answer.cursor === START && !tokens.isYoung(session)) throw sessionEmpty(tokens, session);
      return null;
    case 'moved':
      return null;
    case 'same':
      return answer;
    case 'gone':
      throw sessionExpired();
    case 'mismatch':
      throw new RelayError('idempotency-mismatch');
    case 'active':
      throw new RelayError('run-active', { retryAfterMs: RUN_RETRY_MS });
    case 'full':
      throw new RelayError('store-full', { detail: 'This conversation is as long as it may be: begin a new one.' });
  }
}

function endOfLog(answer: SubmitAnswer): Cursor {
  if (answer.kind !== 'ok') throw new TypeError(`a check without writing was answered by ${answer.kind}`);
  return answer.cursor;
}

/**
 * Checks that the parent is in the conversation. False when the log has grown since `expect`, so that the caller checks
 * again.
 *
 * @throws RelayError `unknown-parent`
 */
async function hasParent(
  store: SessionStore,
  sessionId: string,
  { prompt, parentId }: PromptRequest,
  expect: Cursor,
): Promise<boolean> {
  const view = await readSession(store, sessionId);
  if (view.kind !== 'open' && expect !== START) return false;
  if (view.kind === 'open' && view.state.cursor !== expect) return false;
  const messages = view.kind === 'open' ? view.state.messages : [];
  // An edit follows any message, or none; a regenerate answers a message of the user.
  const parent = messages.find((message) => message.id === parentId);
  const isKnown = prompt === undefined ? parent?.role === 'user' : parentId === '' || parent !== undefined;
  if (!isKnown) throw new RelayError('unknown-parent');
  return true;
}
