import { checkSession } from '../../e2e/support/check-session.ts';
import type { ReplyPlan } from '../../e2e/support/model-server.ts';
import type { Credentials, ProtocolClient } from '../../e2e/support/protocol-client.ts';
import type { Random } from '../../e2e/support/random.ts';
import { watchSession, type Viewer } from '../../e2e/support/viewer.ts';
import { sleep, until, WaitedInVainError } from '../../e2e/support/wait.ts';
import { ask, type Turn } from './ask.ts';
import type { RowContext } from './fault-row.ts';
import type { FaultStage } from './fault-stage.ts';

export interface CrowdOptions {
  sessions: number;
  /** Asks for them. */
  client: ProtocolClient;
  /** Where a tab of a visitor's reads. */
  at: (visitor: number, tab: number) => string;
  reply: { tokens: { min: number; max: number }; tokensPerSecond: number };
  /** How likely somebody stops a reply. */
  stops?: number;
  random: Random;
  /** The store may lose what it has acknowledged: who hears nothing sends the prompt again, under its id. */
  lossy?: boolean;
  /** How long a reply may take to end, whatever befalls it. */
  patienceMs?: number;
}

/** Visitors with two tabs each, who ask, wait for the end of the answer in both, and ask on. */
export interface Crowd {
  /** Resolves when all of them see an answer. */
  begun(): Promise<void>;
  /** They ask no more; resolves once all has been answered. */
  end(): Promise<void>;
  /** Judges what everybody saw; after `end`. */
  judge(context: RowContext): Promise<CrowdVerdict>;
}

export interface CrowdVerdict {
  prompts: number;
  completed: number;
  cancelled: number;
  failed: number;
}

interface Visitor {
  credentials: Credentials;
  viewers: Viewer[];
  turns: Turn[];
}

const TABS = 2;
const AGAIN_MS = 3_000;

/** Waited in vain, and not an error of the viewer's. */
function notSeen(error: unknown): false {
  if (error instanceof WaitedInVainError) return false;
  throw error;
}

export function gatherCrowd(stage: Pick<FaultStage, 'model'>, options: CrowdOptions): Crowd {
  const { sessions, client, at, reply, stops = 0, lossy = false, random, patienceMs = 90_000 } = options;
  const { model } = stage;
  const visitors: Visitor[] = [];
  let over = false;
  const talking = Promise.all(Array.from({ length: sessions }, (_, index) => converse(index, random.fork())));
  // Whoever ends the crowd has the error.
  talking.catch(() => undefined);

  async function converse(index: number, dice: Random): Promise<void> {
    const credentials = await client.mint();
    const viewers = Array.from({ length: TABS }, (_, tab) => watchSession({ origin: at(index, tab), credentials }));
    const visitor: Visitor = { credentials, viewers, turns: [] };
    visitors.push(visitor);
    while (!over) {
      const plan: Partial<ReplyPlan> = { ...reply, tokens: dice.between(reply.tokens.min, reply.tokens.max) };
      const turn = await ask({ model, client }, credentials, `Visitor ${index}, prompt ${visitor.turns.length}`, plan, lossy ? patienceMs : 0);
      visitor.turns.push(turn);
      if (dice.chance(stops)) {
        await sleep(dice.between(0, 800));
        const { status } = await client.stop(credentials, turn.runId);
        if (status !== 200) throw new Error(`a stop was answered ${status}`);
      }
      await ended(visitor, turn);
      if (dice.chance(0.2)) dice.pick([viewers[0], viewers[1]])?.drop();
    }
  }

  async function ended({ credentials, viewers }: Visitor, turn: Turn): Promise<void> {
    const hasEnded = (): boolean => viewers.every((viewer) => viewer.hasEnded(turn.accepted));
    const what = `all tabs have seen the end of ${turn.prompt}`;
    const deadline = performance.now() + patienceMs;
    while (lossy && performance.now() < deadline) {
      const isOver = await until(what, hasEnded, { timeoutMs: AGAIN_MS }).catch((error: unknown) => notSeen(error));
      if (isOver) return;
      const { status, body } = await client.post(credentials, { prompt: turn.prompt, messageId: turn.messageId });
      // 409: another run of the conversation is active, of which the store has lost the end.
      if (status === 409) continue;
      if (status !== 200 && status !== 202) throw new Error(`a prompt sent again was answered ${status}`);
      turn.accepted = body;
      turn.runId = body.runId;
    }
    if (!lossy) await until(what, hasEnded, { timeoutMs: patienceMs });
    else throw new Error(`Waited ${patienceMs} ms in vain until ${what}.`);
  }

  async function judge({ count, violate }: RowContext): Promise<CrowdVerdict> {
    const total: CrowdVerdict = { prompts: 0, completed: 0, cancelled: 0, failed: 0 };
    for (const { credentials, viewers, turns } of visitors) {
      await Promise.all(viewers.map((viewer) => viewer.leave()));
      const { body: state } = await client.state(credentials);
      const kept = lossy ? turns.filter(({ messageId }) => state.messages.some(({ id }) => id === messageId)) : turns;
      if (lossy) count('prompts lost with what the store lost', turns.length - kept.length);
      const verdict = checkSession({ viewers, turns: kept, state, model, snapshots: lossy ? 'withdrawing' : 'first' });
      violate(...verdict.violations);
      total.prompts += kept.length;
      total.completed += verdict.completed;
      total.cancelled += verdict.cancelled;
      total.failed += verdict.failed;
      count('messages seen', viewers.reduce((sum, { received }) => sum + received.length, 0));
      count('connections', viewers.reduce((sum, { connections }) => sum + connections, 0));
    }
    const { prompts, completed, cancelled, failed } = total;
    if (completed + cancelled + failed !== prompts) violate(`of ${prompts} acknowledged prompts ${completed + cancelled + failed} have an end`);
    count('prompts acknowledged', prompts);
    count('completed', completed);
    if (cancelled > 0) count('stopped', cancelled);
    if (failed > 0) count('interrupted too often', failed);
    return total;
  }

  return {
    async begun() {
      const seen = (): boolean =>
        visitors.length === sessions && visitors.every(({ viewers }) => viewers.every(({ received }) => received.length > 0));
      await until('all visitors see their answers', seen);
    },
    async end() {
      over = true;
      await talking;
    },
    judge,
  };
}
