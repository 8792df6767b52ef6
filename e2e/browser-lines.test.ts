import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openBrowserStage, type BrowserStage } from '#testkit/browser/browser-stage.ts';
import { sleep, until } from '#testkit/wait.ts';

let stage: BrowserStage;

beforeAll(async () => {
  stage = await openBrowserStage();
  console.log(`lines: TEST_SEED=${stage.random.seed}`);
});
afterEach(() => stage.endVisits());
afterAll(() => stage.close());

it('continues after a refresh in the middle of an answer, and shows the text so far at once', async () => {
  const chat = await (await stage.visit()).newTab(stage.page.url);
  await stage.ask(chat, 'Refresh', 400, 200);
  await chat.waitForText(300);
  const before = (await chat.messages()).at(-1)?.text ?? '';
  await chat.page.reload();
  await chat.waitForText(before.length);
  expect((await chat.messages()).at(-1)?.text.startsWith(before)).toBe(true);
  await chat.waitFor('completed');
  await stage.expectAnswers([chat], ['Refresh']);
  expect(stage.model.callsFor('Refresh')).toHaveLength(1);
});

it('keeps the text while the connection is cut, says so, and continues when it is back', async () => {
  const chat = await (await stage.visit()).newTab(stage.page.url);
  await stage.ask(chat, 'Cut', 400, 200);
  await chat.waitForText(300);
  stage.proxy.goDown();
  await until('the chat reconnects', async () => (await chat.status()) === 'reconnecting');
  const before = (await chat.messages()).at(-1)?.text ?? '';
  expect((await chat.shown())[0]?.length).toBeGreaterThan(100);
  await sleep(500);
  expect((await chat.messages()).at(-1)?.text).toBe(before);
  stage.proxy.restore();
  await chat.waitFor('completed');
  await stage.expectAnswers([chat], ['Cut']);
  expect(stage.model.callsFor('Cut')).toHaveLength(1);
});

it('notices a connection that loses packets silently, and continues when it no longer does', async () => {
  const chat = await (await stage.visit()).newTab(stage.page.url, { clock: true });
  await stage.ask(chat, 'Black hole', 400, 200);
  await chat.waitForText(300);
  stage.proxy.blackHole();
  await until('the model has written all of it', () => stage.model.callsFor('Black hole')[0]?.finished);
  // After 45 s without even a ping the widget takes the connection for dead.
  expect(await chat.status()).toBe('streaming');
  await chat.page.clock.fastForward(46_000);
  await until('the chat reconnects', async () => (await chat.status()) === 'reconnecting');
  // The next connection is swallowed too, and given up in its turn.
  await sleep(1_500);
  stage.proxy.restore();
  await until('the chat has the whole answer', async () => {
    await chat.page.clock.fastForward(10_000);
    await sleep(200);
    return (await chat.messages()).at(-1)?.status === 'completed';
  });
  await stage.expectAnswers([chat], ['Black hole']);
  expect(stage.proxy.counts.swallowedBytes).toBeGreaterThan(0);
});

it('sends a prompt once, although the answer to the POST was lost and the connection went down', async () => {
  const chat = await (await stage.visit()).newTab(stage.page.url);
  await stage.ask(chat, 'First', 10, 500);
  await chat.waitFor('completed');
  stage.proxy.dropAnswers(true);
  await stage.ask(chat, 'Lost answer', 40, 200);
  await until('the prompt was asked', () => stage.model.callsFor('Lost answer').length > 0);
  await sleep(300);
  stage.proxy.restore();
  await chat.waitFor('completed', 2);
  await stage.expectAnswers([chat], ['First', 'Lost answer']);
  expect(stage.model.callsFor('Lost answer')).toHaveLength(1);
});

it('completes an answer of 5,000 tokens through ten interruptions of every kind', async () => {
  const { relay, proxy, model, random } = stage;
  const visitor = await stage.visit();
  let chat = await visitor.newTab(stage.page.url);
  const prompt = 'Five thousand';
  model.plan(prompt, { tokens: 5_000, tokensPerSecond: 2_000, style: 'plain', allowed: 0 });
  await chat.send(prompt);
  const interruptions = ['cut', 'refresh', 'down', 'tab', 'cut', 'relay', 'refresh', 'cut', 'browser', 'down'] as const;
  for (const [index, interruption] of interruptions.entries()) {
    // About every 450 tokens, while the answer is being written.
    model.allow(prompt, (index + 1) * 450);
    await chat.waitForText(index * 1_500 + 100);
    await sleep(random.between(0, 150));
    if (interruption === 'cut') proxy.cut();
    else if (interruption === 'refresh') await chat.page.reload();
    else if (interruption === 'down') {
      proxy.goDown();
      await sleep(random.between(100, 600));
      proxy.restore();
    } else if (interruption === 'tab') {
      await chat.page.close();
      chat = await visitor.newTab(stage.page.url);
    } else if (interruption === 'browser') {
      await visitor.close();
      await visitor.open();
      chat = await visitor.newTab(stage.page.url);
    } else {
      await relay.kill();
      await relay.start();
    }
  }
  expect(model.callsFor(prompt).at(-1)?.finished).toBe(false);
  model.allow(prompt, 5_000);
  await chat.waitFor('completed');
  await stage.expectAnswers([chat], [prompt]);
  expect(stage.written(prompt).length).toBeGreaterThan(20_000);
});
