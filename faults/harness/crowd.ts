import { checkSession } from '../../e2e/support/check-session.ts';
import type { ReplyPlan } from '../../e2e/support/model-server.ts';
import type { Credentials, ProtocolClient } from '../../e2e/support/protocol-client.ts';
import type { Random } from '../../e2e/support/random.ts';
import { watchSession, type Viewer } from '../../e2e/support/viewer.ts';
import { sleep, until } from '../../e2e/support/wait.ts';
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
  /** How long a reply may take to end, whatever befalls it. */
  patienceMs?: number;
}

/** Visitors with two tabs each, who ask, wait for the end of the answer in both, and ask on. */
export interface Crowd {
  /** Resolves when all of them see an answer. */
  begun(): Promise<void>;
  /** They ask no more; resolves once all has been answered. */
  end(): Promise<void>;
  /** Judges what everybody saw; after `end`. A failover that lost a tail shows snapshots to viewers that have something. */
  judge(context: RowContext, options: { snapshots: 'first' | 'any' }): Promise<CrowdVerdict>;
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

export function gatherCrowd(stage: Pick<FaultStage, 'model'>, options: CrowdOptions): Crowd {
  const { sessions, client, at, reply, stops = 0, random, patienceMs = 90_000 } = options;
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
      const turn = await ask({ model, client }, credentials, `Visitor ${index}, prompt ${visitor.turns.length}`, plan);
      visitor.turns.push(turn);
      if (dice.chance(stops)) {
        await sleep(dice.between(0, 800));
        const { status } = await client.stop(credentials, turn.runId);
        if (status !== 200) throw new Error(`a stop was answered ${status}`);
      }
      const hasEnded = (): boolean => viewers.every((viewer) => viewer.hasEnded(turn.accepted));
      await until(`all tabs have seen the end of ${turn.prompt} (run ${turn.runId})`, hasEnded, { timeoutMs: patienceMs });
      if (dice.chance(0.2)) dice.pick([viewers[0], viewers[1]])?.drop();
    }
  }

  async function judge({ count, violate }: RowContext, { snapshots }: { snapshots: 'first' | 'any' }): Promise<CrowdVerdict> {
    const total: CrowdVerdict = { prompts: 0, completed: 0, cancelled: 0, failed: 0 };
    for (const { credentials, viewers, turns } of visitors) {
      await Promise.all(viewers.map((viewer) => viewer.leave()));
      const { body: state } = await client.state(credentials);
      const verdict = checkSession({ viewers, turns, state, model, snapshots });
      violate(...verdict.violations);
      total.prompts += turns.length;
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
