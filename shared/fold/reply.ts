import type { ChatPart } from '../protocol.ts';

/** The parts of a reply that is being written, and which of them still take deltas. Immutable. */
export interface Reply {
  readonly parts: readonly ChatPart[];
  /** Where the open text and reasoning parts stand in `parts`, by `partKey`: the parts do not bear their ids. */
  readonly open: ReadonlyMap<string, number>;
}

export type ToolPart = Extract<ChatPart, { toolCallId: string }>;

export const EMPTY_REPLY: Reply = { parts: [], open: new Map() };

/** Where a part is found in `open`. For an id that is no string, which chunks are not checked for, `''`: no part is there. */
export function partKey(kind: 'text' | 'reasoning', id: unknown): string {
  return typeof id === 'string' ? `${kind}:${id}` : '';
}

export function isToolPart(part: ChatPart): part is ToolPart {
  return part.type === 'dynamic-tool' || part.type.startsWith('tool-');
}

export function appendPart(reply: Reply, part: ChatPart): Reply {
  return { ...reply, parts: [...reply.parts, part] };
}

export function replacePart(reply: Reply, index: number, part: ChatPart): Reply {
  const parts = reply.parts.slice();
  parts[index] = part;
  return { ...reply, parts };
}

/** Drops the part at `index` and all after it. */
export function cutParts(reply: Reply, index: number): Reply {
  if (index >= reply.parts.length) return reply;
  return {
    parts: reply.parts.slice(0, index),
    open: new Map([...reply.open].filter(([, place]) => place < index)),
  };
}

/** Where the parts of the current step begin: after the last `step-start`, or at the start when there is none. */
export function currentStep(reply: Reply): number {
  return reply.parts.findLastIndex((part) => part.type === 'step-start') + 1;
}

/** Keeps the first `steps` steps of a reply: cuts before its (steps + 1)-th `step-start`; with 0, empties it. */
export function keepSteps(reply: Reply, steps: number): Reply {
  if (steps <= 0) return cutParts(reply, 0);
  let begun = 0;
  const cut = reply.parts.findIndex((part) => part.type === 'step-start' && ++begun > steps);
  return cut === -1 ? reply : cutParts(reply, cut);
}

/** A copy without the fields that are undefined, so that a part is the same before and after JSON. */
export function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

/** What a tool call says that was still waiting for its answer when its run ended. */
export const UNANSWERED_TOOL_CALL = 'The reply ended before this tool call was answered.';

/** A reply whose run has ended: text and reasoning are done, tool calls without an answer have failed. */
export function closeReply(reply: Reply): ChatPart[] {
  return reply.parts.map((part) => {
    if (part.type === 'text' || part.type === 'reasoning') {
      return part.state === 'streaming' ? { ...part, state: 'done' } : part;
    }
    return isToolPart(part) && isUnanswered(part) ? failUnanswered(part) : part;
  });
}

function isUnanswered({ state }: ToolPart): boolean {
  return state !== 'output-available' && state !== 'output-error' && state !== 'output-denied';
}

function failUnanswered(part: ToolPart): ToolPart {
  // Encoding and an approval that was never given belong to the states it leaves.
  const { approval, ...kept } = part;
  const { inputEncoding: _, ...rest } = 'inputEncoding' in kept ? kept : { ...kept, inputEncoding: undefined };
  return {
    ...rest,
    ...(approval?.approved === true ? { approval } : {}),
    state: 'output-error',
    errorText: UNANSWERED_TOOL_CALL,
  } as ToolPart;
}
