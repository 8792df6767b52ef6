import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openBrowserStage, type BrowserStage } from '#testkit/browser/browser-stage.ts';
import { sleep } from '#testkit/wait.ts';

let stage: BrowserStage;

beforeAll(async () => {
  stage = await openBrowserStage();
  console.log(`relay: TEST_SEED=${stage.random.seed}`);
});
afterEach(() => stage.endVisits());
afterAll(() => stage.close());

it('finishes every answer although the relay is killed at any point, from before the POST to after the end', async () => {
  const { relay, random } = stage;
  const visitor = await stage.visit();
  const first = await visitor.newTab(stage.page.url);
  const prompts: string[] = [];
  for (let round = 1; round <= 8; round += 1) {
    const prompt = `Round ${round}`;
    prompts.push(prompt);
    const asking = stage.ask(first, prompt, 150, 250);
    // The first rounds hit the POST, the later ones the answer.
    await sleep(round <= 3 ? random.between(0, 80) : random.between(50, 800));
    await relay.kill();
    await asking;
    await sleep(random.between(0, 200));
    await relay.start();
    await first.waitFor('completed', round);
  }
  const second = await visitor.newTab(stage.page.url);
  await second.waitFor('completed', prompts.length);
  await stage.expectAnswers([first, second], prompts);
  expect(relay.kills).toBe(8);
});

it('shows a planned restart in the middle of an answer as a short wait only', async () => {
  const { relay, model } = stage;
  const chat = await (await stage.visit()).newTab(stage.page.url);
  const statuses = await chat.recordStatuses();
  await stage.ask(chat, 'Drain', 400, 200);
  await chat.waitForText(300);
  const ended = relay.ended();
  relay.signal('SIGTERM');
  expect(await ended).toEqual({ code: 0, signal: null });
  await relay.start();
  await chat.waitFor('completed');
  await stage.expectAnswers([chat], ['Drain']);
  expect(await statuses()).not.toContain('failed');
  expect(model.callsFor('Drain').length).toBeLessThanOrEqual(2);
});
