import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import { readTestSeed } from '../scripts/test-seed.ts';
import { checkSession } from '#testkit/judge/check-session.ts';
import { openModelServer, type ModelServer } from '#testkit/model/model-server.ts';
import { startNginx, type NginxProcess } from '#testkit/processes/nginx-process.ts';
import { createProtocolClient } from '#testkit/client/protocol-client.ts';
import { createRelayProcess, type RelayProcess } from '#testkit/processes/relay-process.ts';
import { watchSession } from '#testkit/client/viewer.ts';
import { until } from '#testkit/wait.ts';

/** The set-up of compose.yaml as processes: nginx with the configuration that is shipped, two relays, a Redis with AOF. */
let redis: RedisProcess;
let model: ModelServer;
let relays: RelayProcess[];
let nginx: NginxProcess;

beforeAll(async () => {
  redis = await startRedis({
    args: [
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--maxmemory',
      '512mb',
      '--maxmemory-policy',
      'noeviction',
    ],
  });
  model = await openModelServer(readTestSeed());
  const settings = {
    STORE: redis.url,
    RELAY_SECRET: 'of all relays that share a store',
    TRUSTED_PROXIES: '127.0.0.0/8',
    MODEL: 'openai-compatible:test',
    MODEL_BASE_URL: model.baseUrl,
    MODEL_API_KEY: 'test-key',
  };
  relays = await Promise.all([createRelayProcess(settings), createRelayProcess(settings)]);
  await Promise.all(relays.map((relay) => relay.start()));
  nginx = await startNginx(relays);
});
afterAll(async () => {
  await nginx.close();
  await Promise.all(relays.map((relay) => relay.dispose()));
  await model.close();
  await redis.destroy();
});

it('lets words through as they come', async () => {
  const client = createProtocolClient(nginx.origin);
  const credentials = await client.mint();
  const viewer = watchSession({ origin: nginx.origin, credentials });
  const turn = { prompt: 'Word by word', messageId: randomUUID() };
  model.plan(turn.prompt, { tokens: 100, tokensPerSecond: 50 });
  const { body } = await client.post(credentials, turn);
  await until('the reply has ended', () => viewer.hasEnded(body));
  await viewer.leave();
  const words = viewer.received.filter(({ frame }) => frame.message.type === 'chunk');
  const [first, last] = [words.at(0), words.at(-1)];
  expect(words.length).toBeGreaterThan(20);
  // The model takes two seconds. What is buffered comes at once.
  expect((last?.seenAt ?? 0) - (first?.seenAt ?? 0)).toBeGreaterThan(1000);
  expect(viewer.connections).toBe(1);
});

/** What comes over the wire, byte for byte: fetch would decode it. */
async function ask(url: string, headers: Record<string, string>): Promise<IncomingMessage & { bytes: Buffer }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject);
  });
  return Object.assign(response, { bytes: await buffer(response) });
}

