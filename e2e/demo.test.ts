import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { freePort } from '#testkit/network/free-port.ts';
import { en } from '#widget/locales/en.ts';
import { createVisitor, type Chat, type Visitor } from '#testkit/browser/visitor.ts';
import { createProtocolClient } from '#testkit/client/protocol-client.ts';
import { askStatus, spawnScript, type Script } from '#testkit/processes/spawn-script.ts';
import { readMessages } from '#testkit/client/transcript.ts';
import { until } from '#testkit/wait.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-demo-'));
let origin: string;
let demo: Script;
let visitor: Visitor;

beforeAll(async () => {
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  const store = `sqlite:${path.join(folder, 'relay.db')}`;
  demo = spawnScript(['scripts/start.ts'], { PORT: String(port), STORE: store, DEMO_TOKENS_PER_SECOND: '100' });
  await until('the demo answers', async () => (await askStatus(origin, '/readyz')) === 200);
  visitor = await createVisitor();
});
afterAll(async () => {
  await visitor.dispose();
  demo.process.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

it('finishes an answer although the relay is killed from the page in the middle of it', async () => {
  const chat = await openTab();
  await chat.send('/long 300');
  await chat.waitForText(200);
  await chat.page.getByRole('button', { name: 'Kill the relay' }).click();
  await chat.waitFor('completed');
  const interrupted = await lastAnswer(chat);

  const client = createProtocolClient(origin);
  const { body } = await client.state(await chat.credentials());
  expect(readMessages(body.messages).at(-1)?.text).toBe(interrupted);
  expect(body.messages.at(-1)?.metadata?.run?.attempt).toBe(2);
  // The demo's model answers the same prompt with the same text, so that this is the undisturbed answer.
  await chat.page.getByRole('button', { name: 'New chat' }).click();
  await chat.send('/long 300');
  await chat.waitFor('completed');
  expect(await lastAnswer(chat)).toBe(interrupted);
});

it('continues an answer after the network was cut from the page, and stops one from elsewhere', async () => {
  const chat = await openTab();
  await chat.page.getByRole('button', { name: 'New chat' }).click();
  await chat.send('/long 200');
  await chat.waitForText(100);
  const cut = chat.page.getByRole('button', { name: /network/i });
  await cut.click();
  await until('the chat says that it is offline', async () => (await chat.status()) === 'offline');
  await cut.click();
  await chat.waitFor('completed');
  await chat.send('/long 2000');
  await chat.waitForText(100, 2);
  await chat.page.getByRole('button', { name: 'Stop from elsewhere' }).click();
  await chat.waitFor('cancelled', 2);
  expect((await chat.messages()).map(({ status }) => status)).toEqual([null, 'completed', null, 'cancelled']);
});

it.each(['lit', 'element', 'client', 'panel', 'markdown'])(
  'asks for the file of %s again by another address when it could not be loaded, and answers',
  async (name) => {
    const chat = await openTab();
    const { page } = chat;
    await page.evaluate(() => localStorage.clear());
    const asked: string[] = [];
    // Refused once: browsers may remember that for as long as the page lives.
    await page.route(new RegExp(`/${name}-[\\w-]{8}\\.js`), async (route) => {
      asked.push(new URL(route.request().url()).search);
      if (asked.length <= 1) await route.abort();
      else await route.continue();
    });
    await page.reload();
    await chat.send('/code');
    await chat.waitFor('completed');
    await page.locator('resumable-chat figure code').first().waitFor();
    // Lit comes with the element, which is the one that is asked for again.
    expect(asked).toEqual(['', name === 'lit' ? '' : '?retry=1']);
  },
);

it('says that a click on the launcher cannot be served, retries at a pace, and opens as soon as it can', async () => {
  const chat = await openTab();
  const { page } = chat;
  await page.evaluate(() => localStorage.clear());
  let refused = 0;
  await page.route(/\/panel-[\w-]{8}\.js/, async (route) => {
    refused += 1;
    await route.abort();
  });
  await page.reload();
  const said = page.getByRole('alert').filter({ hasText: en.unavailableNotice });
  await said.waitFor();
  await page.getByRole('button', { name: en.launcher }).click();
  await said.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: en.launcher }).click();
  await said.waitFor();
  await page.waitForTimeout(2_000);
  // Pauses of 1, 2, 4 s, however often it was wanted.
  expect(refused).toBeLessThanOrEqual(4);
  await page.unroute(/\/panel-[\w-]{8}\.js/);
  await page.getByRole('dialog').waitFor({ timeout: 20_000 });
  expect(await said.count()).toBe(0);
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.localName))
    .toBe('textarea');
});

