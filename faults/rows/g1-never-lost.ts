import { randomUUID } from 'node:crypto';
import { checkSession } from '#testkit/judge/check-session.ts';
import { createProtocolClient, type Credentials } from '#testkit/client/protocol-client.ts';
import type { Random } from '#testkit/random.ts';
import type { RelayProcess } from '#testkit/processes/relay-process.ts';
import { watchSession, type Viewer } from '#testkit/client/viewer.ts';
import { comesTrue, sleep } from '#testkit/wait.ts';
import { inParallel, type FaultRow, type RowContext } from '../harness/fault-row.ts';
import type { FaultStage } from '../harness/fault-stage.ts';

/** Prompts sent at the same time, around whose answers a relay is killed. */
const PROMPTS_A_KILL = 8;
/** Kills before the conversations are judged and new ones begin, so that none grows long. */
const KILLS_A_CONVERSATION = 12;
/** So slow that a delayed relay, which asks after another has answered, hears of that before its call ends. */
const REPLY = { tokens: 5, tokensPerSecond: 20 };
const LEASE_MS = 2_000;
/** Stages side by side in a full run: a round mostly waits for a start or for a lease to run out. */
const LANES = 3;
const INTERRUPTED = 'prompts interrupted more than three times, and said to be';
const INTERRUPTED_SHARE = 0.03;

interface Visitor {
  credentials: Credentials;
  viewer: Viewer;
  turns: { messageId: string; prompt: string; runId: string }[];
}

export const neverLost: FaultRow = {
  name: 'G1',
  promise: 'an acknowledged prompt is never lost',
  fault:
    'kill -9 of a relay around one of the answers to eight prompts; of two relays at a time where they share a store; a round is a kill',
  rounds: { full: 1_000, quick: 4 },
  async run(context) {
    const lanes = context.quick ? 1 : LANES;
    let left = context.rounds;
    await inParallel(Math.min(lanes, context.rounds), lanes, async (lane) => {
      const random = context.random.fork();
      const stage = await context.openStage({ relays: 3, settings: { LEASE_MS: String(LEASE_MS) } });
      // One of several relays is spared, for the viewers.
      const doomed = stage.relays.length > 1 ? stage.relays.slice(1) : stage.relays;
      try {
        for (let batch = 0; left > 0; batch += 1) {
          const rounds = Math.min(Math.ceil(left / doomed.length), KILLS_A_CONVERSATION);
          left -= rounds * doomed.length;
          await Promise.all(
            doomed.map((relay) =>
              converse(context, random.fork(), stage, relay, `${lane}.${batch}.${relay.port}`, rounds),
            ),
          );
        }
      } finally {
        await stage.close();
      }
    });
    const [answered, interrupted] = [context.counted('prompts answered'), context.counted(INTERRUPTED)];
    if (!context.quick && interrupted > Math.max(1, answered * INTERRUPTED_SHARE))
      context.violate(`${interrupted} prompts were interrupted too often, and ${answered} answered`);
  },
};

async function converse(
  context: RowContext,
  random: Random,
  stage: FaultStage,
  relay: RelayProcess,
  name: string,
  rounds: number,
): Promise<void> {
  const { count, violate } = context;
  const { direct, model } = stage;
  const visitors: Visitor[] = [];
  for (let index = 0; index < PROMPTS_A_KILL; index += 1) {
    const credentials = await direct.mint();
    visitors.push({ credentials, viewer: watchSession({ origin: stage.relay.origin, credentials }), turns: [] });
  }
  for (let round = 0; round < rounds; round += 1) {
    await askAndKill(context, random, stage, relay, visitors, `${name}.${round}`);
    for (const { viewer, turns } of visitors) {
      const isAnswered = (): boolean => turns.slice(-1).every((turn) => viewer.hasEnded(turn));
      if (!(await comesTrue(isAnswered, { everyMs: 5, timeoutMs: 30_000 })))
        violate(`an accepted prompt is not answered: ${turns.at(-1)?.prompt}`);
    }
  }
  for (const { credentials, viewer, turns } of visitors) {
    await viewer.leave();
    const { body: state } = await direct.state(credentials);
    const { violations, completed, failed } = checkSession({ viewers: [viewer], turns, state, model });
    violate(...violations);
    count('prompts answered', completed);
    if (failed > 0) count(INTERRUPTED, failed);
  }
}

/**
 * Sends a prompt per visitor and kills the relay meanwhile. Prompts without an answer are sent again to another relay.
 */
async function askAndKill(
  { count, violate }: RowContext,
  random: Random,
  { model, direct }: FaultStage,
  relay: RelayProcess,
  visitors: readonly Visitor[],
  name: string,
): Promise<void> {
  const client = createProtocolClient(relay.origin);
  const killAt = random.between(1, visitors.length);
  const [beforeMs, afterMs] = [
    random.chance(0.25) ? random.between(0, 15) : null,
    random.chance(0.5) ? 0 : random.between(0, 10),
  ];
  let answers = 0;
  const killing: Promise<void>[] = [];
  const kill = (): void => {
    if (killing.length === 0) killing.push(relay.kill());
  };
  if (beforeMs !== null) setTimeout(kill, beforeMs);
  const asked = await Promise.all(
    visitors.map(async ({ credentials, turns }, index) => {
      const [prompt, messageId, delayMs] = [`Kill ${name}, prompt ${index}`, randomUUID(), random.between(0, 10)];
      model.plan(prompt, REPLY);
      await sleep(delayMs);
      const answer = await client.postOnce(credentials, { prompt, messageId });
      if (answer && answer.status !== 202) violate(`a prompt was answered ${answer.status}`);
      // At once: the prompt has to be stored by now.
      if (answer && (answers += 1) === killAt) setTimeout(kill, afterMs);
      return { credentials, turns, prompt, messageId, body: answer?.body ?? null };
    }),
  );
  kill();
  await Promise.all(killing);
  count('kills');
  const starting = relay.start();
  for (const { credentials, turns, prompt, messageId, body } of asked) {
    count(body ? 'prompts acknowledged before the kill' : 'prompts sent again');
    const accepted = body ?? (await direct.post(credentials, { prompt, messageId })).body;
    turns.push({ prompt, messageId, runId: accepted.runId });
  }
  await starting;
}
