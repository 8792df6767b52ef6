import { expect, onTestFinished, vi } from 'vitest';
import type { SessionState } from '#shared/fold/session.ts';
import { newId } from '#shared/ids.ts';
import { isTerminal, type StreamStatus, type TerminalStatus } from '#shared/protocol.ts';
import { readSession, toFrame } from '../../store/read-session.ts';
import type { FollowEvent, SessionStore, SubmitInput } from '../../store/session-store.ts';
import { openSqliteStore } from '../../store/sqlite/open-sqlite-store.ts';
import type { Logger } from '../../util/logger.ts';
import type { CreateEngine, Engine, EngineParts } from '../engine.ts';
import { workflow, type RunInput, type Workflow, type WorkflowContext } from '../workflow.ts';
import type { EngineHarness, OpenEngine } from './engine-harness.ts';
import { begin, complete, say } from './scripted-steps.ts';

/** The reply of the suite's workflow. */
export const WORDS = ['one ', 'two ', 'three'];

/** How long a lease lasts in the suite, in ms: longer than a test, unless the test moves the store's clock. */
export const LEASE_MS = 60_000;

/** Real time in which an engine has to do what it does at once, in ms; with room for a busy machine. */
const SOON_MS = 10_000;

/** Called before each word of each execution: a test may wait here, or throw. */
export type BeforeWord = (word: string, context: WorkflowContext, input: RunInput) => Promise<void> | void;

/** A store in memory, engines on it as if each were a relay of its own, and a workflow that counts its executions. */
export interface EngineBench {
  readonly store: SessionStore;
  /** A session of which nothing was written yet. */
  readonly sessionId: string;
  /** The runs that were executed, one entry for each execution. */
  readonly executed: readonly { runId: string; attempt: number }[];
  /** How often the workflow's first step was executed; its result is journaled at once. */
  readonly marks: number;
  beforeWord: BeforeWord;
  /** Creates, mounts and starts an engine. */
  startEngine(over?: Partial<EngineParts>): Engine;
  /** Submits a prompt without dispatching its run; answers the run's id. */
  submit(sessionId?: string): Promise<string>;
  /** Moves the store's clock on, so that leases run out. */
  advance(ms: number): void;
  state(sessionId?: string): Promise<SessionState>;
  /** The statuses that the log tells of a run, in order. */
  statuses(runId: string): StreamStatus[];
  /** Resolves once `check` throws no more; rejects with what it throws after 10 s. */
  eventually(check: () => Promise<void> | void): Promise<void>;
  /** Resolves once the run has ended; fails unless it has ended once, in this status. */
  ended(runId: string, status?: TerminalStatus): Promise<void>;
}

/** A store's file and a session in it that another process has left; without it the store is in memory. */
export interface LeftBehind {
  path: string;
  sessionId: string;
}

/** Opens a bench for one test; it is closed with the test. */
export async function openEngineBench(openEngine: OpenEngine, left?: LeftBehind): Promise<EngineBench> {
  const harness = await openEngine();
  const clock = { offsetMs: 0 };
  const clockNow = () => Date.now() + clock.offsetMs;
  const store = openSqliteStore({ path: left?.path ?? ':memory:', ttlMs: 3_600_000, clock: clockNow });
  const engines: Engine[] = [];
  const executed: { runId: string; attempt: number }[] = [];
  const seen = recordStatuses();
  let marks = 0;
  const talk = createTalk(
    (context, input) => executed.push({ runId: input.runId, attempt: context.attempt }),
    () => (marks += 1),
    (...args) => bench.beforeWord(...args),
  );
  if (left) await seen.follow(store, left.sessionId);
  onTestFinished(async () => {
    await Promise.all(engines.map((engine) => engine.drain(0)));
    await harness.close();
    await store.close();
  });

  const bench: EngineBench = {
    store,
    sessionId: left?.sessionId ?? newId(),
    executed,
    get marks() {
      return marks;
    },
    beforeWord: () => {},
    startEngine(over = {}) {
      const parts = { store, workflow: talk, logger: SILENT, owner: `engine-${engines.length}`, leaseMs: LEASE_MS };
      const engine = openEngineOf(harness, { ...parts, takeover: 'restart', pollMs: 100, ...over });
      engines.push(engine);
      engine.start();
      return engine;
    },
    async submit(sessionId = bench.sessionId) {
      await seen.follow(store, sessionId);
      const input = promptInput();
      const answer = await store.submit(sessionId, input);
      if (answer.kind !== 'ok') throw new Error(`the prompt was not accepted: ${answer.kind}`);
      return input.runId;
    },
    advance(ms) {
      clock.offsetMs += ms;
    },
    async state(sessionId = bench.sessionId) {
      const session = await readSession(store, sessionId);
      if (session.kind !== 'open') throw new Error(`the session is ${session.kind}`);
      return session.state;
    },
    statuses: (runId) => seen.of(runId),
    eventually: (check) => vi.waitFor(check, { timeout: SOON_MS, interval: 5 }),
    async ended(runId, status = 'completed') {
      await bench.eventually(() => expect(seen.of(runId).some(isTerminal)).toBe(true));
      expect(seen.of(runId).filter(isTerminal)).toEqual([status]);
    },
  };
  return bench;
}

/** The suite's workflow: a step that marks, one that says the words, and the end. */
export function createTalk(
  onExecute: (context: WorkflowContext, input: RunInput) => void,
  onMark: () => void,
  beforeWord: BeforeWord,
): Workflow {
  return workflow('talk', async (context, input) => {
    onExecute(context, input);
    await context.run('mark', () => onMark());
    await context.run('say', async (step) => {
      await begin(step, input.runId);
      for (const word of WORDS) {
        await beforeWord(word, context, input);
        await say(step, input.runId, word);
      }
    });
    await context.run('end', (step) => complete(step, input, context.attempt));
  });
}

/** Creates an engine and mounts its routes, as `createRelay` does. */
export function openEngineOf(harness: EngineHarness, parts: Parameters<CreateEngine>[0]): Engine {
  const engine = harness.create(parts);
  if (engine.routes) harness.mount?.(engine.routes);
  return engine;
}

/** A prompt that makes a new run due. */
export function promptInput(): SubmitInput & { runId: string } {
  const [runId, messageId] = [newId(), newId()];
  const message = { id: messageId, role: 'user', parts: [{ type: 'text', text: 'Hello?' }] };
  return { messageId, hash: messageId, runId, entries: [JSON.stringify({ type: 'message', message, runId })] };
}

/** A logger that says nothing. */
export const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Every status that is written, by run: the log itself is trimmed when it is sealed. */
function recordStatuses() {
  const statuses = new Map<string, StreamStatus[]>();
  const followed = new Set<string>();
  const record = (event: FollowEvent) => {
    if (event.kind !== 'entries') return;
    for (const entry of event.entries) {
      const { message } = toFrame(entry);
      if (message.type !== 'metadata') continue;
      statuses.set(message.runId, [...(statuses.get(message.runId) ?? []), message.status]);
    }
  };
  return {
    of: (runId: string) => statuses.get(runId) ?? [],
    async follow(store: SessionStore, sessionId: string): Promise<void> {
      if (followed.has(sessionId)) return;
      followed.add(sessionId);
      await store.follow(sessionId, record);
    },
  };
}
