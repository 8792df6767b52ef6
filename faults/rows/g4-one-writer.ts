import { createStage } from '#relay/generation/testing/stage.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { workflow } from '#relay/engine/workflow.ts';
import { parseCursor } from '#shared/cursor.ts';
import { randomUUID } from 'node:crypto';
import { checkSession } from '#testkit/judge/check-session.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { sleep, until } from '#testkit/wait.ts';
import { inParallel, type FaultRow, type RowContext } from '../harness/fault-row.ts';
import { freezeRelays } from './g4/freeze-relays.ts';
import { checkLog, isTerminalText, readLog } from '../harness/port.ts';
import type { StoreUnderTest } from '../harness/store-under-test.ts';

const LEASE_MS = 2_000;
/** Over REST every poll for runs is a request. */
const AT_ONCE = { rest: 4, else: 16 };
const POLL_MS = { rest: 100, else: 10 };
/** Times that one process is stopped in a full run: each takes longer than a lease of 1 s. */
const STOPS = { full: 20, quick: 2 };

/**
 * A second process cannot open the embedded store's file. A frozen writer and its successor therefore meet in one
 * process: two runners on one store, of which the first is cut off until its lease has run out, and then let go.
 */
export const oneWriter: FaultRow = {
  name: 'G4',
  promise: 'at most one effective writer',
  fault:
    'a writer frozen past its lease while another takes over, then woken; and a relay stopped and continued, or its connection delayed, beside others where there are others; a round is a frozen writer',
  rounds: { full: 1_000, quick: 60 },
  async run(context) {
    await inParallel(context.rounds, AT_ONCE[wayTo(context.store)], () => freezeAndWake(context));
    await (context.store.relays > 1 ? freezeRelays(context) : stopAndContinue(context));
  },
};

function wayTo({ name }: StoreUnderTest): 'rest' | 'else' {
  return name === 'upstash' ? 'rest' : 'else';
}

async function freezeAndWake({ random, store, openPort, count, violate }: RowContext): Promise<void> {
  const LENGTH = 30;
  /** Token before which the model waits, so that the first writer is frozen before the reply ends. */
  const GATE = 22;
  let frost = (): void => {};
  const frozen = new Promise<void>((resolve) => {
    frost = resolve;
  });
  // Longer where every poll goes over the network: it must not end before it is frozen.
  const paceMs = store.name === 'sqlite' ? 1 : 8;
  const body = workflow('talk', async (work, { runId }) => {
    await work.run('say', async (step) => {
      await step.emit({ type: 'chunk', runId, chunk: { type: 'start-step' } });
      await step.emit({ type: 'chunk', runId, chunk: { type: 'text-start', id: '1' } });
      for (let index = 0; index < LENGTH; index += 1) {
        if (index === GATE) await frozen;
        await step.emit({ type: 'chunk', runId, chunk: { type: 'text-delta', id: '1', delta: ` ${index}` } });
        await sleep(paceMs);
      }
    });
    await work.run('end', (step) => {
      step.endRun([{ type: 'metadata', status: 'completed', runId, messageId: runId, attempt: work.attempt }]);
    });
  });
  const port = await openPort();
  const stage = createStage({
    workflow: () => body,
    store: port.store,
    engine: { leaseMs: LEASE_MS, pollMs: POLL_MS[wayTo(store)] },
  });
  try {
    const ice = createIce(port.store);
    const first = stage.start({ store: ice.store });
    await stage.prompt('Hi');
    await stage.until(async () => (await stage.messages()).length > 3);
    await sleep(random.between(0, 20));
    ice.freeze();
    frost();
    await stage.until(() => ice.heldSeq !== null);
    await port.advance(LEASE_MS + 1_000);
    const wakesEarly = random.chance(0.5);
    // In the middle of its successor's writes, and mostly where its numbers would fit, so that only its fence is wrong.
    const place = random.chance(0.8) ? (ice.heldSeq ?? 0) - random.between(1, 3) : random.between(0, LENGTH);
    const woken = wakesEarly ? wakeAt(port.store, stage.sessionId, place, ice) : Promise.resolve();
    // Two runners poll: only one may claim the run, and none may take it from the other.
    stage.start();
    stage.start();
    if (wakesEarly) await woken;
    const { state } = await stage.ended();
    const before = await readLog(stage.store, stage.sessionId);
    ice.thaw();
    await stage.until(() => first.activeRuns === 0);
    await sleep(5);
    const after = await readLog(stage.store, stage.sessionId);

    count('writers frozen');
    if (wakesEarly) count('of them woken while another wrote');
    count('calls let go after the takeover', ice.late);
    const attempt = state.messages.at(-1)?.metadata?.run?.attempt;
    if (attempt === 2) count('takeovers');
    else violate(`one takeover makes a second attempt, and not a ${attempt}th`);
    violate(...checkLog(after));
    const seen = new Set(before.map(({ id }) => id));
    violate(...after.filter(({ id }) => !seen.has(id)).map(({ id, data }) => `a late entry: ${id} ${data}`));
    const terminals = after.filter(({ data }) => isTerminalText(data)).length;
    if (terminals !== 1) violate(`${terminals} terminal messages`);
    const words = Array.from({ length: LENGTH }, (_, index) => ` ${index}`).join('');
    if (stage.textOf(state.messages.at(-1)) !== words) violate(`the reply is ${JSON.stringify(state.messages.at(-1))}`);
  } finally {
    await stage[Symbol.asyncDispose]();
    await port.destroy();
  }
}

