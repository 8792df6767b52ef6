import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';

/** Speaks Upstash's REST protocol (https://upstash.com/docs/redis/features/restapi) in front of a real Redis. */
export interface RestBridge {
  readonly url: string;
  readonly token: string;
  /** Requests that were answered or let go unanswered, by what they asked for. */
  readonly counts: { requests: number; commands: number; subscriptions: number; lostAnswers: number };
  /** The share of requests whose commands are carried out and whose answers never arrive. */
  loseAnswers(probability: number, random?: () => number): void;
  /** While on: every request is answered as by a proxy whose server is away. */
  goAway(on: boolean): void;
  /** Ends every stream of a subscription, without a word; new ones work. */
  endSubscriptions(): void;
  /** While on: subscriptions stay open and say nothing. */
  silence(on: boolean): void;
  close(): Promise<void>;
}

const TOKEN = 'a-token-of-the-test';

/** At any port that is free, when none is given. */
export async function startRestBridge(redisUrl: string, at = 0): Promise<RestBridge> {
  // The shapes of RESP2 are those that Upstash answers with.
  const redis = new Redis(redisUrl, { protocol: 2, maxRetriesPerRequest: null });
  // Its server comes and goes.
  redis.on('error', () => undefined);
  const streams = new Set<{ response: ServerResponse; subscriber: Redis }>();
  const counts = { requests: 0, commands: 0, subscriptions: 0, lostAnswers: 0 };
  let lose = { probability: 0, random: Math.random };
  let away = false;
  let silent = false;

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      // A stream that has begun just ends.
      if (response.headersSent) response.destroy();
      else send(response, 500, { error: error instanceof Error ? error.message : String(error) });
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    counts.requests += 1;
    if (away) {
      response.writeHead(502, { 'Content-Type': 'text/html' }).end('<h1>502 Bad Gateway</h1>');
      return;
    }
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      send(response, 401, { error: 'WRONGPASS invalid or missing auth token' });
      return;
    }
    const [action, channel] = (request.url ?? '/').split('/').filter(Boolean).map(decodeURIComponent);
    if (action === 'subscribe') return subscribe(channel ?? '', response);

    const body: unknown = JSON.parse(await readText(request));
    const encode = request.headers['upstash-encoding'] === 'base64' ? toBase64 : toText;
    const isPipeline = action === 'pipeline';
    const commands = (isPipeline ? body : [body]) as unknown[][];
    counts.commands += commands.length;
    const results = await Promise.all(commands.map((command) => carryOut(command, encode)));
    if (lose.random() < lose.probability) {
      counts.lostAnswers += 1;
      request.socket.resetAndDestroy();
      return;
    }
    const [first] = results;
    if (isPipeline) send(response, 200, results);
    else send(response, first && 'error' in first ? 400 : 200, first ?? {});
  }

  async function carryOut(
    command: unknown[],
    encode: (value: unknown) => unknown,
  ): Promise<{ result: unknown } | { error: string }> {
    const [name = '', ...args] = command.map(String);
    try {
      return { result: encode(await redis.callBuffer(name, ...args)) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  async function subscribe(channel: string, response: ServerResponse): Promise<void> {
    counts.subscriptions += 1;
    // With its server a stream ends, as any that the far side has lost.
    const subscriber = redis.duplicate({ autoResubscribe: false, retryStrategy: () => null });
    subscriber.on('error', () => undefined);
    subscriber.on('end', () => response.destroy());
    const stream = { response, subscriber };
    streams.add(stream);
    response.on('close', () => {
      streams.delete(stream);
      subscriber.disconnect();
    });
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    subscriber.on('message', (name: string, payload: string) => {
      if (!silent) response.write(`data: message,${name},${payload}\n\n`);
    });
    const number = await subscriber.subscribe(channel);
    if (!silent) response.write(`data: subscribe,${channel},${String(number)}\n\n`);
  }

  server.listen(at, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    token: TOKEN,
    counts,
    loseAnswers(probability, random = Math.random) {
      lose = { probability, random };
    },
    goAway(on) {
      away = on;
    },
    endSubscriptions() {
      for (const { response } of streams) response.end();
    },
    silence(on) {
      silent = on;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      redis.disconnect();
    },
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** All texts at any depth but OK, as Upstash does when asked to. */
function toBase64(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toBase64);
  if (!Buffer.isBuffer(value)) return value;
  return value.toString('latin1') === 'OK' ? 'OK' : value.toString('base64');
}

function toText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toText);
  return Buffer.isBuffer(value) ? value.toString('utf8') : value;
}
