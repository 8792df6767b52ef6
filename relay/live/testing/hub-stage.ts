import { expect } from 'vitest';
import type { Cursor } from '#shared/cursor.ts';
import type { FollowEvent, SessionStore } from '../../store/session-store.ts';
import { openRelayStage, type RelayStage, type RunPen } from '../../testing/relay-stage.ts';
import { createHub, type Hub, type HubTiming } from '../hub.ts';
import { MemorySink } from './memory-sink.ts';

const FAR_OFF_MS = 600_000;

/** A hub over an in-memory store: the test writes the run, and reads for the viewers. */
export interface HubStage {
  readonly relay: RelayStage;
  readonly hub: Hub;
  readonly sessionId: string;
  readonly store: ControlledStore;
  /** Accepts another prompt. */
  prompt(text?: string): Promise<string>;
  /** Claims the due run. */
  write(): Promise<RunPen>;
  head(): Promise<Cursor>;
  /** Opens a stream. */
  serve(options?: { after?: Cursor; until?: string }): Promise<MemorySink>;
  /** Opens a stream, and waits until its viewer is live. */
  join(after?: Cursor): Promise<MemorySink>;
  close(): Promise<void>;
}

/** Hooks into the store between the hub and the log. */
export interface ControlledStore {
  /** Passes an event on; replaced to lose, delay or reorder events. */
  pass: (event: FollowEvent, tell: (event: FollowEvent) => void) => void;
  /** Awaited before each read of the log. */
  beforeRead: (input: Parameters<SessionStore['read']>[1]) => Promise<void> | void;
  /** Awaited between a read of the log and its answer. */
  afterRead: () => Promise<void> | void;
  /** Emits an event of the test's own. */
  tell(event: FollowEvent): void;
}

/** Opens a stage with one session and one prompt. Nothing is polled unless `timing` says so. */
export async function openHubStage(timing: Partial<HubTiming> = {}): Promise<HubStage> {
  const relay = openRelayStage();
  const session = await relay.mint();
  const { sessionId } = session;
  const sinks: MemorySink[] = [];
  let tellAll: (event: FollowEvent) => void = () => undefined;
  const store: ControlledStore = {
    pass: (event, tell) => tell(event),
    beforeRead: () => undefined,
    afterRead: () => undefined,
    tell: (event) => tellAll(event),
  };
  const hub = createHub({
    store: {
      ...relay.store,
      follow(id, listener) {
        tellAll = listener;
        return relay.store.follow(id, (event) => store.pass(event, listener));
      },
      async read(id, input) {
        await store.beforeRead(input);
        const answer = await relay.store.read(id, input);
        await store.afterRead();
        return answer;
      },
    },
    logger: { debug() {}, info() {}, warn() {}, error: (fields) => expect.unreachable(JSON.stringify(fields)) },
    limits: { perSession: 0, perAddress: 0, total: 0 },
    timing: { activePollMs: FAR_OFF_MS, idlePollMs: FAR_OFF_MS, ...timing },
  });

  const serve: HubStage['serve'] = async ({ after, until = null } = {}) => {
    const sink = new MemorySink();
    sinks.push(sink);
    const first = await relay.store.read(sessionId, hub.firstRead(sessionId, after));
    if (first.kind !== 'exact' && first.kind !== 'snapshot') throw new Error(`the log cannot be read: ${first.kind}`);
    const absent = await hub.serve({ sessionId, address: undefined, first, after, until, share: null }, () => sink);
    if (absent !== null) throw new Error(`there is nothing to follow: ${absent}`);
    return sink;
  };
  await relay.prompt(session);
  return {
    relay,
    hub,
    sessionId,
    store,
    prompt: (text) => relay.prompt(session, text),
    write: () => relay.write(sessionId),
    async head() {
      const answer = await relay.store.head(sessionId);
      if (answer.kind !== 'open') throw new Error(`the log has no end: ${answer.kind}`);
      return answer.head;
    },
    serve,
    async join(after = '0-0') {
      const sink = await serve({ after });
      await expect.poll(() => sink.text).toContain('event: ping');
      return sink;
    },
    async close() {
      for (const sink of sinks) sink.leave();
      hub.close();
      await relay.close();
    },
  };
}
