import type { ChatPart } from '../protocol.ts';

/** The parts of a reply being written, and which of them are still open for deltas. Immutable. */
export interface Reply {
  readonly parts: readonly ChatPart[];
  /** Index in `parts` of each open text or reasoning part, by `partKey`. The parts themselves do not carry their ids. */
  readonly open: ReadonlyMap<string, number>;
}

/** A tool call in a message, with its input and result as far as they are known. */
export type ToolPart = Extract<ChatPart, { toolCallId: string }>;

/** A reply without parts. */
export const EMPTY_REPLY: Reply = { parts: [], open: new Map() };

/** Key of a part in `open`. `''`, the key of no part, for an id that is not a string: chunks are not validated that far. */
export function partKey(kind: 'text' | 'reasoning', id: unknown): string {
  return typeof id === 'string' ? `${kind}:${id}` : '';
}

/** Whether a part is a tool call with everything that drawing and answering it needs: a name, an id and a state. */
export function isToolPart(part: ChatPart): part is ToolPart {
  if (part.type !== 'dynamic-tool' && !part.type.startsWith('tool-')) return false;
  const { toolCallId, toolName, state } = part as Partial<Record<'toolCallId' | 'toolName' | 'state', unknown>>;
  const hasName = part.type !== 'dynamic-tool' || typeof toolName === 'string';
  return hasName && typeof toolCallId === 'string' && typeof state === 'string';
}

/** Keeps the first `steps` steps of a reply: cuts before its (steps + 1)-th `step-start`. With 0 it becomes empty. */
export function keepSteps(reply: Reply, steps: number): Reply {
  if (steps <= 0) return cutParts(reply, 0);
  let begun = 0;
  const cut = reply.parts.findIndex((part) => part.type === 'step-start' && ++begun > steps);
  return cut === -1 ? reply : cutParts(reply, cut);
}

function cutParts(reply: Reply, index: number): Reply {
  if (index >= reply.parts.length) return reply;
  return {
    parts: reply.parts.slice(0, index),
    open: new Map([...reply.open].filter(([, place]) => place < index)),
  };
}

/** A copy without undefined fields, so that a part equals itself after JSON. */
export function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}

/** The value if it is a string. A chunk may carry anything, and an object might pose as a template where it is drawn. */
export function stringOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Error text of a tool call that had no result when its run ended. */
export const UNANSWERED_TOOL_CALL = 'The reply ended before this tool call was answered.';

/** The parts of a reply whose run has ended: text and reasoning are done, tool calls without a result have failed. */
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
  // The encoding, and an approval that was never given, belong to the state it was in.
  const { approval, ...kept } = part;
  const { inputEncoding: _, ...rest } = 'inputEncoding' in kept ? kept : { ...kept, inputEncoding: undefined };
  return {
    ...rest,
    ...(approval?.approved === true ? { approval } : {}),
    state: 'output-error',
    errorText: UNANSWERED_TOOL_CALL,
  } as ToolPart;
}
