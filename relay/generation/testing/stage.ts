import type { LanguageModel, ToolSet } from 'ai';
import { newId } from '#shared/ids.ts';
import { isTerminal, type ChatMessage, type StreamMessage } from '#shared/protocol.ts';
import { openSqliteStore } from '../../store/sqlite/open-sqlite-store.ts';
import { readSession, toFrame, type OpenSession } from '../../store/read-session.ts';
import type { SessionStore } from '../../store/session-store.ts';
import type { Engine } from '../../engine/engine.ts';
import { createInProcessEngine, type InProcessEngineOptions } from '../../engine/in-process/in-process-engine.ts';
import type { Workflow } from '../../engine/workflow.ts';
import { createGenerateReply, type GenerateReplyOptions } from '../generate-reply.ts';

/** A line that was logged. */
export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error';
  fields: object;
  message: string;
}

/** What the stage is made of; the rest are options of `createGenerateReply`. */
export interface StageOptions extends Partial<Omit<GenerateReplyOptions, 'store' | 'model' | 'logger'>> {
  model?: LanguageModel;
  tools?: ToolSet;
  /** The workflow to run in place of the one that answers prompts. */
  workflow?: (store: SessionStore) => Workflow;
  /** A store in place of one in memory. Closing it, and its clock, stay the caller's. */
  store?: SessionStore;
  /** Wraps the store for the engine and the workflow; the stage itself reads the store as it is. */
  wrap?: (store: SessionStore) => SessionStore;
  engine?: Partial<InProcessEngineOptions>;
  clock?: () => number;
}

/** A store in memory, engines and a session: everything between a prompt and its log. */
export function createStage(options: StageOptions) {
  const clock = { offsetMs: 0 };
  const store: SessionStore =
    options.store ?? openSqliteStore({ path: ':memory:', ttlMs: 3_600_000, clock: () => Date.now() + clock.offsetMs });
  const seen = options.wrap?.(store) ?? store;
  const sessionId = newId();
  const log: LogLine[] = [];
  const write = (level: LogLine['level']) => (fields: object, message: string) =>
    void log.push({ level, fields, message });
  const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const engines: Engine[] = [];

  const { model, workflow, wrap: _, store: given, engine: engineOptions, ...generation } = options;
  const generateReply = (): Workflow => {
    if (workflow) return workflow(seen);
    if (!model) throw new Error('the stage needs a model or a workflow');
    return createGenerateReply({
      maxOutputTokens: 4096,
      timeouts: { firstChunkMs: 5000, chunkMs: 5000, totalMs: 60_000 },
      ...generation,
      store: seen,
      model,
      logger,
    });
  };

  async function read(): Promise<OpenSession> {
    const session = await readSession(store, sessionId);
    if (session.kind !== 'open') throw new Error(`the session is ${session.kind}`);
    return session;
  }

  async function messages(): Promise<StreamMessage[]> {
    const found: StreamMessage[] = [];
    for (let after = '0-0'; ;) {
      const answer = await store.read(sessionId, { after, limit: 10_000 });
      if (answer.kind !== 'exact' || answer.entries.length === 0) return found;
      found.push(...answer.entries.map((entry) => toFrame(entry).message));
      after = answer.entries.at(-1)?.id ?? after;
    }
  }

  return {
    store,
    sessionId,
    log,
    logger,
    /** Advances the store's clock, so that leases run out. */
    advance(ms: number): void {
      clock.offsetMs += ms;
    },

    /** Starts another engine on the same store, as another process would. */
    start(more: Partial<InProcessEngineOptions> = {}): Engine {
      const engine = createInProcessEngine({
        store: seen,
        workflow: generateReply(),
        logger,
        owner: `engine-${engines.length}`,
        leaseMs: 2000,
        takeover: 'restart',
        pollMs: 20,
        ...engineOptions,
        ...more,
      });
      engines.push(engine);
      engine.start();
      return engine;
    },

    async prompt(text: string): Promise<string> {
      const [runId, messageId] = [newId(), newId()];
      const message = {
        type: 'message',
        message: { id: messageId, role: 'user', parts: [{ type: 'text', text }] },
        runId,
      };
      const answer = await store.submit(sessionId, {
        messageId,
        hash: messageId,
        runId,
        entries: [JSON.stringify(message)],
      });
      if (answer.kind !== 'ok') throw new Error(`the prompt was not accepted: ${answer.kind}`);
      await Promise.all(engines.map((engine) => engine.dispatch(sessionId, runId)));
      return runId;
    },

    read,
    messages,

    /** Polls `found` until it returns something other than null, undefined and false. */
    async until<T>(
      found: () => Promise<T | null | undefined | false> | T | null | undefined | false,
      ms = 15_000,
    ): Promise<T> {
      for (const end = Date.now() + ms; ;) {
        const value = await found();
        if (value !== null && value !== undefined && value !== false) return value;
        if (Date.now() > end)
          throw new Error(`nothing within ${ms} ms; the log ends with ${JSON.stringify((await messages()).slice(-4))}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },

    /** Waits until no run is active, and resolves with the log and its fold. */
    async ended(ms?: number) {
      await this.until(async () => (await read()).run === null, ms);
      const { state } = await read();
      const all = await messages();
      const terminals = all.filter((message) => message.type === 'metadata' && isTerminal(message.status));
      return { state, messages: all, terminals };
    },

    textOf(message: ChatMessage | undefined): string {
      return (message?.parts ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
    },

    async [Symbol.asyncDispose]() {
      await Promise.all(engines.map((engine) => engine.drain(0)));
      if (!given) await store.close();
    },
  };
}

/** @see createStage */
export type Stage = ReturnType<typeof createStage>;
