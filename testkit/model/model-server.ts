import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createRandom } from '../random.ts';
import type { StampInput } from './stamp-tool.ts';
import type { TokenStyle } from './tokens.ts';
import { writeReply } from './write-reply.ts';

/** How the model answers one prompt. */
export interface ReplyPlan {
  /** Tokens of text per call. */
  tokens: number;
  /** Tokens of reasoning before them. */
  reasoningTokens: number;
  tokensPerSecond: number;
  style: TokenStyle;
  /** Characters of a stamped token. */
  tokenLength: number;
  /** Tokens of text that the model may write until `allow` says otherwise. */
  allowed: number;
  /** Model turns that end with a tool call, before the one that ends the reply. */
  toolTurns: number;
}

/** One call of the model, and to the letter what it wrote. */
export interface ModelCall {
  prompt: string;
  /** Model turns of the reply before this call, each of which called a tool. */
  turn: number;
  reasoning: string;
  text: string;
  /** The tool call at its end; null when there is none, or not yet. */
  tool: { name: string; input: StampInput } | null;
  /** Whether the answer was written to its end. */
  finished: boolean;
  /** When that was, as `performance.now()` says. */
  finishedAt: number | null;
  /** Tokens of text that this call alone may write: see `ReplyPlan`. */
  allowed?: number;
  /** The relay hung up before it had all of the answer. */
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
  /** Says how a prompt, to the letter, will be answered; others get the default plan. */
  plan(prompt: string, plan: Partial<ReplyPlan>): void;
  /** Lets the reply to a prompt grow to so many tokens. */
  allow(prompt: string, tokens: number): void;
  /** The calls that were made for a prompt, oldest first. */
  callsFor(prompt: string): ModelCall[];
  close(): Promise<void>;
}

const DEFAULT_PLAN: ReplyPlan = {
  tokens: 60,
  reasoningTokens: 0,
  tokensPerSecond: 200,
  style: 'wild',
  tokenLength: 0,
  allowed: Number.POSITIVE_INFINITY,
  toolTurns: 0,
};

/** Listens on a free port of 127.0.0.1. The same seed draws the same words. */
export async function openModelServer(seed: number): Promise<ModelServer> {
  const calls: ModelCall[] = [];
  const plans = new Map<string, ReplyPlan>();

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      // A relay that dies while it asks is part of the tests. Any other error is a bug of theirs, and ends them.
      if (!request.destroyed || request.complete) throw error;
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, turn } = readRequest(JSON.parse(await readBody(request)));
    const plan = plans.get(prompt) ?? DEFAULT_PLAN;
    const call: ModelCall = {
      ...{ prompt, turn, reasoning: '', text: '', tool: null },
      ...{ finished: false, finishedAt: null, aborted: response.closed },
    };
    calls.push(call);
    response.on('close', () => {
      call.aborted = !response.writableFinished;
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const number = calls.length;
    const send = (fields: object): void => {
      const chunk = { id: `call-${number}`, object: 'chat.completion.chunk', created: 0, model: 'test', ...fields };
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    };
    await writeReply({ call, number, plan, random: createRandom(seed + number), send });
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

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  request.setEncoding('utf8');
  for await (const text of request) body += String(text);
  return body;
}

interface RequestMessage {
  role: string;
  content?: string | { text?: string }[] | null;
  tool_calls?: unknown[];
}

/** The prompt that is to be answered, and how many turns of the reply called a tool already. */
function readRequest(body: unknown): Pick<ModelCall, 'prompt' | 'turn'> {
  const { messages } = body as { messages: RequestMessage[] };
  const index = messages.findLastIndex(({ role }) => role === 'user');
  const content = messages[index]?.content ?? '';
  const prompt = typeof content === 'string' ? content : content.map(({ text = '' }) => text).join('');
  return { prompt, turn: messages.slice(index + 1).filter(({ tool_calls: calls }) => calls !== undefined).length };
}
