import type { Context } from 'hono';
import * as z from 'zod/mini';
import { newId } from '#shared/ids.ts';
import type { SessionToken, SessionTokens } from '../auth/session-token.ts';
import { RelayError } from '../util/relay-error.ts';
import type { Call, Endpoint, RelayEnv } from './endpoint.ts';
import { parseJsonObject, readBody } from './read-json.ts';
import type { SessionStore } from '../store/session-store.ts';

/** What the checks use. */
export interface CheckOptions {
  tokens: SessionTokens;
  /** The time in ms since the epoch. */
  clock: () => number;
  maxBodyBytes: number;
  maxPromptBytes: number;
  isDraining(): boolean;
  /** The limit of open streams is reached. */
  isFull(): boolean;
  /** Rejects while the store is known to be unreachable. */
  storeReachable(): Promise<void>;
  store: Pick<SessionStore, 'head'>;
}

/** A request that is being checked; each check adds what it has found out. */
export interface Draft {
  readonly c: Context<RelayEnv>;
  readonly endpoint: Endpoint;
  readonly originAllowed: boolean;
  readonly address: string | undefined;
  bytes?: Uint8Array;
  session?: SessionToken;
  fields?: { body: unknown; query: unknown };
}

type Check = (draft: Draft, options: CheckOptions) => void | Promise<void>;

/** When a client should retry while a relay drains or is full, in ms. */
export const BUSY_RETRY_MS = 1000;

/**
 * The checks in the order of docs/protocol.md. 404 for an unknown path and 405 come before them (route.ts); 410, the
 * route's own problems and 429 come after them, in the route.
 */
const CHECKS: readonly Check[] = [
  available, // 503
  mediaType, // 415
  bodySize, // 413
  origin, // 403
  token, // 401
  notRevoked, // 401
  mayWrite, // 403
  fields, // 400
  promptSize, // 413
  ownSession, // 404
];

/**
 * Runs all checks in their order.
 *
 * @throws RelayError of the first check that fails.
 */
export async function runChecks(draft: Draft, options: CheckOptions): Promise<Call> {
  for (const check of CHECKS) await check(draft, options);
  return toCall(draft);
}

async function available({ c, endpoint }: Draft, { isDraining, isFull, storeReachable }: CheckOptions): Promise<void> {
  const begins = endpoint.opensStream === true || c.req.method === 'POST';
  if (begins && isDraining()) throw new RelayError('draining', { retryAfterMs: BUSY_RETRY_MS });
  await storeReachable();
  if (endpoint.opensStream && isFull()) throw new RelayError('overloaded', { retryAfterMs: BUSY_RETRY_MS });
}

function mediaType({ c, endpoint }: Draft): void {
  if (!endpoint.body) return;
  const [type = '', ...parameters] = (c.req.header('content-type') ?? '').toLowerCase().split(';');
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='));
  const encoding = c.req.header('content-encoding')?.toLowerCase() ?? 'identity';
  const isJson = type.trim() === 'application/json' && (charset === undefined || /^charset="?utf-8"?$/.test(charset));
  if (!isJson || encoding !== 'identity') throw new RelayError('unsupported-media-type');
}

async function bodySize(draft: Draft, { maxBodyBytes }: CheckOptions): Promise<void> {
  if (draft.endpoint.body) draft.bytes = await readBody(draft.c.req.raw, maxBodyBytes);
}

function origin({ originAllowed }: Draft): void {
  if (!originAllowed) throw new RelayError('origin-not-allowed');
}

async function token(draft: Draft, { tokens, clock }: CheckOptions): Promise<void> {
  const { c, endpoint } = draft;
  const authorization = c.req.header('authorization');
  const mints = endpoint.access === 'mint';
  draft.session =
    endpoint.access === 'open' || (mints && authorization === undefined)
      ? { sessionId: newId(), mintedAt: clock(), cap: 'rw' }
      : await tokens.verify(authorization, { expiredOk: mints });
}

/** The token of a revoked share is no longer valid. */
async function notRevoked({ session }: Draft, { store }: CheckOptions): Promise<void> {
  if (session?.share === undefined) return;
  const head = await store.head(session.sessionId);
  if (head.kind === 'open' && session.share < head.revoked) throw new RelayError('unauthorized');
}

function mayWrite({ endpoint, session }: Draft): void {
  if (endpoint.access !== 'read' && session?.cap !== 'rw') throw new RelayError('read-only');
}

function fields(draft: Draft): void {
  const { c, endpoint, bytes } = draft;
  const parameters = new URL(c.req.url).searchParams;
  if (new Set(parameters.keys()).size !== parameters.size) {
    throw new RelayError('invalid-request', { detail: 'The query has a field twice.' });
  }
  draft.fields = {
    query: parse(endpoint.query ?? z.strictObject({}), Object.fromEntries(parameters)),
    body: endpoint.body && parse(endpoint.body, parseJsonObject(bytes ?? new Uint8Array())),
  };
  endpoint.checkFields?.(toCall(draft));
}

function promptSize(draft: Draft, { maxPromptBytes }: CheckOptions): void {
  const prompt = draft.endpoint.prompt?.(toCall(draft));
  if (prompt === undefined || maxPromptBytes === 0) return;
  if (new TextEncoder().encode(prompt).length > maxPromptBytes) {
    throw new RelayError('payload-too-large', { detail: `A prompt may have at most ${maxPromptBytes} bytes.` });
  }
}

function ownSession(draft: Draft): void {
  const call = toCall(draft);
  const asked = draft.endpoint.sessionId?.(call);
  if (asked !== undefined && asked !== call.session.sessionId) throw new RelayError('not-found');
}

function toCall({ c, session, fields, address }: Draft): Call {
  if (!session || !fields) throw new TypeError('a check ran before the one that it depends on');
  return { c, session, address, ...fields };
}

/** Validates fields. The detail of a refusal names fields of the protocol, never what the client sent. */
function parse<T>(schema: z.ZodMiniType<T>, value: object): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const detail =
    issue?.code === 'unrecognized_keys'
      ? 'The request has an unknown field.'
      : `${issue?.path.join('.') || 'The request'}: ${issue?.code === 'custom' ? issue.message : 'is missing or not valid'}.`;
  throw new RelayError('invalid-request', { detail });
}
