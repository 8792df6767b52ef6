import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { watchSession, type Viewer } from '#testkit/client/viewer.ts';
import { checkSession, type SessionHistory } from '#testkit/judge/check-session.ts';
import type { Random } from '#testkit/random.ts';
import { openStage, type Stage } from '#testkit/stage.ts';
import { sleep, until } from '#testkit/wait.ts';

const SESSIONS = 6;
const PROMPTS = 4;
const MS_BETWEEN_KILLS = { min: 900, max: 1_800 };

interface Conversation extends Pick<SessionHistory, 'turns'> {
  credentials: { sessionId: string; token: string };
  viewers: Viewer[];
}

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({}, { script: 'e2e/servers/relay-with-tools.ts' });
  console.log(`tools: TEST_SEED=${stage.random.seed}`);
});
afterAll(() => stage.close());

it('delivers reasoning and tool calls whole and once, from an embedding server that is killed in the middle of them', async () => {
  const { direct, model, relay, random } = stage;
  let over = false;
  const talking = Promise.all(Array.from({ length: SESSIONS }, () => converse(random.fork()))).finally(() => {
    over = true;
  });
  const killing = killAgainAndAgain(() => over);
  const [conversations] = await Promise.all([talking, killing]);

  const totals = { completed: 0, failed: 0, tools: 0, calls: model.calls.length, kills: relay.kills };
  for (const { credentials, viewers, turns } of conversations) {
    await Promise.all(viewers.map((viewer) => viewer.leave()));
    const { body: state } = await direct.state(credentials);
    const { violations, completed, failed } = checkSession({ viewers, state, turns, model });
    expect(violations).toEqual([]);
    totals.completed += completed;
    totals.failed += failed;
    totals.tools += (viewers[0]?.transcript.messages() ?? []).flatMap(({ tools }) => tools).length;
  }
  console.log('tools:', JSON.stringify(totals));
  expect(totals.failed).toBeLessThanOrEqual(2);
  expect(totals.tools).toBeGreaterThan(SESSIONS * PROMPTS);
  expect(relay.kills).toBeGreaterThanOrEqual(2);
  // Takeovers in the middle of a reply: turns that were asked for again.
  expect(totals.calls).toBeGreaterThan(totals.tools + totals.completed);
});

async function converse(random: Random): Promise<Conversation> {
  const { direct, model, proxy, relay } = stage;
  const credentials = await direct.mint();
  const viewers = [proxy, relay].map(({ origin }) => watchSession({ origin, credentials }));
  const turns: Conversation['turns'] = [];
  for (let index = 0; index < PROMPTS; index += 1) {
    const prompt = `${credentials.sessionId}, prompt ${index}`;
    const toolTurns = random.between(1, 3);
    model.plan(prompt, { toolTurns, reasoningTokens: random.between(0, 10), tokens: random.between(3, 40) });
    const { body } = await direct.post(credentials, { prompt, messageId: randomUUID() });
    turns.push({ messageId: body.messageId, prompt, runId: body.runId });
    await until('the reply has ended for both viewers', () => viewers.every((viewer) => viewer.hasEnded(body)));
  }
  return { credentials, viewers, turns };
}

async function killAgainAndAgain(isOver: () => boolean): Promise<void> {
  const { relay, random } = stage;
  const dice = random.fork();
  while (!isOver()) {
    await sleep(dice.between(MS_BETWEEN_KILLS.min, MS_BETWEEN_KILLS.max));
    await relay.kill();
    await relay.start();
  }
}