it('says after a reload that the conversation is back, though the panel comes after it', async () => {
  const chat = await openTab();
  const { page } = chat;
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  await chat.send('/code');
  await chat.waitFor('completed');
  let release = (): void => undefined;
  const isBack = new Promise<void>((resolve) => (release = resolve));
  await page.route(/\/panel-[\w-]{8}\.js/, async (route) => {
    await isBack;
    await route.continue();
  });
  await page.reload();
  await until('the conversation is back', async () => (await chat.messages()).length === 2);
  const said = page.getByRole('status').filter({ hasText: en.announceRestored });
  expect(await said.count()).toBe(0);
  release();
  await said.waitFor({ state: 'attached' });
});

it('shows in the log view how a run was taken over, with the counts of the log', async () => {
  const chat = await openTab();
  const { page } = chat;
  await page.getByRole('button', { name: 'New chat' }).click();
  await page.getByRole('button', { name: 'Ask for a long answer' }).click();
  await chat.waitForText(300);
  await page.getByRole('button', { name: 'Kill the relay' }).click();
  await chat.waitFor('completed');
  await until('the outcome is told', async () => (await result(page, 'kill')).includes('In the end'));

  const { sessionId } = await chat.credentials();
  const { log } = await inspect(sessionId);
  expect(log.map(({ first, last, entries }) => last - first + 1 - entries)).toEqual([0, 0, 0]);
  const written = log.reduce((sum, { entries }) => sum + entries, 0);
  // The view reads by itself and may be a moment behind the chat.
  const soon = { timeout: 20_000 };
  await expect
    .poll(() => page.locator('[data-fact=received]').textContent(), soon)
    .toBe(`${written.toLocaleString('en-GB')} entries`);
  expect(await page.locator('[data-fact=exact]').textContent()).toBe('0 lost, 0 doubled');

  // After the dead relay's fence comes the first entry of the next one.
  const fences = page.getByRole('list', { name: 'Fences' }).getByRole('listitem');
  await expect
    .poll(() => fences.allTextContents(), soon)
    .toEqual([
      'Fence 1: prompt',
      expect.stringMatching(new RegExp(`^Fence 2: written 0…${log[1]?.last} by .+, shut$`)),
      expect.stringMatching(new RegExp(`^Fence 3: taken over 0…${log[2]?.last} by .+, shut$`)),
    ]);
  expect(log[2]?.prev).toBe(`${log[1]?.fence}-${log[1]?.last}`);
  await expect.poll(() => page.locator('.rows > li').last().textContent(), soon).toContain('Whole.');
  const rows = await page.locator('.rows > li').allTextContents();
  const died = rows.findIndex((row) => row.startsWith('The relay died here (kill -9).'));
  const takenOver = rows.findIndex((row) => row.startsWith('3-0restarted') && row.endsWith(`prev 2-${log[1]?.last}`));
  expect(died, 'it died first, and was then taken over').toBeGreaterThan(0);
  expect(takenOver).toBeGreaterThan(died);
  expect(rows[takenOver + 1]).toMatch(
    /^Another one took over: fence raised from 2 to 3\. The old writer would be refused now\./,
  );
  expect(await result(page, 'kill')).toMatch(
    /^Killed at 2-\d+; taken over in \d+\.\d s under fence 3, attempt 2; .*; 0 lost, 0 doubled\. In the end [\d,]+ characters, the same here/,
  );

  await page.getByRole('button', { name: 'Try a late write' }).click();
  await until('the late write is answered', async () => (await result(page, 'late')).includes('Not a letter of it'));
  expect((await inspect(sessionId)).log).toEqual(log);
});

