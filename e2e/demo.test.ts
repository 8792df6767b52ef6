import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createVisitor, type Chat, type Visitor } from './support/browser.ts';
import { createProtocolClient } from './support/protocol-client.ts';
import { freePort } from './support/relay-process.ts';
import { askStatus, spawnScript, type Script } from './support/spawn-script.ts';
import { readMessages } from './support/transcript.ts';
import { until } from './support/wait.ts';

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

it('finishes an answer though the relay is killed from the page in the middle of it', async () => {
  const chat = await visitor.newTab(`${origin}/`);
  await chat.send('/long 300');
  await chat.waitForText(200);
  await chat.page.getByRole('button', { name: 'Kill the relay' }).click();
  await chat.waitFor('completed');
  const interrupted = await lastAnswer(chat);

  const client = createProtocolClient(origin);
  const { body } = await client.state(await chat.credentials());
  expect(readMessages(body.messages).at(-1)?.text).toBe(interrupted);
  expect(body.messages.at(-1)?.metadata?.run?.attempt).toBe(2);
  // The demo's model writes the same for the same prompt: so this is what an undisturbed answer looks like.
  await chat.page.getByRole('button', { name: 'New chat' }).click();
  await chat.send('/long 300');
  await chat.waitFor('completed');
  expect(await lastAnswer(chat)).toBe(interrupted);
});

it('goes on with an answer after the network was cut from the page, and stops one from elsewhere', async () => {
  const chat = await visitor.newTab(`${origin}/`);
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

async function lastAnswer(chat: Chat): Promise<string | undefined> {
  return (await chat.messages()).at(-1)?.text;
}