/** Lets a frozen writer go when its successor has written the entry with this number, or its last one. */
async function wakeAt(store: SessionStore, sessionId: string, seq: number, ice: { thaw(): void }): Promise<void> {
  let unfollow = (): void => {};
  await new Promise<void>((resolve, reject) => {
    store
      .follow(sessionId, (event) => {
        const entries = event.kind === 'entries' ? event.entries : [];
        if (!entries.some(({ id, data }) => (parseCursor(id)?.seq ?? 0) >= seq || isTerminalText(data))) return;
        ice.thaw();
        resolve();
      })
      .then((stop) => {
        unfollow = stop;
      }, reject);
  });
  unfollow();
}

/** Ms after waking before a process hears what happened meanwhile: its own next writes come first. */
const HEARS_LATE_MS = 20;

interface Ice {
  store: SessionStore;
  freeze(): void;
  thaw(): void;
  /** Operations that were held back and let go. */
  readonly late: number;
  /** The seq of the first entry that is held back; null when none is. */
  readonly heldSeq: number | null;
}

/**
 * A store that neither answers nor sends hints while it is frozen, and then everything at once.
 */
function createIce(store: SessionStore): Ice {
  let gate = Promise.resolve();
  let open = (): void => {};
  let frozen = false;
  let late = 0;
  let heldSeq: number | null = null;
  const noteSeq = ({ seq }: { seq: number }): void => {
    if (frozen) heldSeq ??= seq;
  };
  const held =
    <Input extends unknown[], Answer>(ask: (...input: Input) => Promise<Answer>) =>
    async (...input: Input): Promise<Answer> => {
      if (frozen) {
        await gate;
        late += 1;
      }
      return ask(...input);
    };
  const [append, finish, renew] = [held(store.append), held(store.finish), held(store.renew)];
  return {
    store: {
      ...store,
      take: held(store.take),
      claim: held(store.claim),
      // Its timers run after its own next writes too, so that it learns of its successor by the store's answers.
      renew: async (...input) => {
        const slept = frozen;
        if (slept) await gate.then(() => sleep(HEARS_LATE_MS));
        return renew(...input);
      },
      release: held(store.release),
      append(sessionId, input) {
        noteSeq(input);
        return append(sessionId, input);
      },
      finish(sessionId, input) {
        noteSeq(input);
        return finish(sessionId, input);
      },
      seal: held(store.seal),
      follow: (sessionId, listener) =>
        store.follow(sessionId, (event) => {
          if (!frozen) return listener(event);
          void gate.then(() => sleep(HEARS_LATE_MS)).then(() => listener(event));
        }),
    },
    freeze() {
      frozen = true;
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    thaw() {
      frozen = false;
      open();
    },
    get late() {
      return late;
    },
    get heldSeq() {
      return heldSeq;
    },
  };
}

/** SIGSTOP past the lease, then SIGCONT. No other process can have taken over; nothing may be lost or repeated. */
async function stopAndContinue({ random, openStage, quick, count, violate }: RowContext): Promise<void> {
  const SESSIONS = 6;
  const stage = await openStage();
  try {
    const { relay, direct, model } = stage;
    for (let round = 0; round < (quick ? STOPS.quick : STOPS.full); round += 1) {
      await inParallel(SESSIONS, SESSIONS, async (index) => {
        const credentials = await direct.mint();
        const viewer = watchSession({ origin: relay.origin, credentials });
        const prompt = `Stop ${round}, session ${index}`;
        const messageId = randomUUID();
        model.plan(prompt, { tokens: 200, tokensPerSecond: 200 });
        const { body } = await direct.post(credentials, { prompt, messageId });
        await until('the reply has begun', () => viewer.received.length > 3);
        if (index === 0) {
          await sleep(random.between(0, 300));
          relay.signal('SIGSTOP');
          await sleep(random.between(1_050, 1_600));
          relay.signal('SIGCONT');
          count('relays stopped and continued');
        }
        await until('the reply has ended', () => viewer.hasEnded(body));
        await viewer.leave();
        const { body: state } = await direct.state(credentials);
        const turns = [{ messageId, prompt, runId: body.runId }];
        const { violations, completed } = checkSession({ viewers: [viewer], turns, state, model });
        violate(...violations);
        if (completed !== 1) violate(`the run of ${prompt} did not complete`);
        count('replies through a stop');
        count('of them begun anew', model.callsFor(prompt).length - 1);
      });
    }
  } finally {
    await stage.close();
  }
}
