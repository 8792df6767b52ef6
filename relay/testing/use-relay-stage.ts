import { afterEach, beforeEach } from 'vitest';
import type { MintAnswer, SessionAnswer } from '#shared/protocol.ts';
import { bearer, json, openRelayStage, type RelayStage, type RelayStageOptions } from './relay-stage.ts';

/** A stage and a session, new for each test of the file, and what its visitor asks. */
export interface Visit {
  readonly stage: RelayStage;
  /** Whose id and token are asked with; settable, to ask with a renewed token. */
  session: MintAnswer;
  /** Begins the test anew, with other options. */
  restart(options: RelayStageOptions): Promise<void>;
  post(body: object): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  del(path: string): Promise<Response>;
  state(): Promise<SessionAnswer>;
  /** Writes the due run from its start to its end; answers its id. */
  answer(text?: string): Promise<string>;
}

export function useRelayStage(): Visit {
  let stage: RelayStage;
  let session: MintAnswer;

  async function begin(options: RelayStageOptions = {}): Promise<void> {
    stage = openRelayStage(options);
    session = await stage.mint();
  }
  beforeEach(() => begin());
  afterEach(() => stage.close());

  const get: Visit['get'] = (path, headers = {}) =>
    stage.request(path, { headers: { ...bearer(session.token), ...headers } });
  return {
    get stage() {
      return stage;
    },
    get session() {
      return session;
    },
    set session(renewed) {
      session = renewed;
    },
    async restart(options) {
      await stage.close();
      await begin(options);
    },
    post: (body) => stage.request('/api/llm-stream', json({ sessionId: session.sessionId, ...body }, session.token)),
    get,
    del: (path) => stage.request(path, { method: 'DELETE', headers: bearer(session.token) }),
    state: async () => (await (await get(`/api/sessions/${session.sessionId}`)).json()) as SessionAnswer,
    answer: (text) => stage.answer(session, text),
  };
}
