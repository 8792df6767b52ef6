import { isDeepStrictEqual } from 'node:util';
import type { ReadMessage } from '../client/transcript.ts';
import type { ModelCall, ModelServer } from '../model/model-server.ts';
import { stamp } from '../model/stamp-tool.ts';

/** What a test did to a session, by which its messages are judged. */
export interface Conversation {
  /** Accepted prompts, oldest first, each with the run that has to answer it. */
  turns: { messageId: string; prompt: string; runId: string }[];
  /** Runs that the test asked the relay to stop: these alone may be cancelled, or leave no reply. */
  stopped?: ReadonlySet<string>;
  /** Stopped runs that the relay said it had cancelled: none of them may end otherwise. */
  confirmed?: ReadonlySet<string>;
}

/** How many replies ended how, and what is wrong, one sentence each. A reply that is wrong may be counted nowhere. */
export interface ConversationVerdict {
  violations: string[];
  completed: number;
  cancelled: number;
  failed: number;
}

const NO_RUNS: ReadonlySet<string> = new Set();

/**
 * Judges the messages of a session: every accepted prompt stands there to the letter and once, in order, and under it
 * the reply of its run. A completed reply is all that one model call wrote, or one call for each turn where tools were
 * called: reasoning, text, and tools with their answers. A failed or cancelled one is a beginning of that.
 * Only a run that was stopped may be cancelled or leave no reply at all: any other reply that is missing is lost.
 *
 * A run may fail only by being interrupted too often, which the caller judges by the returned count.
 */
export function checkConversation(
  messages: readonly ReadMessage[],
  { turns, stopped = NO_RUNS, confirmed = NO_RUNS }: Conversation,
  model: ModelServer,
): ConversationVerdict {
  const verdict: ConversationVerdict = { violations: [], completed: 0, cancelled: 0, failed: 0 };
  const rest = [...messages];
  for (const { messageId, prompt, runId } of turns) {
    const question = rest.shift();
    if (question?.id !== messageId || question.text !== prompt) {
      verdict.violations.push(`prompt ${messageId} is not where it should be; there is ${JSON.stringify(question)}`);
      return verdict;
    }
    const reply = rest[0]?.role === 'assistant' ? rest.shift() : undefined;
    const calls = model.callsFor(prompt);
    const ended = endOf(reply, runId, stopped.has(runId));
    const wrong = ended.wrong ?? checkText(reply, calls) ?? checkStop(reply, runId, confirmed);
    if (ended.as) verdict[ended.as] += 1;
    if (wrong) verdict.violations.push(`${wrong}: ${describe(prompt, reply, calls)}`);
  }
  if (rest.length > 0) verdict.violations.push(`messages that nobody asked for: ${JSON.stringify(rest)}`);
  return verdict;
}

interface End {
  as?: 'completed' | 'cancelled' | 'failed';
  wrong?: string;
}

function endOf(reply: ReadMessage | undefined, runId: string, isStopped: boolean): End {
  // A run that is stopped before it begins leaves no reply.
  if (!reply) return isStopped ? { as: 'cancelled' } : { wrong: `the reply of run ${runId} is lost` };
  if (reply.id !== runId) return { wrong: `the reply is not that of run ${runId}` };
  switch (reply.status) {
    case 'completed':
    case 'failed':
      return { as: reply.status };
    case 'cancelled':
      return isStopped ? { as: 'cancelled' } : { wrong: `run ${runId} was cancelled and nobody stopped it` };
    default:
      return { wrong: `run ${runId} has not ended` };
  }
}

function checkText(reply: ReadMessage | undefined, calls: readonly ModelCall[]): string | null {
  if (!reply) return null;
  if (reply.status !== 'completed') return isBeginning(reply, calls) ? null : 'not a beginning of what the model wrote';
  const standing = findStanding(reply, calls);
  if (!standing) return 'not what the model wrote';
  const tools = standing.flatMap(({ tool }) => (tool ? [{ ...tool, output: stamp(tool.input) }] : []));
  if (!isDeepStrictEqual(reply.tools, tools)) return 'not the tools that the model called, with their answers';
  return standing.every((call) => isLast(call, calls)) ? null : 'not what the model wrote last';
}

/** The calls that a completed reply consists of, one for each turn; null when it is none of finished calls. */
function findStanding(reply: ReadMessage, calls: readonly ModelCall[]): ModelCall[] | null {
  const standing: ModelCall[] = [];
  for (let rest: Said = reply; ;) {
    const call = calls.find((one) => one.turn === standing.length && one.finished && startsWith(rest, one));
    if (!call) return null;
    standing.push(call);
    rest = without(rest, call);
    if (!call.tool) return rest.text === '' && rest.reasoning === '' ? standing : null;
  }
}

/** Whether a reply is a beginning of what the model wrote: whole turns, and the beginning of one call of the next. */
function isBeginning(reply: ReadMessage, calls: readonly ModelCall[]): boolean {
  let rest: Said = reply;
  for (let turn = 0; ; turn += 1) {
    const own = calls.filter((call) => call.turn === turn);
    // Text comes after all reasoning of its turn.
    const isWithin = ({ text, reasoning }: ModelCall): boolean =>
      rest.text === ''
        ? reasoning.startsWith(rest.reasoning)
        : reasoning === rest.reasoning && text.startsWith(rest.text);
    if ((rest.text === '' && rest.reasoning === '') || own.some(isWithin)) return true;
    const call = own.find((one) => one.finished && one.tool && startsWith(rest, one));
    if (!call) return false;
    rest = without(rest, call);
  }
}

type Said = Pick<ReadMessage, 'text' | 'reasoning'>;

function startsWith(said: Said, { text, reasoning }: ModelCall): boolean {
  return said.text.startsWith(text) && said.reasoning.startsWith(reasoning);
}

function without(said: Said, { text, reasoning }: ModelCall): Said {
  return { text: said.text.slice(text.length), reasoning: said.reasoning.slice(reasoning.length) };
}

function checkStop(reply: ReadMessage | undefined, runId: string, confirmed: ReadonlySet<string>): string | null {
  if (!reply || reply.status === 'cancelled' || !confirmed.has(runId)) return null;
  return `run ${runId} is ${reply.status} although the relay said it was cancelled`;
}

/**
 * Whether every later call of the same turn was hung up on before the relay had all of it, even when the model had said
 * its last word by then.
 *
 * Calls are numbered as they arrive, so the one that stands need not be the last: a relay that is frozen between the
 * check of its lease and its call may call after the relay that took over. The store refuses what it writes of that
 * call, and it hangs up by the first refusal, the live channel or its next renewal. A call that it heard to its end
 * would make it a second writer.
 */
function isLast(standing: ModelCall, calls: readonly ModelCall[]): boolean {
  const later = calls.slice(calls.indexOf(standing) + 1);
  return later.filter(({ turn }) => turn === standing.turn).every(({ aborted }) => aborted);
}

/** The reply and the calls behind it, short enough to read. */
function describe(prompt: string, reply: ReadMessage | undefined, calls: readonly ModelCall[]): string {
  const short = (text: string): string => `${JSON.stringify(text.slice(0, 24))}… (${text.length})`;
  const found = reply ? `${reply.status} ${reply.id} ${short(reply.text)}` : 'nothing';
  const written = calls.map(
    ({ text, finished, aborted }) => `${short(text)}${finished ? ' to its end' : ''}${aborted ? ' aborted' : ''}`,
  );
  return `to ${JSON.stringify(prompt)} there is ${found}; the model wrote ${written.join(', ') || 'nothing'}`;
}
