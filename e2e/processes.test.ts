import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { freePort } from '#testkit/network/free-port.ts';
import { checkConversation } from '#testkit/judge/check-reply.ts';
import { checkHistory } from '#testkit/judge/check-history.ts';
import { createProtocolClient } from '#testkit/client/protocol-client.ts';
import { askStatus as status, spawnScript } from '#testkit/processes/spawn-script.ts';
import { openStage, type Stage } from '#testkit/stage.ts';
import { readMessages } from '#testkit/client/transcript.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { until } from '#testkit/wait.ts';

let stage: Stage | null = null;

afterEach(async () => {
  await stage?.close();
  stage = null;
});

it('drains on SIGTERM: it refuses new prompts, says bye, hands its runs over, and the next relay continues unnoticed', async () => {
  stage = await openStage({ DRAIN_MS: '1000' });
  const { relay, direct, model } = stage;
  const credentials = await direct.mint();
  const other = await direct.mint();
  const viewer = watchSession({ origin: relay.origin, credentials });
  model.plan('A long one', { tokens: 900, tokensPerSecond: 300 });
  const messageId = randomUUID();
  const { body } = await direct.post(credentials, { prompt: 'A long one', messageId });
  await until('the reply has begun', () => viewer.received.length > 20);

  const ended = relay.ended();
  relay.signal('SIGTERM');
  await until('readyz says that it drains', async () => (await status(relay.origin, '/readyz')) === 503);
  const refused = await direct.postOnce(other, { prompt: 'Too late', messageId: randomUUID() });
  expect(refused?.status).toBe(503);
  expect(refused?.body).toMatchObject({ code: 'draining', retryable: true });
  expect((await direct.state(credentials)).status).toBe(200);
  expect(await ended).toEqual({ code: 0, signal: null });

  await relay.start();
  await until('the reply has ended', () => viewer.hasEnded(body));
  await viewer.leave();
  expect(viewer.byes).toEqual(['shutdown']);
  expect(checkHistory(viewer.received, { snapshots: 'first' })).toEqual([]);
  const { messages } = (await direct.state(credentials)).body;
  const turns = [{ messageId, prompt: 'A long one', runId: body.runId }];
  expect(checkConversation(readMessages(messages), { turns }, model)).toMatchObject({ violations: [], completed: 1 });
  expect(viewer.transcript.messages()).toEqual(readMessages(messages));
  // A planned stop does not count as an attempt.
  expect(messages.at(-1)?.metadata?.run?.attempt).toBe(1);
});

it('lets a short reply end before it stops', async () => {
  stage = await openStage();
  const { relay, direct, model } = stage;
  const credentials = await direct.mint();
  const viewer = watchSession({ origin: relay.origin, credentials });
  model.plan('A short one', { tokens: 40, tokensPerSecond: 100 });
  const { body } = await direct.post(credentials, { prompt: 'A short one' });
  await until('the reply has begun', () => viewer.received.length > 5);
  const ended = relay.ended();
  relay.signal('SIGTERM');
  expect(await ended).toEqual({ code: 0, signal: null });
  await relay.start();
  await until('the reply has ended', () => viewer.hasEnded(body));
  await viewer.leave();
  expect(model.callsFor('A short one')).toHaveLength(1);
});

it('refuses to start a second relay on the same file, in one sentence, and does not disturb the first', async () => {
  stage = await openStage();
  const { relay, direct } = stage;
  const second = spawnScript(['relay/node/main.ts'], {
    PORT: String(await freePort()),
    STORE: `sqlite:${relay.storeFile}`,
  });
  const [code] = (await once(second.process, 'exit')) as [number];
  expect(code).toBe(1);
  const lines = second.output().trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(relay.storeFile);
  expect(lines[0]).not.toMatch(/\bat .*:\d+:\d+/);
  expect((await direct.post(await direct.mint(), { prompt: 'Still there?' })).status).toBe(202);
});

it('is started again after a kill under `npm start`, finishes its run, and ends with `npm start`', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-start-'));
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const settings = {
    PORT: String(port),
    STORE: `sqlite:${path.join(folder, 'relay.db')}`,
    DEMO_TOKENS_PER_SECOND: '100',
  };
  const started = spawnScript(['scripts/start.ts'], settings);
  try {
    await until('the demo answers', async () => (await status(origin, '/readyz')) === 200);
    expect(await status(origin, '/')).toBe(200);
    const client = createProtocolClient(origin);
    const credentials = await client.mint();
    const viewer = watchSession({ origin, credentials });
    const { body } = await client.post(credentials, { prompt: '/long 200' });
    await until('the reply has begun', () => viewer.received.length > 20);
    await status(origin, '/demo/kill', 'POST');
    await until('the reply has ended', () => viewer.hasEnded(body));
    await viewer.leave();
    expect(checkHistory(viewer.received, { snapshots: 'first' })).toEqual([]);
    const reply = viewer.transcript.messages().at(-1);
    expect(reply?.status).toBe('completed');
    const { messages } = (await client.state(credentials)).body;
    expect(reply?.text).toBe(readMessages(messages).at(-1)?.text);
    expect(messages.at(-1)?.metadata?.run?.attempt).toBe(2);

    // Not even a killed supervisor leaves a relay behind.
    started.process.kill('SIGKILL');
    await until('the relay has ended too', async () => (await status(origin, '/healthz')) === null);
  } finally {
    started.process.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

it('is not started again when it refuses to start', async () => {
  const started = spawnScript(['scripts/start.ts'], { PORT: 'not a port' });
  const [code] = (await once(started.process, 'exit')) as [number];
  expect(code).toBe(1);
  expect(started.output()).toContain('PORT');
});

it('ends with code 0 when `npm start` is told to stop', async () => {
  const port = await freePort();
  const started = spawnScript(['scripts/start.ts'], { PORT: String(port), STORE: 'sqlite::memory:' });
  await until('the demo answers', async () => (await status(`http://127.0.0.1:${port}`, '/readyz')) === 200);
  const exit = once(started.process, 'exit');
  started.process.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(await status(`http://127.0.0.1:${port}`, '/healthz')).toBeNull();
});
