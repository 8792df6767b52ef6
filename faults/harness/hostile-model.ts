import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A model that writes what no model should, as OpenAI's streaming API says it. */
export interface HostileModel {
  /** For MODEL_BASE_URL. */
  readonly baseUrl: string;
  close(): Promise<void>;
}

/** Deltas of one answer; most have no end. */
type Deltas = (size: number) => Generator<object>;

const call = (index: number, id: string | undefined, name: string | undefined, args: string): object => ({
  tool_calls: [{ index, ...(id === undefined ? {} : { id }), function: { ...(name && { name }), arguments: args } }],
});

/** Kinds of answers, by the prompt that asks for one: `kind size`. `size` is drawn by the row. */
export const HOSTILE_KINDS: Record<string, Deltas> = {
  *'deep-input'(size) {
    yield call(0, 'c', 'weather', '['.repeat(size * 100) + ']'.repeat(size * 100));
  },
  *'deep-objects'(size) {
    yield call(0, 'c', 'weather', '{"a":'.repeat(size * 50) + '1' + '}'.repeat(size * 50));
  },
  *'deep-pieces'(size) {
    yield call(0, 'c', 'weather', '');
    for (;;) yield call(0, undefined, undefined, '['.repeat(size));
  },
  *'nameless-arguments'(size) {
    for (;;) yield call(0, undefined, undefined, 'x'.repeat(size * 500));
  },
  *'growing-ids'(size) {
    for (let index = 0; ; index += 1) yield call(index, 'c'.repeat(size * index * 10), 'weather', '{}');
  },
  *'many-calls'() {
    for (let index = 0; ; index += 1) yield call(index, `c${index}`, 'weather', '{}');
  },
  *'many-parts'() {
    for (;;) {
      yield { content: '.' };
      yield { reasoning_content: '.' };
    }
  },
  *'endless-text'(size) {
    for (;;) yield { content: 'word '.repeat(size) };
  },
  *'endless-reasoning'(size) {
    for (;;) yield { reasoning_content: 'thought '.repeat(size) };
  },
  *'endless-input'(size) {
    yield call(0, 'c', 'weather', '{"city":"');
    for (;;) yield call(0, undefined, undefined, 'x'.repeat(size));
  },
  *'one-long-event'(size) {
    for (;;) yield { content: 'x'.repeat(size * 20_000) };
  },
};

/** Listens on a free port of 127.0.0.1. A prompt that names no kind is answered with its own text. */
export async function openHostileModel(): Promise<HostileModel> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => void answer(body, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(body: string, response: ServerResponse): Promise<void> {
  const { messages } = JSON.parse(body) as { messages: { role: string; content: unknown }[] };
  const prompt = String(messages.findLast(({ role }) => role === 'user')?.content);
  const [kind = '', size] = prompt.split(' ');
  // A model that is told what its call came to has said enough.
  const isTold = messages.at(-1)?.role === 'tool';
  const deltas = isTold ? undefined : HOSTILE_KINDS[kind];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = async (delta: object, reason: string | null = null): Promise<void> => {
    const choices = [{ index: 0, delta, finish_reason: reason }];
    const chunk = { id: 'call', object: 'chat.completion.chunk', created: 0, model: 'hostile', choices };
    if (!response.write(`data: ${JSON.stringify(chunk)}\n\n`) && !response.closed) await drained(response);
  };
  for (const delta of deltas?.(Number(size)) ?? [{ content: `You said: ${prompt}` }]) {
    if (response.closed) return;
    await send(delta);
  }
  await send({}, deltas ? 'tool_calls' : 'stop');
  response.end('data: [DONE]\n\n');
}

/** Resolves when the response takes more, or is closed. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
