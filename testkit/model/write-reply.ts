import type { Random } from '../random.ts';
import { sleep } from '../wait.ts';
import type { ModelCall, ReplyPlan } from './model-server.ts';
import { STAMP_TOOL } from './stamp-tool.ts';
import { nextToken } from './tokens.ts';

/** Sleeps shorter than this take longer than they say: a pace is kept over several tokens instead. */
const SHORTEST_SLEEP_MS = 4;
/** How often a reply that is held back looks whether it may go on. */
const HELD_POLL_MS = 5;

export interface WriteOptions {
  call: ModelCall;
  /** The number of the call, which its text begins with. */
  number: number;
  plan: ReplyPlan;
  random: Random;
  /** Sends a chunk of OpenAI's streaming format. */
  send(fields: object): void;
}

/**
 * Writes one call's answer at its pace: reasoning, text, and a tool call if the plan has one for this turn. Whatever is
 * sent is noted in the call first, so that the call never holds less than the relay has. Ends when the relay hangs up.
 */
export async function writeReply({ call, number, plan, random, send }: WriteOptions): Promise<void> {
  const pace = createPace(plan);
  sendDelta(send, { role: 'assistant', content: '' });
  for (let index = 0; index < plan.reasoningTokens && !call.aborted; index += 1) {
    const token = index === 0 ? `Thinking ${number}:` : nextToken(plan.style, plan.tokenLength, random);
    call.reasoning += token;
    sendDelta(send, { reasoning_content: token });
    await pace.wait();
  }
  for (let index = 0; index < plan.tokens && !call.aborted; index += 1) {
    while (index >= (call.allowed ?? plan.allowed) && !call.aborted) await pace.hold();
    const token = index === 0 ? `Call ${number}:` : nextToken(plan.style, plan.tokenLength, random);
    writeText(call, send, token);
    await pace.wait();
  }
  // So that no comparison depends on white space at the end.
  writeText(call, send, ' End.');
  if (call.turn < plan.toolTurns) callTool(call, number, send);
  send({ choices: [{ index: 0, delta: {}, finish_reason: call.tool ? 'tool_calls' : 'stop' }] });
  send({ choices: [], usage: { prompt_tokens: 1, completion_tokens: plan.tokens, total_tokens: plan.tokens + 1 } });
  call.finished = !call.aborted;
  call.finishedAt = call.finished ? performance.now() : null;
}

function writeText(call: ModelCall, send: WriteOptions['send'], token: string): void {
  call.text += token;
  sendDelta(send, { content: token });
}

/** Its arguments come in two pieces. */
function callTool(call: ModelCall, number: number, send: WriteOptions['send']): void {
  call.tool = { name: STAMP_TOOL, input: { call: number } };
  const [head, tail] = ['{"call":', `${number}}`];
  const begin = { index: 0, id: `tool-${number}`, type: 'function', function: { name: STAMP_TOOL, arguments: head } };
  sendDelta(send, { tool_calls: [begin] });
  sendDelta(send, { tool_calls: [{ index: 0, function: { arguments: tail } }] });
}

function sendDelta(send: WriteOptions['send'], delta: object): void {
  send({ choices: [{ index: 0, delta, finish_reason: null }] });
}

interface Pace {
  /** Waits until the next token is due. */
  wait(): Promise<void>;
  /** Waits a moment that the pace does not make up for. */
  hold(): Promise<void>;
}

function createPace({ tokensPerSecond }: ReplyPlan): Pace {
  let startedAt = performance.now();
  let written = 0;
  return {
    async wait() {
      written += 1;
      const aheadMs = (written / tokensPerSecond) * 1000 - (performance.now() - startedAt);
      if (aheadMs > SHORTEST_SLEEP_MS) await sleep(aheadMs);
    },
    async hold() {
      const heldAt = performance.now();
      await sleep(HELD_POLL_MS);
      startedAt += performance.now() - heldAt;
    },
  };
}
