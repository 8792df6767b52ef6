import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the server answers one call of `POST /v1/chat/completions`. */
export type Reply =
  /** Streams the words, then a finish reason, the usage and `[DONE]`. */
  | { kind: 'ok'; words?: string[]; finishReason?: string; reasoning?: string[]; everyMs?: number }
  | { kind: 'tool-calls'; calls: { id: string; name: string; input: string }[]; words?: string[] }
  /** An HTTP error with a body as OpenAI writes it. */
  | { kind: 'status'; status: number; headers?: Record<string, string>; code?: string; message?: string }
  /** Streams the words, then destroys the socket. */
  | { kind: 'cut'; words?: string[] }
  /** Streams the words, then ends the response in order, but without a finish reason. */
  | { kind: 'end-early'; words?: string[] }
  /** Sends so many deltas, then a finish. */
  | { kind: 'deltas'; deltas: (index: number) => object; count: number; everyMs?: number }
  /** An HTML page with status 200, as another server would send. */
  | { kind: 'page' }
  /** Sends nothing but the headers, and not even those when `headers` is false. */
  | { kind: 'stall'; headers?: boolean }
  /** Sends only the preamble that names the role. */
  | { kind: 'preamble-then-stall' }
  | { kind: 'words-then-stall'; words?: string[] }
  /** As `ok`, but the response stays open after `[DONE]`. */
  | { kind: 'done-then-stall'; words?: string[] }
  /** Sends half of a tool call's input. */
  | { kind: 'tool-input-then-stall' }
  /** Sends an event that is no JSON. */
  | { kind: 'garbage'; words?: string[] }
  /** Sends an error object in the stream, then a finish. */
  | { kind: 'error-part'; words?: string[] };

/** One call that the server has got. */
export interface OpenAiRequest {
  headers: IncomingMessage['headers'];
  body: {
    model: string;
    messages: { role: string; content: unknown; [key: string]: unknown }[];
    [key: string]: unknown;
  };
  /** Aborts when the client disconnects before the answer has ended. */
  left: AbortSignal;
}

/** A reply, or a function that makes one for the request. */
export type ScriptLine = Reply | ((request: OpenAiRequest) => Reply);

/** @see startOpenAiServer */
export interface OpenAiServer extends AsyncDisposable {
  /** For `MODEL_BASE_URL`. */
  readonly baseUrl: string;
  /** The calls so far. */
  readonly requests: readonly OpenAiRequest[];
  /** Sets the replies of the next calls, in order; the last one is for all calls after it. */
  script(...lines: ScriptLine[]): void;
  close(): Promise<void>;
}

/** Starts a server on a free loopback port that answers OpenAI's streaming chat completions from a script. */
export async function startOpenAiServer(...lines: ScriptLine[]): Promise<OpenAiServer> {
  let script: ScriptLine[] = lines;
  const requests: OpenAiRequest[] = [];

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
      response.writeHead(404).end();
      return;
    }
    const left = new AbortController();
    response.on('close', () => {
      if (!response.writableFinished) left.abort();
    });
    const body = JSON.parse(await readText(request)) as OpenAiRequest['body'];
    const asked: OpenAiRequest = { headers: request.headers, body, left: left.signal };
    requests.push(asked);
    const line = script[requests.length - 1] ?? script.at(-1) ?? { kind: 'ok' };
    await play(typeof line === 'function' ? line(asked) : line, response, left.signal);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
      server.closeAllConnections();
    });

  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    script(...next) {
      // The script is indexed by the number of calls, so the calls so far are skipped.
      script = [...Array.from({ length: requests.length }, (): ScriptLine => ({ kind: 'ok' })), ...next];
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const WORDS = ['Hello ', 'from ', 'the ', 'other ', 'side.'];

async function play(reply: Reply, response: ServerResponse, left: AbortSignal): Promise<void> {
  const send = (line: string) => new Promise<void>((resolve) => response.write(`data: ${line}\n\n`, () => resolve()));
  const sendDelta = (delta: object, finishReason: string | null = null) =>
    send(
      JSON.stringify({
        id: 'chatcmpl-1',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'test-model',
        choices: [{ index: 0, delta, finish_reason: finishReason }],
      }),
    );
  const sendWords = async (words: string[], everyMs = 0) => {
    for (const word of words) {
      if (left.aborted) return;
      await sendDelta({ content: word });
      if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };
  const sayDone = async (finishReason: string) => {
    await sendDelta({}, finishReason);
    const usage = { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 };
    await send(JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', choices: [], usage }));
    await send('[DONE]');
  };
  const finish = async (finishReason: string) => {
    await sayDone(finishReason);
    response.end();
  };
  const begin = async () => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    await sendDelta({ role: 'assistant', content: '' });
  };

  if (reply.kind === 'status') {
    const {
      status,
      headers = {},
      code = 'test_error',
      message = 'secret-detail: the key sk-test-1234 is no good',
    } = reply;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ error: { message, type: code, code } }));
    return;
  }
  if (reply.kind === 'page') {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<html>secret-detail</html>');
    return;
  }
  if (reply.kind === 'stall') {
    if (reply.headers !== false) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
    }
    return;
  }

  await begin();
  switch (reply.kind) {
    case 'ok':
      for (const text of reply.reasoning ?? []) await sendDelta({ reasoning_content: text });
      await sendWords(reply.words ?? WORDS, reply.everyMs);
      if (!left.aborted) await finish(reply.finishReason ?? 'stop');
      return;
    case 'tool-calls':
      await sendWords(reply.words ?? []);
      for (const [index, { id, name, input }] of reply.calls.entries()) {
        const half = Math.ceil(input.length / 2);
        const call = { index, id, type: 'function', function: { name, arguments: input.slice(0, half) } };
        await sendDelta({ tool_calls: [call] });
        await sendDelta({ tool_calls: [{ index, function: { arguments: input.slice(half) } }] });
      }
      return finish('tool_calls');
    case 'cut':
      await sendWords(reply.words ?? WORDS);
      // After the words have left the process.
      setTimeout(() => response.destroy(), 20);
      return;
    case 'end-early':
      await sendWords(reply.words ?? WORDS);
      response.end();
      return;
    case 'deltas':
      for (let index = 0; index < reply.count && !left.aborted; index += 1) {
        await sendDelta(reply.deltas(index));
        if (reply.everyMs) await new Promise((resolve) => setTimeout(resolve, reply.everyMs));
      }
      if (!left.aborted) await finish('tool_calls');
      return;
    case 'preamble-then-stall':
      return;
    case 'words-then-stall':
      return sendWords(reply.words ?? WORDS);
    case 'done-then-stall':
      await sendWords(reply.words ?? WORDS);
      return sayDone('stop');
    case 'tool-input-then-stall':
      return sendDelta({
        tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"ci' } }],
      });
    case 'garbage':
      await sendWords(reply.words ?? WORDS);
      await send('<html>502 Bad Gateway</html>');
      response.end();
      return;
    case 'error-part':
      await sendWords(reply.words ?? WORDS);
      await send(
        JSON.stringify({ error: { message: 'secret-detail: overloaded', type: 'overloaded_error', code: null } }),
      );
      return finish('stop');
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}
