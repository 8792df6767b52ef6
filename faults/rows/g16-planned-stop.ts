import { checkSession } from '#testkit/judge/check-session.ts';
import { createProtocolClient, type Credentials, type ProtocolClient } from '#testkit/client/protocol-client.ts';
import type { RelayProcess } from '#testkit/processes/relay-process.ts';
import { openTcpProxy } from '#testkit/network/tcp-proxy.ts';
import { watchSession, type Viewer } from '#testkit/client/viewer.ts';
import { sleep, until } from '#testkit/wait.ts';
import { ask, type Turn } from '../harness/ask.ts';
import type { FaultRow, RowContext } from '../harness/fault-row.ts';
import type { FaultStage } from '../harness/fault-stage.ts';
import { stopRelay } from '../harness/stop-relay.ts';

const SESSIONS = 10;
const DRAIN_MS = 4_000;
/** The default. */
const LEASE_MS = 10_000;
/** Ms until the process has ended: after more than that it kills itself. */
const STOPPED_WITHIN_MS = DRAIN_MS + 1_000;
/** Short: a reply that is handed over begins anew, and after ten hand-overs each counts as an attempt. */
const REPLY = { tokens: { min: 20, max: 450 }, tokensPerSecond: 100 };

interface Visitor {
  credentials: Credentials;
  viewers: Viewer[];
  turns: Turn[];
}

export const plannedStop: FaultRow = {
  name: 'G16',
  promise: 'nobody notices a planned stop',
  fault: 'SIGTERM under load, relay after relay, each started again over the same store; a round is a stop',
  rounds: { full: 50, quick: 1 },
  async run(context) {
    const stage = await context.openStage({
      relays: 3,
      settings: { DRAIN_MS: String(DRAIN_MS), LEASE_MS: String(LEASE_MS) },
    });
    const { relays } = stage;
    /** The relay that stops. The balancer sends nobody there, if there are others. */
    let stopping: RelayProcess | null = null;
    const dice = context.random.fork();
    const balancer = await openTcpProxy(() => {
      const others = relays.filter((relay) => relay !== stopping && relay.running);
      return (others[dice.between(0, others.length - 1)] ?? stage.relay).port;
    });
    try {
      await stopUnderLoad(context, stage, createProtocolClient(balancer.origin), (relay) => {
        stopping = relay;
      });
    } finally {
      await stage.close();
      await balancer.close();
    }
  },
};

async function stopUnderLoad(
  { rounds, random, count, time, within, violate }: RowContext,
  stage: FaultStage,
  client: ProtocolClient,
  setStopping: (relay: RelayProcess | null) => void,
): Promise<void> {
  const { relays, model, direct } = stage;
  const visitors: Visitor[] = [];
  let over = false;
  const talking = Promise.all(Array.from({ length: SESSIONS }, (_, index) => converse(index)));
  // Awaited now and at the end; in between a rejection is not unhandled.
  talking.catch(() => undefined);
  const isTalking = (): boolean =>
    visitors.length === SESSIONS &&
    visitors.every(({ viewers }) => viewers.every(({ received }) => received.length > 0));
  await Promise.race([talking, until('all visitors see their answers', isTalking)]);
  for (let round = 0; round < rounds; round += 1) {
    // A relay without others runs for as long as the longest reply before it stops again.
    await sleep(relays.length > 1 ? random.between(300, 2_000) : random.between(2_000, 3_700));
    const relay = relays[round % relays.length] ?? stage.relay;
    setStopping(relay);
    const stoppedAt = performance.now();
    const wrong = await stopRelay(relay);
    const ms = performance.now() - stoppedAt;
    time('from SIGTERM to the end of the process', ms);
    if (ms > within(STOPPED_WITHIN_MS)) violate(`a stop took ${ms.toFixed(0)} ms`);
    if (wrong !== null) violate(wrong);
    await relay.start();
    setStopping(null);
    time('from SIGTERM to ready again', performance.now() - stoppedAt);
    count('planned stops');
  }
  over = true;
  for (const { credentials, viewers, turns } of await talking) {
    await Promise.all(viewers.map((viewer) => viewer.leave()));
    const { body: state } = await direct.state(credentials);
    const { violations, completed } = checkSession({ viewers, turns, state, model });
    violate(...violations);
    if (completed !== turns.length) violate(`${turns.length - completed} of ${turns.length} prompts were not answered`);
    for (const { id, metadata } of state.messages) {
      const attempt = metadata?.run?.attempt ?? 1;
      if (attempt > 1) violate(`the run ${id} counts ${attempt} attempts`);
    }
    const byes = viewers.flatMap((viewer) => viewer.byes);
    if (byes.some((reason) => reason !== 'shutdown')) violate(`the streams ended with bye ${byes.join(', ')}`);
    count('prompts answered', completed);
    count(
      'of them begun anew',
      turns.reduce((sum, { prompt }) => sum + model.callsFor(prompt).length - 1, 0),
    );
    count('streams told bye', byes.length);
    count(
      'connections',
      viewers.reduce((sum, { connections }) => sum + connections, 0),
    );
  }
  count('requests asked again while a relay was away', client.retries);
  // Where connections are cut no viewer is told.
  const wasTold = visitors.some(({ viewers }) => viewers.some(({ byes }) => byes.length > 0));
  if (!wasTold) violate('no stream was told that its relay stops');

  /** A visitor with two tabs, who asks and waits for the answer, again and again. */
  async function converse(index: number): Promise<Visitor> {
    const dice = random.fork();
    const credentials = await client.mint();
    const at = (tab: number): string => relays[(index + tab) % relays.length]?.origin ?? stage.relay.origin;
    const viewers = [0, 1].map((tab) => watchSession({ origin: at(tab), credentials }));
    const visitor: Visitor = { credentials, viewers, turns: [] };
    visitors.push(visitor);
    while (!over) {
      const tokens = dice.between(REPLY.tokens.min, REPLY.tokens.max);
      const turn = await ask({ model, client }, credentials, `Visitor ${index}, prompt ${visitor.turns.length}`, {
        ...REPLY,
        tokens,
      });
      visitor.turns.push(turn);
      await until('the reply has ended', () => viewers.every((viewer) => viewer.hasEnded(turn.accepted)), {
        timeoutMs: 60_000,
      });
    }
    return visitor;
  }
}
