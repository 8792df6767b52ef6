import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseCursor } from '#shared/cursor.ts';
import { createProblem, type ProblemCode, type ProblemOptions } from '#shared/problem.ts';
import { createFakeSession, encodeEntry, mergeEntries, type FakeEntry, type FakeSession } from './fake-session.ts';

export interface FakeRequest {
  method: string;
  path: string;
  token: string | null;
  body: Record<string, unknown>;
  /** How many requests of this method and path came before it. */
  count: number;
}

/** What the relay does instead of answering. */
export type Fault =
  | { kind: 'problem'; code: ProblemCode; options?: ProblemOptions; retryAfter?: string }
  /** Something that is not the relay has answered. */
  | { kind: 'page'; status: number; headers?: Record<string, string> }
  /** Never answers. */
  | { kind: 'hang' }
  /** The connection dies before anything is done, or after. */
  | { kind: 'drop' }
  | { kind: 'drop-answer' }
  /** Accepts a prompt, and then has never heard of it: a store that lost its end. */
  | { kind: 'forget' };

/** How one stream misbehaves. */
export interface LinePlan {
  /** The bytes of the body after which it ends, and how: a reset, a clean end, or silence for ever. */
  cut?: { afterBytes: number; how: 'reset' | 'end' | 'silence' };
  /** Bytes per write, each in a packet of its own; all at once when not given. */
  writeBytes?: number;
  /** Rewrites what is sent. */
  encode?: (text: string) => string;
  /** Rewrites the entries of the replay. */
  entries?: (entries: readonly FakeEntry[]) => readonly FakeEntry[];
  /** Replays each delta by itself instead of merged. */
  unmerged?: boolean;
  /** Sent after the replay and its ping. */
  tail?: string;
  /** Holds back everything after the headers, or the headers too, as a proxy that buffers does. */
  buffered?: 'body' | 'all';
  /** Leaves out the ping that says 'caught up'. */
  noPing?: boolean;
}

/** A relay over a real socket that keeps to the wire contract, except where a test tells it not to. */
export interface FakeRelay {
  readonly origin: string;
  readonly sessions: Map<string, FakeSession>;
  readonly requests: FakeRequest[];
  /** Streams open now, and how many there ever were. */
  readonly openStreams: number;
  readonly streams: number;
  fault: (request: FakeRequest) => Fault | null;
  plan: (stream: number) => LinePlan;
  /** Called after a prompt was stored; writes the answer. */
  answer: (session: FakeSession, runId: string, prompt: string) => void;
  /** Only these tokens are good; every minted or renewed one is added. */
  readonly tokens: Map<string, string>;
  session(): FakeSession;
  /** Makes a session with a token for it. */
  mint(sessionId?: string): { sessionId: string; token: string };
  /** Ends all streams at once. */
  cutStreams(): void;
  /** The streams that are open bring nothing any more, and do not end. */
  silenceStreams(): void;
  sendToAll(text: string): void;
  close(): Promise<void>;
}

const EVENT_STREAM = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' };

