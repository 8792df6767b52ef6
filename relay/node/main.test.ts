import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { MintAnswer } from '#shared/protocol.ts';
import { startRedis } from '#testkit/processes/redis/redis-process.ts';
import { bearer, json } from '../testing/relay-stage.ts';

vi.setConfig({ testTimeout: 40_000, hookTimeout: 40_000 });

interface Process {
  child: ChildProcess;
  output(): string;
  /** Resolves with the origin once it is ready. */
  ready: Promise<string>;
  exit: Promise<number | null>;
}

let folder: string;
const started: Process[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-main-'));
});
afterEach(async () => {
  for (const { child, exit } of started.splice(0)) {
    child.kill('SIGKILL');
    await exit;
  }
  rmSync(folder, { recursive: true });
});

function start(env: Record<string, string> = {}, args: string[] = []): Process {
  const child = spawn(process.execPath, [fileURLToPath(new URL('main.ts', import.meta.url)), ...args], {
    env: {
      PATH: process.env['PATH'],
      PORT: '0',
      STORE: `sqlite:${path.join(folder, 'relay.db')}`,
      DRAIN_MS: '600',
      ...env,
    },
    // A `.env` of whoever runs the tests is none of theirs.
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let isReady: (origin: string) => void;
  const ready = new Promise<string>((resolve) => (isReady = resolve));
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const origin = /is ready at (http:\S+)/.exec(output)?.[1];
      if (origin) isReady(origin);
    });
  }
  const exit = once(child, 'close').then(([code]: unknown[]) => code as number | null);
  const relay = { child, output: () => output, ready, exit };
  started.push(relay);
  return relay;
}

/** Sends bytes as they are and answers what comes back. */
async function sendRaw(origin: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  socket.write(bytes);
  await expect.poll(() => answer, { timeout: 5000 }).not.toBe('');
  socket.destroy();
  return answer;
}

it('keeps its secret beside the store, for its owner alone, so that tokens outlive a restart', async () => {
  const first = start();
  const minted = await fetch(`${await first.ready}/api/sessions`, json({}));
  const { sessionId, token } = (await minted.json()) as MintAnswer;
  first.child.kill('SIGKILL');
  await first.exit;
  const file = path.join(folder, 'relay.db.secret');
  expect(statSync(file).mode & 0o777).toBe(0o600);

  const second = start();
  const origin = await second.ready;
  const answer = await fetch(`${origin}/api/sessions/${sessionId}`, { headers: bearer(token) });
  expect(answer.status).toBe(412);
  const everything = `${first.output()}${second.output()}`;
  for (const secret of [token, readFileSync(file, 'utf8').trim()]) expect(everything).not.toContain(secret);
});

it('answers bytes that are not a valid request with a problem', async () => {
  const relay = start();
  const origin = await relay.ready;
  for (const bytes of [
    'nonsense\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
    'GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`,
    'POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n',
  ]) {
    const answer = await sendRaw(origin, bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
    expect(answer).toContain('"code":"invalid-request"');
  }
  const chunked = `POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
  expect(await sendRaw(origin, `${chunked}${`4000\r\n${'x'.repeat(0x4000)}\r\n`.repeat(4)}`)).toMatch(
    /^HTTP\/1\.1 413 /,
  );
  expect((await fetch(`${origin}/healthz`)).status).toBe(200);
});

it('prints each wrong setting on its own line, and exits with 1', async () => {
  const relay = start({ PORT: 'x', LEASE_MS: 'x' });
  expect(await relay.exit).toBe(1);
  expect(relay.output()).toBe(
    'The settings are not valid:\n' +
      '  PORT must be a whole number from 0 to 65535.\n' +
      '  LEASE_MS must be a whole number of milliseconds from 100 to 2147483647.\n',
  );
});

it('reads settings from .env where it is started, unless the environment has them', async () => {
  writeFileSync(path.join(folder, '.env'), 'PORT=y\nLEASE_MS=y\n');
  const relay = start({ PORT: '0' });
  expect(await relay.exit).toBe(1);
  expect(relay.output()).toContain('LEASE_MS must be');
  expect(relay.output()).not.toContain('PORT must be');
});

it('says in one sentence that its port is taken, and exits with 1', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const relay = start({ PORT: String(port), LOG_LEVEL: 'warn' });
  expect(await relay.exit).toBe(1);
  const [sentence, ...more] = relay
    .output()
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('{'));
  expect(sentence).toBe(`The relay cannot listen on port ${port} of 127.0.0.1: another process uses it.`);
  expect(more).toEqual([]);
  taken.close();
});

it('drains on SIGTERM: answers until it exits, with 0', async () => {
  const relay = start({ DEMO_TOKENS_PER_SECOND: '50' });
  const origin = await relay.ready;
  const { sessionId, token } = (await (await fetch(`${origin}/api/sessions`, json({}))).json()) as MintAnswer;
  expect((await fetch(`${origin}/api/llm-stream`, json({ sessionId, prompt: '/long 2000' }, token))).status).toBe(202);
  const stream = await fetch(`${origin}/api/check-stream?sessionId=${sessionId}`, { headers: bearer(token) });
  const streamed = stream.text();
  relay.child.kill('SIGTERM');
  await expect.poll(async () => (await fetch(`${origin}/readyz`)).status, { interval: 20 }).toBe(503);
  expect((await fetch(`${origin}/api/sessions`, json({}))).status).toBe(503);
  expect((await fetch(`${origin}/api/sessions/${sessionId}`, { headers: bearer(token) })).status).toBe(200);
  expect((await fetch(`${origin}/healthz`)).status).toBe(200);
  expect(await relay.exit).toBe(0);
  expect(await streamed).toMatch(/event: bye\ndata: \{"reason":"shutdown","retryAfterMs":\d+\}\n\n$/);
});

it('ends within DRAIN_MS and a second of SIGTERM when its store has stopped answering', async () => {
  const redis = await startRedis();
  try {
    const relay = start({ STORE: redis.url, RELAY_SECRET: 'x'.repeat(32), DEMO_TOKENS_PER_SECOND: '50' });
    const origin = await relay.ready;
    const { sessionId, token } = (await (await fetch(`${origin}/api/sessions`, json({}))).json()) as MintAnswer;
    const prompt = json({ sessionId, prompt: '/long 2000' }, token);
    expect((await fetch(`${origin}/api/llm-stream`, prompt)).status).toBe(202);
    redis.signal('SIGSTOP');
    const stoppedAt = performance.now();
    relay.child.kill('SIGTERM');
    await relay.exit;
    expect(performance.now() - stoppedAt).toBeLessThan(600 + 1000);
  } finally {
    redis.signal('SIGCONT');
    await redis.destroy();
  }
});

it('has the routes that break it only with --demo on a loopback address', async () => {
  const plain = start();
  expect((await fetch(`${await plain.ready}/demo/kill`, { method: 'POST' })).status).toBe(404);
  plain.child.kill('SIGKILL');
  await plain.exit;

  const open = start({ HOST: '0.0.0.0' }, ['--demo']);
  expect(
    (await fetch(`${(await open.ready).replace('0.0.0.0', '127.0.0.1')}/demo/kill`, { method: 'POST' })).status,
  ).toBe(404);
  open.child.kill('SIGKILL');
  await open.exit;

  const demo = start({}, ['--demo']);
  expect((await fetch(`${await demo.ready}/demo/kill`, { method: 'POST' })).status).toBe(202);
  await demo.exit;
  expect(demo.child.signalCode).toBe('SIGKILL');
});
