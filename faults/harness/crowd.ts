import { checkSession } from '#testkit/judge/check-session.ts';
import { checkAgreement, checkHistory } from '#testkit/judge/check-history.ts';
import type { ReplyPlan } from '#testkit/model/model-server.ts';
import type { Credentials, ProtocolClient } from '#testkit/client/protocol-client.ts';
import type { Random } from '#testkit/random.ts';
import { watchSession, type Received, type Viewer } from '#testkit/client/viewer.ts';
import { isTerminal } from '#testkit/client/wire.ts';
import { comesTrue, sleep, until } from '#testkit/wait.ts';
import { ask, isGone, NotTakenError, passGone, type Turn } from './ask.ts';
import type { RowContext } from './fault-row.ts';
import type { FaultStage } from './fault-stage.ts';

/** How many visitors there are, and what they do. */
export interface CrowdOptions {
  sessions: number;
  /** Sends their requests. */
  client: ProtocolClient;
  /** The origin that a tab of a visitor follows. */
  at: (visitor: number, tab: number) => string;
  reply: { tokens: { min: number; max: number }; tokensPerSecond: number };
  /** The probability that a reply is stopped; 0 when not given. */
  stops?: number;
  random: Random;
  /** The store may lose what it acknowledged: a visitor without an answer sends the prompt again, with the same id. */
  lossy?: boolean;
  /** Whether it may lose what was acknowledged between two times of `performance.now()`; anything when not given. */
  mayLose?: (from: number, to: number) => boolean;
  /** Ms that a reply may take to its end, faults included; 90 s when not given. */
  patienceMs?: number;
}

/** Visitors with two tabs each. They ask, wait until both tabs have seen the end of the reply, and ask again. */
export interface Crowd {
  /** Resolves when every tab has received something. */
  begun(): Promise<void>;
  /** Ends the asking; resolves when every prompt is answered. */
  end(): Promise<void>;
  /** Judges what every tab saw. Call it after `end`. */
  judge(context: RowContext): Promise<CrowdVerdict>;
}

/** How many prompts the crowd sent, and how their replies ended. */
export interface CrowdVerdict {
  prompts: number;
  completed: number;
  cancelled: number;
  failed: number;
}

interface Visitor {
  credentials: Credentials;
  viewers: Viewer[];
  turns: TimedTurn[];
  /** Runs that the visitor asked to stop, and those of them that the relay said it had cancelled. */
  stopped: Set<string>;
  confirmed: Set<string>;
  /** When prompts were acknowledged that the store lost. */
  lost: Span[];
  /** The store lost the whole conversation, and both tabs were told. */
  isGone: boolean;
}

interface Span {
  from: number;
  to: number;
}

interface TimedTurn extends Turn {
  /** When it was sent, and when its acknowledgement came. */
  acknowledged: Span;
}

const TABS = 2;
const AGAIN_MS = 3_000;

function knowsItIsGone(viewer: Viewer): boolean {
  try {
    viewer.hasEnded({ runId: '', messageId: '' });
    // 412 where the store lost even its memory of the session.
    return viewer.byes.includes('gone') || viewer.status === 412;
  } catch (error) {
    if (isGone(error)) return true;
    throw error;
  }
}