export async function createFakeRelay(): Promise<FakeRelay> {
  const open = new Set<{ send(text: string): void; silence(): void; response: ServerResponse }>();
  let streams = 0;
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const relay: FakeRelay = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sessions: new Map(),
    requests: [],
    tokens: new Map(),
    get openStreams() {
      return open.size;
    },
    get streams() {
      return streams;
    },
    fault: () => null,
    plan: () => ({}),
    answer: (session, runId, prompt) => session.writeAnswer(runId, ['You said: ', prompt]),
    session() {
      const [session] = relay.sessions.values();
      if (!session) throw new Error('there is no session yet');
      return session;
    },
    mint(sessionId = randomBytes(12).toString('hex')) {
      const token = `token-${randomBytes(8).toString('hex')}`;
      relay.tokens.set(token, sessionId);
      if (!relay.sessions.has(sessionId)) relay.sessions.set(sessionId, createFakeSession(sessionId));
      return { sessionId, token };
    },
    cutStreams() {
      for (const { response } of open) response.destroy();
    },
    silenceStreams() {
      for (const own of open) own.silence();
    },
    sendToAll(text) {
      for (const { send } of open) send(text);
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', relay.origin);
    const text = await readBody(request);
    const method = request.method ?? 'GET';
    const asked: FakeRequest = {
      method,
      path: url.pathname,
      token: request.headers.authorization?.replace('Bearer ', '') ?? null,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      count: relay.requests.filter((other) => other.method === method && other.path === url.pathname).length,
    };
    relay.requests.push(asked);
    const fault = relay.fault(asked);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'drop') return void response.destroy();
    if (fault?.kind === 'page') {
      response.writeHead(fault.status, { 'content-type': 'text/html', ...fault.headers }).end('<h1>Hello</h1>');
      return;
    }
    if (fault?.kind === 'problem') {
      const headers: Record<string, string> = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
      return refuse(response, fault.code, fault.options, headers);
    }
    const answer = (status: number, body: object): void => {
      if (fault?.kind === 'drop-answer') response.destroy();
      else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };

    if (method === 'POST' && url.pathname === '/api/sessions') {
      const known = asked.token === null ? undefined : relay.tokens.get(asked.token.replace(/^stale:/, ''));
      if (asked.token !== null && known === undefined) return refuse(response, 'unauthorized');
      return answer(201, { ...relay.mint(known), expiresAt: Date.now() + 172_800_000 });
    }
    const sessionId = asked.token === null ? undefined : relay.tokens.get(asked.token);
    if (sessionId === undefined) return refuse(response, 'unauthorized');
    const session = relay.sessions.get(sessionId);
    const inPath = /^\/api\/sessions\/([^/]+)(\/feedback)?$/.exec(url.pathname)?.[1];
    if (!session || sessionId !== (inPath ?? asked.body.sessionId ?? url.searchParams.get('sessionId'))) {
      return refuse(response, 'not-found');
    }
    if (session.gone) return refuse(response, 'session-expired');
    if (fault?.kind === 'forget') return answer(202, { ...asked.body, runId: 'forgotten', cursor: session.head });
    if (inPath !== undefined && method === 'GET') {
      if (session.entries.length === 0) return refuse(response, 'stream-not-started');
      const { messages, run, cursor } = session.state;
      return answer(200, { sessionId, messages, run, cursor });
    }
    if (inPath !== undefined) {
      if (fault?.kind === 'drop-answer') response.destroy();
      else response.writeHead(204).end();
      return;
    }
    if (method === 'POST') return accept(session, asked.body, answer, response);
    if (method === 'DELETE') {
      const { run } = session.state;
      const isMeant = run !== null && [null, run.runId].includes(url.searchParams.get('runId'));
      if (isMeant) {
        session.raiseFence();
        session.writeEnd(run.runId, 'cancelled');
      }
      return answer(200, isMeant ? { cancelled: true, runId: run.runId } : { cancelled: false });
    }
    if (session.entries.length === 0) return refuse(response, 'stream-not-started');
    const after = (request.headers['last-event-id'] as string | undefined) ?? url.searchParams.get('after');
    if (after !== null && !parseCursor(after)) return refuse(response, 'invalid-request');
    return stream(session, after, response);
  }

  function accept(
    session: FakeSession,
    body: Record<string, unknown>,
    answer: (status: number, body: object) => void,
    response: ServerResponse,
  ): void {
    const { messageId, prompt, parentId } = body as { messageId: string; prompt?: string; parentId?: string };
    const known = session.answers.get(messageId);
    if (known) return answer(200, known);
    if (session.state.run) return refuse(response, 'run-active');
    const runId = randomBytes(12).toString('hex');
    const accepted = { sessionId: session.sessionId, messageId, runId, cursor: session.head };
    session.answers.set(messageId, accepted);
    if (prompt !== undefined) session.writePrompt(messageId, runId, prompt, parentId);
    else {
      session.raiseFence();
      session.write({ type: 'metadata', status: 'queued', runId, messageId: runId, attempt: 1, parentId });
    }
    answer(202, accepted);
    relay.answer(session, runId, prompt ?? '');
  }

  function stream(session: FakeSession, after: string | null, response: ServerResponse): void {
    const plan = relay.plan(streams);
    streams += 1;
    if (plan.buffered === 'body') response.writeHead(200, EVENT_STREAM).flushHeaders();
    if (plan.buffered) return;
    response.writeHead(200, EVENT_STREAM);
    let sent = 0;
    let ended = false;
    const send = (text: string): void => {
      let bytes = Buffer.from((plan.encode ?? ((same) => same))(text));
      if (ended) return;
      if (plan.cut && sent + bytes.length >= plan.cut.afterBytes) {
        bytes = bytes.subarray(0, plan.cut.afterBytes - sent);
        ended = true;
      }
      sent += bytes.length;
      const size = plan.writeBytes ?? (bytes.length || 1);
      for (let at = 0; at < bytes.length; at += size) response.write(bytes.subarray(at, at + size));
      if (!ended) return;
      if (plan.cut?.how === 'end') response.end();
      // Once what was written has left: a reset would throw it away.
      else if (plan.cut?.how === 'reset') response.write('', () => setTimeout(() => response.destroy(), 1));
    };
    const own = { send, response, silence: () => void (ended = true) };
    open.add(own);
    const unsubscribe = session.subscribe((entry) => send(encodeEntry(entry)));
    response.on('close', () => {
      open.delete(own);
      unsubscribe();
    });

    const { snapshot, entries } = session.replay(after);
    const replayed = plan.unmerged ? entries : mergeEntries(entries);
    if (snapshot) send(encodeEntry(snapshot));
    for (const entry of plan.entries?.(replayed) ?? replayed) send(encodeEntry(entry));
    if (!plan.noPing) send('event: ping\ndata: {}\n\n');
    if (plan.tail !== undefined) send(plan.tail);
    response.flushHeaders();
  }

  return relay;
}

function refuse(
  response: ServerResponse,
  code: ProblemCode,
  options: ProblemOptions = {},
  headers: Record<string, string> = {},
): void {
  const problem = createProblem(code, options);
  response.writeHead(problem.status, { 'content-type': 'application/problem+json', ...headers });
  response.end(JSON.stringify(problem));
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request) text += piece;
  return text;
}
