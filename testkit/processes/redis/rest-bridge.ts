import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';

/**
 * A server that speaks Upstash's REST protocol (https://upstash.com/docs/redis/features/restapi) before a real Redis.
 */
export interface RestBridge {
  readonly url: string;
  readonly token: string;
  /** Requests, and the commands and subscriptions in them, and answers that were dropped. */
  readonly counts: { requests: number; commands: number; subscriptions: number; lostAnswers: number };
  /** Executes the commands of a share of requests, and drops the answers. */
  loseAnswers(probability: number, random?: () => number): void;
  /** While on, every request is answered 502, as by a proxy without its server. */
  goAway(on: boolean): void;
  /** Ends every subscription's stream; new ones work. */
  endSubscriptions(): void;
  /** While on, subscriptions stay open and deliver nothing. */
  silence(on: boolean): void;
  close(): Promise<void>;
}

const TOKEN = 'a-token-of-the-test';

/**
 * Starts a bridge to a Redis.
 *
 * @param at the port; a free one when not given
 */
export async function startRestBridge(redisUrl: string, at = 0): Promise<RestBridge> {
  // Upstash answers in the shapes of RESP2.
  const redis = new Redis(redisUrl, { protocol: 2, maxRetriesPerRequest: null });
  // The client reconnects by itself when the test restarts Redis.
  redis.on('error', () => undefined);
  const streams = new Set<{ response: ServerResponse; subscriber: Redis }>();
  const counts = { requests: 0, commands: 0, subscriptions: 0, lostAnswers: 0 };
  let lose = { probability: 0, random: Math.random };
  let away = false;
  let silent = false;

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      // A response that has begun cannot become an error any more.
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
    // A stream ends with its Redis, as it does with any upstream server.
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

/** Encodes all strings, at any depth, but for OK: Upstash's `Upstash-Encoding: base64`. */
function toBase64(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toBase64);
  if (!Buffer.isBuffer(value)) return value;
  return value.toString('latin1') === 'OK' ? 'OK' : value.toString('base64');
}

function toText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toText);
  return Buffer.isBuffer(value) ? value.toString('utf8') : value;
}
