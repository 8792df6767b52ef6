import type { ModelPart } from './model-stream.ts';
import { AnswerBoundError } from './turn-errors.ts';

/**
 * Length of an id or a name, in UTF-16 units. Ids of most servers have about 30; those that carry a signature of the
 * model's thoughts, as LiteLLM's for Gemini do, have several thousand. Each delta repeats the id of its part.
 */
const MAX_ID_LENGTH = 16_384;
/** Tool calls of one turn: servers that run calls side by side allow 128 tools. */
const MAX_CALLS = 128;
/** Parts of one turn: texts, reasoning, calls, sources and files. An answer has some dozens. */
const MAX_PARTS = 1000;

/** The bounds of one turn; lower ones are for tests. */
interface TurnBounds {
  idLength: number;
  calls: number;
  parts: number;
}

const DEFAULT_BOUNDS: TurnBounds = { idLength: MAX_ID_LENGTH, calls: MAX_CALLS, parts: MAX_PARTS };

/**
 * Bounds the number of parts and the length of ids in one turn of a model. Without it, tiny parts and growing ids would
 * cost every reader of the conversation more than their text is worth.
 *
 * @returns a check to call with each part; it throws AnswerBoundError.
 */
export function createBoundsCheck(bounds: TurnBounds = DEFAULT_BOUNDS): (part: ModelPart) => void {
  const calls = new Set<string>();
  let parts = 0;

  function checkId(id: unknown): void {
    if (typeof id === 'string' && id.length <= bounds.idLength) return;
    throw new AnswerBoundError(`an id in it is longer than ${bounds.idLength} characters`);
  }

  function countPart(): void {
    parts += 1;
    if (parts > bounds.parts) throw new AnswerBoundError(`it has more than ${bounds.parts} parts`);
  }

  function countCall(id: string, name: string): void {
    checkId(id);
    checkId(name);
    if (calls.has(id)) return;
    calls.add(id);
    countPart();
    if (calls.size > bounds.calls) throw new AnswerBoundError(`it has more than ${bounds.calls} tool calls`);
  }

  return (part) => {
    switch (part.type) {
      case 'text-start':
      case 'reasoning-start':
        checkId(part.id);
        return countPart();
      case 'tool-input-start':
        return countCall(part.id, part.toolName);
      case 'tool-call':
        return countCall(part.toolCallId, part.toolName);
      case 'source':
        checkId(part.id);
        return countPart();
      case 'file':
      case 'reasoning-file':
      case 'custom':
        return countPart();
    }
  };
}
