import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkConversation, type Conversation } from '#testkit/judge/check-reply.ts';
import { checkAgreement, checkHistory } from '#testkit/judge/check-history.ts';
import type { Credentials } from '#testkit/client/protocol-client.ts';
import type { Random } from '#testkit/random.ts';
import { openStage, type Stage } from '#testkit/stage.ts';
import { readMessages } from '#testkit/client/transcript.ts';
import { watchSession, type Viewer } from '#testkit/client/viewer.ts';
import { sleep, until } from '#testkit/wait.ts';

const SESSIONS = 24;
const PROMPTS = 12;
const VIEWERS = 2;
const STOPPED = 0.15;
/**
 * Accepted prompts between two kills: counted rather than timed, so that a slow machine kills as often as a fast one.
 * Not so soon that most replies are interrupted, since a run fails after three interruptions.
 */
const PROMPTS_BETWEEN_KILLS = { min: 12, max: 30 };
const MS_BETWEEN_KILLS = { min: 1000, max: 2000 };

interface Actor extends Conversation {
  stopped: Set<string>;
  confirmed: Set<string>;
  credentials: Credentials;
  viewers: Viewer[];
}

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
  console.log(`chaos: TEST_SEED=${stage.random.seed}`);
});
afterAll(() => stage.close());

it('answers every acknowledged prompt, whole and once, for every viewer, through cuts, black holes, kills and stops', async () => {
  const { relay, proxy, client, model } = stage;
  const actors: Actor[] = [];
  const talking = Promise.all(Array.from({ length: SESSIONS }, () => converse(actors, stage.random.fork())));
  const trouble = makeTrouble(actors, stage.random.fork(), talking);
  await Promise.all([talking, trouble]);

  const totals = { prompts: 0, completed: 0, cancelled: 0, failed: 0, frames: 0, connections: 0 };
  for (const { credentials, viewers, ...conversation } of actors) {
    const { body } = await client.state(credentials);
    const messages = readMessages(body.messages);
    const { violations, completed, cancelled, failed } = checkConversation(messages, conversation, model);
    expect(violations).toEqual([]);
    expect(body.run).toBeNull();
    totals.completed += completed;
    totals.cancelled += cancelled;
    totals.failed += failed;
    for (const viewer of viewers) {
      await viewer.leave();
      expect(viewer.transcript.messages()).toEqual(messages);
      expect(checkHistory(viewer.received, { snapshots: 'first' })).toEqual([]);
      totals.frames += viewer.received.length;
      totals.connections += viewer.connections;
    }
    expect(checkAgreement(viewers.map(({ received }) => received))).toEqual([]);
    totals.prompts += conversation.turns.length;
  }
  console.log('chaos:', JSON.stringify({ ...totals, kills: relay.kills, retries: client.retries, ...proxy.counts }));
  expect(totals.prompts).toBe(SESSIONS * PROMPTS);
  // A run fails only when it is interrupted three times, which is rare.
  expect(totals.failed).toBeLessThanOrEqual(totals.prompts * 0.05);
  expect(relay.kills).toBeGreaterThanOrEqual(2);
});

/** A visitor with two tabs, who asks, waits until both have seen the end of the answer, and asks again. */
async function converse(actors: Actor[], random: Random): Promise<void> {
  const { client, model, proxy } = stage;
  const credentials = await client.mint();
  const viewers = Array.from({ length: VIEWERS }, () => watchSession({ origin: proxy.origin, credentials }));
  const actor: Actor = { credentials, viewers, turns: [], stopped: new Set(), confirmed: new Set() };
  actors.push(actor);
  for (let index = 0; index < PROMPTS; index += 1) {
    const prompt = `\t${index}: was heißt „${random.next()}“?\n🚀 "data: x" \\ `;
    const messageId = randomUUID();
    model.plan(prompt, {
      reasoningTokens: random.chance(0.5) ? random.between(1, 30) : 0,
      tokens: random.between(3, 160),
      tokensPerSecond: random.between(100, 1000),
    });
    const { status, body } = await client.post(credentials, { prompt, messageId });
    expect([200, 202]).toContain(status);
    actor.turns.push({ messageId, prompt, runId: body.runId });
    if (random.chance(STOPPED)) {
      await sleep(random.between(0, 300));
      actor.stopped.add(body.runId);
      const stop = await client.stop(credentials, body.runId);
      expect(stop.status).toBe(200);
      if (stop.body.cancelled) actor.confirmed.add(body.runId);
    }
    await until(
      `run ${body.runId} has ended for every viewer`,
      () => viewers.every((viewer) => viewer.hasEnded(body)),
      {
        timeoutMs: 60_000,
      },
    );
  }
}

async function makeTrouble(actors: readonly Actor[], random: Random, talking: Promise<unknown>): Promise<void> {
  const { relay, proxy } = stage;
  let over = false;
  const end = (): void => {
    over = true;
  };
  talking.then(end, end);
  const accepted = (): number => actors.reduce((sum, { turns }) => sum + turns.length, 0);
  const drawKill = (): number => accepted() + random.between(PROMPTS_BETWEEN_KILLS.min, PROMPTS_BETWEEN_KILLS.max);
  const drawTime = (): number => Date.now() + random.between(MS_BETWEEN_KILLS.min, MS_BETWEEN_KILLS.max);
  let killAt = drawKill();
  let notBefore = 0;
  while (!over) {
    await sleep(random.between(10, 120));
    const dice = random.next();
    if (accepted() >= killAt && Date.now() >= notBefore) {
      await relay.kill();
      await sleep(random.between(0, 300));
      await relay.start();
      killAt = drawKill();
      notBefore = drawTime();
    } else if (dice < 0.6) {
      const viewers = actors.flatMap((actor) => actor.viewers);
      viewers[random.between(0, viewers.length - 1)]?.drop();
    } else if (dice < 0.75) proxy.cut();
    else if (dice < 0.78) {
      proxy.blackHole(random.pick(['up', 'down', 'both']));
      await sleep(random.between(50, 400));
      proxy.restore();
    }
  }
  proxy.restore();
}
