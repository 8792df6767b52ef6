import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MockLanguageModelV4 } from 'ai/test';
import { newId } from '#shared/ids.ts';
import type { MintAnswer } from '#shared/protocol.ts';
import { createRelay, type Relay } from '../app.ts';
import type { RelayOptions } from '../relay-options.ts';
import type { Logger } from '../util/logger.ts';
import { createServer } from '../node/create-server.ts';
import { openSqliteStore, type SqliteStore } from '../store/sqlite/open-sqlite-store.ts';
import { encodeMessage, type LogMessage } from '../store/entries/encode-message.ts';
import type { SessionStore } from '../store/session-store.ts';

/** A relay over a store in memory, whose runs are written by the test instead of its runner. */
export interface RelayStage {
  relay: Relay;
  store: SqliteStore;
  /** ms since the epoch, for the tokens and the store; set it to move on. */
  clock: { now: number };
  /** What the relay logged as an error or a warning. */
  logged: { fields: object; message: string }[];
  /** A request to the relay as a `fetch` handler. */
  request(path: string, init?: RequestInit): Promise<Response>;
  mint(): Promise<MintAnswer>;
  /** Submits a prompt as a client does; answers the run's id. */
  prompt(session: MintAnswer, text?: string): Promise<string>;
  /** Claims the due run of a session and writes it. */
  write(sessionId: string): Promise<RunPen>;
  /** Writes the due run of a session from its start to its end; answers its id. */
  answer(session: MintAnswer, text?: string): Promise<string>;
  /** Listens on a free port of 127.0.0.1; answers the origin. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

/** Writes one run. */
export interface RunPen {
  runId: string;
  /** Text deltas, in one append. */
  text(...deltas: string[]): Promise<void>;
  append(...messages: LogMessage[]): Promise<void>;
  finish(): Promise<void>;
}

export const SECRET = 'a secret of at least thirty-two bytes';
export const TTL_MS = 60_000;

export interface RelayStageOptions extends Partial<RelayOptions> {
  /** Puts something between the relay and its store. */
  wrapStore?(store: SessionStore): SessionStore;
}

export function openRelayStage({ wrapStore = (store) => store, ...options }: RelayStageOptions = {}): RelayStage {
  const clock = { now: Date.now() };
  const logged: RelayStage['logged'] = [];
  const note = (fields: object, message: string) => void logged.push({ fields, message });
  const logger: Logger = { debug() {}, info() {}, warn: note, error: note };
  const store = openSqliteStore({ path: ':memory:', ttlMs: TTL_MS, clock: () => clock.now });
  const relay = createRelay({
    // Nothing is ever due for its runner.
    store: wrapStore({ ...store, take: async () => ({ due: [], nextDueMs: null }) }),
    model: new MockLanguageModelV4(),
    secret: SECRET,
    logger,
    sessionTtlMs: TTL_MS,
    clock: () => clock.now,
    drainMs: 200,
    ...options,
  });
  let server: Server | undefined;

  const request = async (path: string, init?: RequestInit) => relay.app.request(path, init);

  return {
    relay,
    store,
    clock,
    logged,
    request,
    async mint() {
      const response = await request('/api/sessions', json({}));
      return (await response.json()) as MintAnswer;
    },
    async prompt(session, text = 'Hello?') {
      const body = { sessionId: session.sessionId, prompt: text };
      const response = await request('/api/llm-stream', json(body, session.token));
      if (response.status !== 202) throw new Error(`the prompt was answered by ${response.status}`);
      return ((await response.json()) as { runId: string }).runId;
    },
    write: (sessionId) => claimRun(store, sessionId),
    async answer({ sessionId }, text = 'An answer') {
      const pen = await claimRun(store, sessionId);
      await pen.text(text);
      await pen.finish();
      return pen.runId;
    },
    async listen() {
      server = createServer({ relay, maxStreams: 0, onError: (error) => note({ error }, 'server') });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    async close() {
      await relay.close();
      server?.closeAllConnections();
      if (server) {
        server.close();
        await once(server, 'close');
      }
      await store.close();
    },
  };
}

/** What to pass to `request` for a POST of JSON, or any other method. */
export function json(body: unknown, token?: string, method = 'POST'): RequestInit {
  return { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...bearer(token) } };
}

/** What a refusal says: `404 not-found`. */
export async function problemOf(response: Response): Promise<string> {
  const { code } = (await response.json()) as { code: string };
  return `${response.status} ${code}`;
}

export function bearer(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

async function claimRun(store: SqliteStore, sessionId: string): Promise<RunPen> {
  const answer = await store.claim(sessionId, {
    token: newId(),
    owner: 'test',
    leaseMs: 60_000,
    maxAttempts: 3,
    takeover: { kind: 'restart' },
  });
  if (answer.kind !== 'lease') throw new Error(`the run cannot be claimed: ${answer.kind}`);
  const { fence, runId } = answer.lease;
  let next = answer.lease.next;
  let begun = false;

  const add = async (as: 'append' | 'finish', messages: readonly LogMessage[]) => {
    const written = await store[as](sessionId, { fence, seq: next, entries: messages.map(encodeMessage) });
    if (written.kind !== 'ok') throw new Error(`the store answered ${written.kind}`);
    next = written.next;
  };
  return {
    runId,
    append: (...messages) => add('append', messages),
    async text(...deltas) {
      const start: LogMessage[] = begun ? [] : [{ type: 'chunk', runId, chunk: { type: 'text-start', id: 't' } }];
      begun = true;
      const chunks = deltas.map((delta): LogMessage => ({
        type: 'chunk',
        runId,
        chunk: { type: 'text-delta', id: 't', delta },
      }));
      await add('append', [...start, ...chunks]);
    },
    finish: () =>
      add('finish', [
        { type: 'metadata', status: 'completed', runId, messageId: runId, attempt: 1, finishReason: 'stop' },
      ]),
  };
}
