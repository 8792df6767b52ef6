import type { ChatChunk, ChatMessage, ChatPart } from '../protocol.ts';

/**
 * Levels of arrays and objects in one value that a model, a tool or a provider wrote. `JSON.stringify` and many other
 * functions recurse and overflow the stack between 4,000 and 5,000 levels; data that means something has about ten.
 */
const MAX_VALUE_DEPTH = 64;

/** Fields that must be objects: one that is nested too deeply is left out, since its text could stand for nothing. */
const METADATA = new Set(['providerMetadata', 'messageMetadata', 'toolMetadata', 'metadata', 'approval']);
const PART_METADATA = new Set([...METADATA, 'callProviderMetadata', 'resultProviderMetadata']);

/** Levels that a message has above the fields of its parts: the message, its list of parts and the part. */
const LEVELS_ABOVE_FIELDS = 3;

/** Error text of a tool call whose input is nested too deeply: shown to the visitor and sent to the model. */
export const TOO_DEEP_INPUT = `The input is nested too deeply: at most ${MAX_VALUE_DEPTH} levels are allowed.`;

/** Whether a value has more than `levels` levels. Looks no deeper than that, so that it cannot overflow the stack. */
export function isTooDeep(value: unknown, levels = MAX_VALUE_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels <= 0) return true;
  if (Array.isArray(value)) return value.some((member) => isTooDeep(member, levels - 1));
  for (const key in value) if (isTooDeep(value[key as keyof typeof value], levels - 1)) return true;
  return false;
}

/**
 * The chunk with no value deeper than `MAX_VALUE_DEPTH`; the chunk itself when it has none. A deeper value becomes its
 * JSON text, metadata is left out, and a tool call with such an input becomes one that was refused, because a tool must
 * not run with another input than the one the model wrote.
 *
 * The relay applies it where chunks enter the log, and the fold applies it to logs that were written before that.
 */
export function boundChunk(chunk: ChatChunk): ChatChunk {
  if (!hasDeepField(chunk)) return chunk;
  const bounded = boundFields(chunk, METADATA);
  if (chunk.type !== 'tool-input-available' || !isTooDeep(chunk.input)) return bounded;
  return { ...bounded, type: 'tool-input-error', errorText: TOO_DEEP_INPUT } as ChatChunk;
}

/** The messages, each with its values bounded as `boundChunk` does; the list itself when none is too deep. */
export function boundMessages(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const isMessageTooDeep = (message: ChatMessage) => isTooDeep(message, MAX_VALUE_DEPTH + LEVELS_ABOVE_FIELDS);
  if (!messages.some(isMessageTooDeep)) return messages;
  return messages.map((message) => (isMessageTooDeep(message) ? boundMessage(message) : message));
}

function boundMessage(message: ChatMessage): ChatMessage {
  const parts = message.parts.map((part): ChatPart => (hasDeepField(part) ? boundFields(part, PART_METADATA) : part));
  return { ...boundFields({ ...message, parts: [] }, PART_METADATA), parts };
}

function hasDeepField(fields: object): boolean {
  return isTooDeep(fields, MAX_VALUE_DEPTH + 1);
}

function boundFields<T extends object>(fields: T, metadata: ReadonlySet<string>): T {
  const bounded = Object.entries(fields).flatMap(([name, value]) => {
    if (!isTooDeep(value)) return [[name, value]];
    return metadata.has(name) ? [] : [[name, jsonText(value)]];
  });
  return Object.fromEntries(bounded) as T;
}

/** `JSON.stringify` of a value that came from JSON, without recursion. */
function jsonText(value: unknown): string {
  const pieces: string[] = [];
  const rest: ({ text: string } | { value: unknown })[] = [{ value }];
  for (let next = rest.pop(); next; next = rest.pop()) {
    if ('text' in next) pieces.push(next.text);
    else if (typeof next.value !== 'object' || next.value === null) pieces.push(JSON.stringify(next.value) ?? 'null');
    else {
      const isArray = Array.isArray(next.value);
      pieces.push(isArray ? '[' : '{');
      rest.push({ text: isArray ? ']' : '}' });
      for (const [index, [name, member]] of Object.entries(next.value).toReversed().entries()) {
        // The last member was pushed first and has no comma after it.
        if (index > 0) rest.push({ text: ',' });
        rest.push({ value: member });
        if (!isArray) rest.push({ text: `${JSON.stringify(name)}:` });
      }
    }
  }
  return pieces.join('');
}