export function gatherCrowd(stage: Pick<FaultStage, 'model'>, options: CrowdOptions): Crowd {
  const {
    sessions,
    client,
    at,
    reply,
    stops = 0,
    lossy = false,
    mayLose = () => true,
    random,
    patienceMs = 90_000,
  } = options;
  const { model } = stage;
  const visitors: Visitor[] = [];
  /** The prompt of every accepted run. */
  const promptOf = new Map<string, string>();
  let over = false;
  const talking = Promise.all(Array.from({ length: sessions }, (_, index) => converse(index, random.fork())));
  // `begun` and `end` await it; until then a rejection is not unhandled.
  talking.catch(() => undefined);

  async function converse(index: number, dice: Random): Promise<void> {
    for (let first = 0; !over;) {
      const credentials = await client.mint();
      const viewers = Array.from({ length: TABS }, (_, tab) => watchSession({ origin: at(index, tab), credentials }));
      const visitor: Visitor = {
        credentials,
        viewers,
        turns: [],
        stopped: new Set(),
        confirmed: new Set(),
        lost: [],
        isGone: false,
      };
      visitors.push(visitor);
      try {
        while (!over) await askOnce(visitor, `Visitor ${index}, prompt ${first + visitor.turns.length}`, dice);
      } catch (error) {
        if (!lossy || !isGone(error)) throw error;
        visitor.isGone = true;
        await until('both tabs hear that their conversation is gone', () =>
          viewers.every((viewer) => knowsItIsGone(viewer)),
        );
        // The next conversation numbers its prompts on.
        first += visitor.turns.length + 1;
      }
    }
  }

  async function askOnce(visitor: Visitor, prompt: string, dice: Random): Promise<void> {
    const { credentials, viewers } = visitor;
    const tokens = dice.between(reply.tokens.min, reply.tokens.max);
    const plan: Partial<ReplyPlan> = { ...reply, tokens, reasoningTokens: dice.chance(0.5) ? dice.between(1, 20) : 0 };
    const from = performance.now();
    const asked = await ask({ model, client }, credentials, prompt, plan, lossy ? patienceMs : 0);
    const turn = { ...asked, acknowledged: { from, to: performance.now() } };
    visitor.turns.push(turn);
    promptOf.set(turn.runId, prompt);
    if (dice.chance(stops)) {
      await sleep(dice.between(0, 800));
      visitor.stopped.add(turn.runId);
      const { status, body } = await client.stop(credentials, turn.runId);
      if (status !== 200) throw new Error(`a stop was answered ${status}`);
      // A store that may lose what it acknowledged may lose the stop, and the run goes on.
      if (body.cancelled && !lossy) visitor.confirmed.add(turn.runId);
    }
    await ended(visitor, turn);
    if (dice.chance(0.2)) dice.pick([viewers[0], viewers[1]])?.drop();
  }

  async function ended({ credentials, viewers, lost }: Visitor, turn: TimedTurn): Promise<void> {
    const hasEnded = (): boolean => viewers.every((viewer) => viewer.hasEnded(turn.accepted));
    const what = `all tabs have seen the end of ${turn.prompt}`;
    const deadline = performance.now() + patienceMs;
    while (lossy && performance.now() < deadline) {
      if (await comesTrue(hasEnded, { timeoutMs: AGAIN_MS })) return;
      const from = performance.now();
      const { status, body } = await client.post(credentials, { prompt: turn.prompt, messageId: turn.messageId });
      // 409: the store lost the end of an earlier run, which is active again.
      if (status === 409) continue;
      if (status !== 200 && status !== 202) throw new NotTakenError(status, body);
      // 202: the store had acknowledged the prompt and lost it.
      if (status === 202) {
        lost.push(turn.acknowledged);
        turn.acknowledged = { from, to: performance.now() };
      }
      turn.accepted = body;
      turn.runId = body.runId;
      promptOf.set(turn.runId, turn.prompt);
    }
    if (!lossy) await until(what, hasEnded, { timeoutMs: patienceMs });
    else throw new Error(`Timed out after ${patienceMs} ms waiting until ${what}.`);
  }

  async function judge({ count, violate }: RowContext): Promise<CrowdVerdict> {
    const total: CrowdVerdict = { prompts: 0, completed: 0, cancelled: 0, failed: 0 };
    for (const visitor of visitors) {
      const { credentials, viewers, turns } = visitor;
      if (visitor.isGone) {
        await Promise.all(viewers.map((viewer) => viewer.leave().catch(passGone)));
        judgeLosses({ count, violate }, visitor, []);
        violate(
          ...viewers.flatMap(({ received }) => checkHistory(received, { snapshots: 'withdrawing' })),
          ...checkAgreement(viewers.map(({ received }) => received)),
        );
        count('conversations gone, and said to be');
        continue;
      }
      await Promise.all(viewers.map((viewer) => viewer.leave()));
      const { body: state } = await client.state(credentials);
      const kept = lossy ? turns.filter(({ messageId }) => state.messages.some(({ id }) => id === messageId)) : turns;
      if (lossy) judgeLosses({ count, violate }, visitor, kept);
      const verdict = checkSession({
        viewers,
        turns: kept,
        stopped: visitor.stopped,
        confirmed: visitor.confirmed,
        state,
        model,
        snapshots: lossy ? 'withdrawing' : 'first',
      });
      violate(...verdict.violations);
      total.prompts += kept.length;
      total.completed += verdict.completed;
      total.cancelled += verdict.cancelled;
      total.failed += verdict.failed;
      count(
        'messages seen',
        viewers.reduce((sum, { received }) => sum + received.length, 0),
      );
      count(
        'connections',
        viewers.reduce((sum, { connections }) => sum + connections, 0),
      );
    }
    const { prompts, completed, cancelled, failed } = total;
    count('prompts acknowledged', prompts);
    count('completed', completed);
    if (cancelled > 0) count('stopped', cancelled);
    if (failed > 0) count('interrupted too often', failed);
    return total;
  }

  /** Judges lost prompts that were acknowledged, and ends of replies that viewers saw and snapshots withdrew. */
  function judgeLosses(
    { count, violate }: Pick<RowContext, 'count' | 'violate'>,
    { viewers, turns, lost }: Visitor,
    kept: readonly Turn[],
  ): void {
    const prompts = [...lost, ...turns.filter((turn) => !kept.includes(turn)).map(({ acknowledged }) => acknowledged)];
    const ends = viewers.flatMap(({ received }) => findWithdrawnEnds(received));
    count('acknowledged prompts lost with what the store lost', prompts.length);
    count('ends of replies taken back from a viewer', ends.length);
    for (const { from, to } of prompts)
      if (!mayLose(from, to))
        violate(`a prompt acknowledged at ${to.toFixed(0)} ms was lost, which the store must have kept`);
    for (const { from, to } of ends)
      if (!mayLose(from, to))
        violate(`the end of a reply seen at ${to.toFixed(0)} ms was lost, which the store must have kept`);
  }

  /** Ends that a later snapshot withdraws, each with the time span in which it was written. */
  function findWithdrawnEnds(received: readonly Received[]): Span[] {
    const ends = new Map<string, Span>();
    const withdrawn: Span[] = [];
    for (const { frame, seenAt } of received) {
      if (isTerminal(frame)) {
        const runId = String(frame.message.runId);
        const prompt = promptOf.get(runId) ?? '';
        const finished = model
          .callsFor(prompt)
          .flatMap(({ finishedAt }) => (finishedAt !== null && finishedAt <= seenAt ? [finishedAt] : []));
        ends.set(runId, { from: finished.at(-1) ?? seenAt, to: seenAt });
      }
      if (frame.message.type !== 'snapshot') continue;
      const there = new Set((frame.message['messages'] as { id: string }[]).map(({ id }) => id));
      for (const [runId, span] of ends) {
        if (there.has(runId)) continue;
        ends.delete(runId);
        withdrawn.push(span);
      }
    }
    return withdrawn;
  }

  return {
    async begun() {
      const seen = (): boolean =>
        visitors.length >= sessions &&
        visitors.every(({ viewers }) => viewers.every(({ received }) => received.length > 0));
      // Before `end` the visitors only stop with an error.
      await Promise.race([talking, until('all visitors see their answers', seen)]);
    },
    async end() {
      over = true;
      await talking;
    },
    judge,
  };
}