it('passes on the widget as the relay has compressed it, and answers 304 for each coding', async () => {
  for (const path of ['/widget.js', '/']) {
    const plain = await ask(`${nginx.origin}${path}`, { 'accept-encoding': 'identity' });
    expect([plain.statusCode, plain.headers['content-encoding']]).toEqual([200, undefined]);
    for (const [accepted, coding, decode] of [
      ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
      ['gzip', 'gzip', gunzipSync],
    ] as const) {
      const direct = await ask(`${relays[0]?.origin}${path}`, { 'accept-encoding': accepted });
      const answer = await ask(`${nginx.origin}${path}`, { 'accept-encoding': accepted });
      expect(answer.headers['content-encoding']).toBe(coding);
      expect(decode(answer.bytes)).toEqual(plain.bytes);
      expect(answer.bytes).toEqual(direct.bytes);
      for (const name of ['etag', 'vary', 'cache-control', 'content-length', 'content-type'] as const) {
        expect(answer.headers[name], name).toBe(direct.headers[name]);
      }
      const etag = answer.headers.etag ?? '';
      expect(etag).toMatch(/^"/);
      const again = { 'accept-encoding': accepted, 'if-none-match': etag };
      expect((await ask(`${nginx.origin}${path}`, again)).statusCode).toBe(304);
      expect((await ask(`${nginx.origin}${path}`, { ...again, 'accept-encoding': 'identity' })).statusCode).toBe(200);
    }
  }
});

it('compresses no answer of the API, not even to a client that asks for it', async () => {
  const client = createProtocolClient(nginx.origin);
  const credentials = await client.mint();
  const turn = { prompt: 'Uncompressed', messageId: randomUUID() };
  model.plan(turn.prompt, { tokens: 50, tokensPerSecond: 1000 });
  await client.post(credentials, turn);
  const headers = { authorization: `Bearer ${credentials.token}`, 'accept-encoding': 'gzip, br' };
  for (const path of [
    `/api/check-stream?sessionId=${credentials.sessionId}&until=idle`,
    `/api/sessions/${credentials.sessionId}`,
  ]) {
    const { statusCode, headers: answered, bytes } = await ask(`${nginx.origin}${path}`, headers);
    expect([statusCode, answered['content-encoding']], path).toEqual([200, undefined]);
    expect(bytes.toString()).toContain('Uncompressed');
  }
});

it('finds a part of the widget on the relay that has it, while another one has another version', async () => {
  const { bytes } = await ask(`${nginx.origin}/widget.js`, { 'accept-encoding': 'identity' });
  const part = /[\w-]+-[\w-]{8}\.js/.exec(bytes.toString())?.[0];
  if (part === undefined) throw new Error('The loader names no part.');
  const other = createServer((_, response) => response.writeHead(404).end()).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const [relay] = relays;
  if (!relay) throw new Error('There are two relays.');
  const mixed = await startNginx([relay, other.address() as AddressInfo]);
  try {
    for (let index = 0; index < 6; index += 1) {
      expect((await ask(`${mixed.origin}/${part}`, {})).statusCode).toBe(200);
    }
    expect((await ask(`${mixed.origin}/none-12345678.js`, {})).statusCode).toBe(404);
  } finally {
    await mixed.close();
    other.close();
    await once(other, 'close');
  }
});

it('brings every answer whole to every viewer while the relays behind it are stopped and killed in turn', async () => {
  const client = createProtocolClient(nginx.origin);
  const talks = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      const credentials = await client.mint();
      const viewers = [0, 1].map(() => watchSession({ origin: nginx.origin, credentials }));
      const turn = { prompt: `Behind nginx, ${index}`, messageId: randomUUID() };
      model.plan(turn.prompt, { tokens: 400, tokensPerSecond: 100 });
      const { status, body } = await client.post(credentials, turn);
      expect(status).toBe(202);
      return { credentials, viewers, turn, body };
    }),
  );
  const [one, two] = relays;
  if (!one || !two) throw new Error('There are two relays.');
  await until('all have begun', () =>
    talks.every(({ viewers }) => viewers.every(({ received }) => received.length > 5)),
  );
  one.signal('SIGTERM');
  expect((await one.ended()).code).toBe(0);
  await one.start();
  await two.kill();
  await two.start();
  await until('all have ended', () =>
    talks.every(({ viewers, body }) => viewers.every((viewer) => viewer.hasEnded(body))),
  );
  for (const { credentials, viewers, turn, body } of talks) {
    for (const viewer of viewers) await viewer.leave();
    const state = (await client.state(credentials)).body;
    const turns = [{ ...turn, runId: body.runId }];
    expect(checkSession({ viewers, state, turns, model })).toMatchObject({ violations: [], completed: 1 });
  }
});

it('sends a prompt to the other relay when one drains or is down, and starts one run', async () => {
  const client = createProtocolClient(nginx.origin);
  const [one] = relays;
  if (!one) throw new Error('There are two relays.');
  await one.kill();
  for (let index = 0; index < 8; index += 1) {
    const credentials = await client.mint();
    const turn = { prompt: `One of two, ${index}`, messageId: randomUUID() };
    model.plan(turn.prompt, { tokens: 3, tokensPerSecond: 1000 });
    // Once, and not again and again until it works: nginx is to find the relay that answers.
    expect((await client.postOnce(credentials, turn))?.status).toBe(202);
  }
  await one.start();
});
