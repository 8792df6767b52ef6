import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkConversation } from '#testkit/judge/check-reply.ts';
import type { Accepted, Credentials } from '#testkit/client/protocol-client.ts';
import { openStage, type Stage } from '#testkit/stage.ts';
import { readMessages } from '#testkit/client/transcript.ts';
import { resumeOnce } from '#testkit/client/viewer.ts';
import { sleep } from '#testkit/wait.ts';

interface Asked {
  credentials: Credentials;
  prompt: string;
  messageId: string;
  answer: Accepted | null;
}

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
  console.log(`post: TEST_SEED=${stage.random.seed}`);
});
afterAll(() => stage.close());

it('never loses an acknowledged prompt or answers one twice when it is killed around the POST', async () => {
  const { relay, direct, model, random } = stage;
  const ROUNDS = 12;
  const AT_ONCE = 10;
  let acknowledged = 0;
  let unanswered = 0;
  const askOnce = async (one: Asked, delayMs: number): Promise<void> => {
    await sleep(delayMs);
    const answer = await direct.postOnce(one.credentials, { prompt: one.prompt, messageId: one.messageId });
    if (answer) expect(answer.status).toBe(202);
    one.answer = answer?.body ?? null;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const asked: Asked[] = [];
    for (let index = 0; index < AT_ONCE; index += 1) {
      const prompt = `Round ${round}, prompt ${index}`;
      model.plan(prompt, { tokens: 20, tokensPerSecond: 500 });
      asked.push({ credentials: await direct.mint(), prompt, messageId: randomUUID(), answer: null });
    }
    const asking = asked.map((one) => askOnce(one, random.between(0, 40)));
    await sleep(random.between(0, 120));
    await relay.kill();
    await Promise.all(asking);
    await relay.start();
    for (const one of asked) {
      if (one.answer) acknowledged += 1;
      else {
        unanswered += 1;
        const { status, body } = await direct.post(one.credentials, { prompt: one.prompt, messageId: one.messageId });
        expect([200, 202]).toContain(status);
        one.answer = body;
      }
    }
    for (const { credentials, prompt, messageId, answer } of asked) {
      await resumeOnce({ origin: relay.origin, credentials });
      const { body } = await direct.state(credentials);
      const turns = [{ messageId, prompt, runId: answer?.runId ?? '' }];
      const { violations, completed } = checkConversation(readMessages(body.messages), { turns }, model);
      expect(violations).toEqual([]);
      expect(completed).toBe(1);
    }
  }
  console.log('post:', JSON.stringify({ kills: relay.kills, acknowledged, unanswered }));
  expect(acknowledged + unanswered).toBe(ROUNDS * AT_ONCE);
});

it('starts one run for a prompt whose answer was lost, however often it is sent', async () => {
  const { proxy, client, direct, model } = stage;
  const PROMPTS = 100;
  const credentials = await direct.mint();
  for (let index = 0; index < PROMPTS; index += 1) {
    const prompt = `Lost answer ${index}`;
    const messageId = randomUUID();
    model.plan(prompt, { tokens: 3, tokensPerSecond: 1000 });
    proxy.dropAnswers(true);
    expect(await client.postOnce(credentials, { prompt, messageId })).toBeNull();
    expect(await client.postOnce(credentials, { prompt, messageId })).toBeNull();
    proxy.restore();
    const { status, body } = await client.post(credentials, { prompt, messageId });
    expect(status).toBe(200);
    expect(body.messageId).toBe(messageId);
    await resumeOnce({ origin: direct.origin, credentials, after: body.cursor });
    expect(model.callsFor(prompt)).toHaveLength(1);
  }
  const { body } = await direct.state(credentials);
  expect(body.messages.filter(({ role }) => role === 'user')).toHaveLength(PROMPTS);
  expect(body.messages.filter(({ role }) => role === 'assistant')).toHaveLength(PROMPTS);
});