it('shows that the log grows while the page is offline, and that the viewer continues where it was', async () => {
  const chat = await openTab();
  const { page } = chat;
  await page.getByRole('button', { name: 'New chat' }).click();
  await page.getByRole('button', { name: 'Ask for a long answer' }).click();
  await chat.waitForText(200);
  const cut = page.getByRole('button', { name: /network/i });
  await cut.click();
  await until('the chat says that it is offline', async () => (await chat.status()) === 'offline');
  // The latest entry is drawn in the next frame.
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  const cursor = await page.locator('[data-fact=cursor]').textContent();
  await until('the log has grown', async () => /wrote \d\d+ entries more/.test(await result(page, 'cut')));
  expect(await page.locator('[data-fact=cursor]').textContent(), 'nothing comes while the line is cut').toBe(cursor);
  const behind = page.locator('[data-fact=behind]');
  await until('it is known how far behind', async () =>
    /^\d+ entries behind$/.test((await behind.textContent()) ?? ''),
  );
  await cut.click();
  await until('the outcome is told', async () => (await result(page, 'cut')).includes('0 lost, 0 doubled'));
  expect(await result(page, 'cut')).toMatch(
    new RegExp(`^Offline at ${cursor} for .+ Went on right after it: \\d+ entries in \\d frames?,`),
  );
  await until(
    'what was missed is drawn, as merged as it came',
    async () => (await page.locator('.rows > li.merged').count()) > 0,
  );
  await page.getByRole('button', { name: 'Stop from elsewhere' }).click();
  await chat.waitFor('cancelled');
});

it.each([
  ['light', 1440],
  ['dark', 1440],
  ['light', 390],
] as const)('has no violation of axe, %s and %d px wide, in the middle of an answer', async (colorScheme, width) => {
  const chat = await openTab();
  const { page } = chat;
  await page.setViewportSize({ width, height: 844 });
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await page.reload();
  await page.getByRole('button', { name: 'Ask for a long answer' }).click();
  await page.locator('.rows > li.delta').first().waitFor();
  const violations = await findViolations(page);
  expect(violations, violations.join('\n')).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  await page.getByRole('button', { name: 'Stop from elsewhere' }).click();
  await until('the answer is stopped', async () => (await result(page, 'stop')).startsWith('Stopped'));
});

/** A tab for one test. It is closed afterwards: each holds one of the browser's six connections to a host. */
async function openTab(): Promise<Chat> {
  const chat = await visitor.newTab(`${origin}/`);
  onTestFinished(() => chat.page.close());
  return chat;
}

async function result(page: Page, step: string): Promise<string> {
  return (await page.locator(`[data-step=${step}] .result`).textContent()) ?? '';
}

interface InspectedLog {
  log: { fence: number; entries: number; first: number; last: number; prev: string | null }[];
}

async function inspect(sessionId: string): Promise<InspectedLog> {
  const response = await fetch(`${origin}/demo/inspect?sessionId=${sessionId}`);
  return (await response.json()) as InspectedLog;
}

/** Violations that axe finds on the page, a line for each place. */
async function findViolations(page: Page): Promise<string[]> {
  // Evaluated from outside the page: its Content-Security-Policy lets no foreign script in.
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { target: unknown; failureSummary?: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} at ${String(target)}: ${failureSummary}`),
    );
  });
}

async function lastAnswer(chat: Chat): Promise<string | undefined> {
  return (await chat.messages()).at(-1)?.text;
}
