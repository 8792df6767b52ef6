import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openBrowserStage, type BrowserStage } from '#testkit/browser/browser-stage.ts';
import { sleep, until } from '#testkit/wait.ts';

let stage: BrowserStage;

beforeAll(async () => {
  stage = await openBrowserStage();
});
afterEach(() => stage.endVisits());
afterAll(() => stage.close());

it('continues in a tab that was closed and opened again', async () => {
  const visitor = await stage.visit();
  const first = await visitor.newTab(stage.page.url);
  await stage.ask(first, 'Tab', 300, 200);
  await first.waitForText(200);
  await first.page.close();
  await sleep(300);
  const second = await visitor.newTab(stage.page.url);
  await second.waitForText(200);
  await second.waitFor('completed');
  await stage.expectAnswers([second], ['Tab']);
});

it('continues in a browser that was closed and opened again', async () => {
  const visitor = await stage.visit();
  const first = await visitor.newTab(stage.page.url);
  await stage.ask(first, 'Browser', 500, 200);
  await first.waitForText(200);
  // A browser writes a page's storage to disk with some delay.
  await sleep(500);
  await visitor.close();
  await visitor.open();
  const second = await visitor.newTab(stage.page.url);
  await second.waitFor('completed');
  await stage.expectAnswers([second], ['Browser']);
});

it('shows the same conversation in two tabs and on a second device, wherever a prompt is sent', async () => {
  const visitor = await stage.visit();
  const first = await visitor.newTab(stage.page.url);
  await stage.ask(first, 'From the first tab', 300, 200);
  await first.waitForText(100);
  const second = await visitor.newTab(stage.page.url);
  const elsewhere = await (await stage.visit()).newTab(stage.page.url);
  await elsewhere.join(await first.credentials());
  const chats = [first, second, elsewhere];
  for (const chat of chats) await chat.waitFor('completed', 1);
  await stage.expectAnswers(chats, ['From the first tab']);

  await stage.ask(second, 'From the second tab', 60, 200);
  await second.waitFor('completed', 2);
  // A background tab may have closed its connection; it catches up when it is shown.
  await first.page.bringToFront();
  await first.waitFor('completed', 2);
  await elsewhere.waitFor('completed', 2);
  await stage.ask(elsewhere, 'From elsewhere', 60, 200);
  for (const chat of chats) {
    await chat.page.bringToFront();
    await chat.waitFor('completed', 3);
  }
  await stage.expectAnswers(chats, ['From the first tab', 'From the second tab', 'From elsewhere']);
  for (const { finished } of stage.model.calls) expect(finished).toBe(true);
});

it('works in ten visible tabs over the six connections that a browser opens to a relay', async () => {
  const visitor = await stage.visit();
  const first = await visitor.newTab(stage.page.url);
  await stage.ask(first, 'Ten tabs', 2_000, 100);
  await first.waitForText(100);
  const chats = [first];
  while (chats.length < 10) chats.push(await visitor.newTab(stage.page.url));
  for (const chat of chats) {
    expect(await chat.page.evaluate(() => document.visibilityState)).toBe('visible');
    await chat.waitForText(100);
  }
  // All of them continue, and there is a connection left for the last one's prompt.
  const before = await Promise.all(chats.map(async (chat) => (await chat.messages()).at(-1)?.text.length ?? 0));
  for (const [index, chat] of chats.entries()) await chat.waitForText((before[index] ?? 0) + 100);
  await chats.at(-1)?.stop();
  for (const chat of chats) await chat.waitFor('cancelled');
  const [kept] = await first.shown();
  for (const chat of chats) expect((await chat.shown())[0]).toBe(kept);
});

it('stops from another tab: the model call is aborted, and every viewer keeps the same beginning', async () => {
  const visitor = await stage.visit();
  const first = await visitor.newTab(stage.page.url);
  await stage.ask(first, 'Stop', 3_000, 200);
  await first.waitForText(200);
  const second = await visitor.newTab(stage.page.url);
  await second.waitForText(300);
  await second.stop();
  await second.waitFor('cancelled');
  await first.page.bringToFront();
  await first.waitFor('cancelled');
  const call = stage.model.callsFor('Stop')[0];
  await until('the model was hung up on', () => call?.aborted, { timeoutMs: 3_000 });
  const [mine, theirs] = [await first.messages(), await second.messages()];
  expect(mine).toEqual(theirs);
  const kept = mine.at(-1)?.text ?? '';
  expect(kept.length).toBeGreaterThanOrEqual(300);
  expect(call?.text.startsWith(kept)).toBe(true);
  expect((await first.shown())[0]).toBe(kept.trimEnd());
  // It stays so after a refresh, and says so.
  await first.page.reload();
  await first.waitFor('cancelled');
  expect(await first.messages()).toEqual(mine);
  await first.page.getByText('Stopped').waitFor();
});
