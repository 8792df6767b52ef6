import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createRandom, type Random } from './random.ts';
import { sleep } from './wait.ts';

/** How the model answers one prompt. */
export interface ReplyPlan {
  tokens: number;
  tokensPerSecond: number;
  /**
   * `wild` is what breaks framing and encoding; `plain` is prose that no markdown engine reads anything into; `stamped`
   * says in each token when it was written (`performance.now()`), and fills it up to `tokenLength`.
   */
  style: 'wild' | 'plain' | 'stamped';
  tokenLength: number;
  /** It writes no further than so many tokens until `allow` lets it. */
  allowed: number;
}

/** One call of the model, and to the letter what it wrote. */
export interface ModelCall {
  prompt: string;
  /** What was written so far. */
  text: string;
  /** The reply was written to its end. */
  finished: boolean;
  /** And when, as `performance.now()` says. */
  finishedAt: number | null;
  /** Lets this call alone write so far: see `ReplyPlan`. */
  allowed?: number;
  /** The relay hung up before it had all of it. */
  aborted: boolean;
}

/**
 * A model behind the streaming API of OpenAI that remembers what it wrote. Each call answers with another text, so
 * that a reply stitched together from two calls is seen.
 */
export interface ModelServer {
  /** For MODEL_BASE_URL. */
  readonly baseUrl: string;
  readonly calls: readonly ModelCall[];
  /** How this prompt, to the letter, will be answered; others get the default plan. */
  plan(prompt: string, plan: Partial<ReplyPlan>): void;
  /** Lets the reply to a prompt grow to so many tokens. */
  allow(prompt: string, tokens: number): void;
  /** The calls that were made for a prompt, oldest first. */
  callsFor(prompt: string): ModelCall[];
  close(): Promise<void>;
}

const DEFAULT_PLAN: ReplyPlan = {
  tokens: 60,
  tokensPerSecond: 200,
  style: 'wild',
  tokenLength: 0,
  allowed: Number.POSITIVE_INFINITY,
};

/** Words that prose and `wild` text share, some of them of more than one UTF-16 unit. */
const WORDS = [
  ...[' the', ' log', ' keeps', ' every', ' word', ',', '.', ' and', ' then', ' what', ' follows'],
  ...[' Übergröße', ' naïve', ' 漢字', ' 🚀', ' 👩‍💻', ' e\u0301'],
] as const;

const PLAIN = [' one', ...WORDS, ' reads', ' on', ' until', ' its', ' end', '.\n\nNow'] as const;

/** Text that looks like framing, markup or JSON, and white space that some reader may drop. */
const WILD = [
  ' "quoted"',
  ...WORDS,
  ...[' back\\slash', ' <b>', ' &amp;', '\n', '\n\n', ' data: x', ' id: 1-1', '\t', ' \u2028'],
  ...[' 0-0', ' null', '  ', ' {"type":"chunk"}'],
] as const;

export async function openModelServer(seed: number): Promise<ModelServer> {
  const calls: ModelCall[] = [];
  const plans = new Map<string, ReplyPlan>();

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      // Whoever asks may die over it. Anything else is a mistake in the test, and ends it.
      if (!request.destroyed || request.complete) throw error;
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const prompt = lastPrompt(JSON.parse(await readBody(request)));
    const plan = plans.get(prompt) ?? DEFAULT_PLAN;
    const call: ModelCall = { prompt, text: '', finished: false, finishedAt: null, aborted: response.closed };
    calls.push(call);
    response.on('close', () => {
      call.aborted = !response.writableFinished;
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const number = calls.length;
    const random = createRandom(seed + number);
    const write = (fields: object): void => {
      const chunk = { id: `call-${number}`, object: 'chat.completion.chunk', created: 0, model: 'test', ...fields };
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    };
    write({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] });
    let startedAt = performance.now();
    for (let index = 0; index < plan.tokens && !call.aborted; index += 1) {
      const heldAt = performance.now();
      while (index >= (call.allowed ?? plan.allowed) && !call.aborted) await sleep(5);
      // It goes on at its pace, and does not make up for the time.
      startedAt += performance.now() - heldAt;
      const token = index === 0 ? `Call ${number}:` : nextToken(plan, random);
      call.text += token;
      write({ choices: [{ index: 0, delta: { content: token }, finish_reason: null }] });
      const aheadMs = ((index + 1) / plan.tokensPerSecond) * 1000 - (performance.now() - startedAt);
      if (aheadMs > 4) await sleep(aheadMs);
    }
    // So that white space at the end is never what a comparison hangs on.
    call.text += ' End.';
    write({ choices: [{ index: 0, delta: { content: ' End.' }, finish_reason: null }] });
    write({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    write({ choices: [], usage: { prompt_tokens: 1, completion_tokens: plan.tokens, total_tokens: plan.tokens + 1 } });
    call.finished = !call.aborted;
    call.finishedAt = call.finished ? performance.now() : null;
    response.end('data: [DONE]\n\n');
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    calls,
    plan(prompt, plan) {
      plans.set(prompt, { ...DEFAULT_PLAN, ...plan });
    },
    allow(prompt, tokens) {
      const plan = plans.get(prompt);
      if (plan) plan.allowed = tokens;
    },
    callsFor: (prompt) => calls.filter((call) => call.prompt === prompt),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function nextToken({ style, tokenLength }: ReplyPlan, random: Random): string {
  if (style === 'stamped') return ` @${performance.now().toFixed(3)};`.padEnd(tokenLength, '.');
  return random.pick(style === 'plain' ? PLAIN : WILD);
}

/** When the last of these stamped tokens was written; null when there is none. */
export function lastStamp(text: string): number | null {
  const stamps = [...text.matchAll(/ @(\d+\.\d{3});/g)];
  const last = stamps.at(-1)?.[1];
  return last === undefined ? null : Number(last);
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  request.setEncoding('utf8');
  for await (const text of request) body += String(text);
  return body;
}

function lastPrompt(body: unknown): string {
  const { messages } = body as { messages: { role: string; content: string | { text?: string }[] }[] };
  const content = messages.findLast(({ role }) => role === 'user')?.content ?? '';
  return typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('');
}
