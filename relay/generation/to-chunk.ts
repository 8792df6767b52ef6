import { toUIMessageChunk, type ToolSet } from 'ai';
import type { ChatChunk } from '#shared/protocol.ts';
import { isTooDeep } from '#shared/fold/bound-depth.ts';
import type { ModelPart } from './model-stream.ts';

/** Whether the visitor gets anything of the part. The start and end of a part are no output. */
export function isOutput(part: ModelPart): boolean {
  switch (part.type) {
    case 'text-delta':
    case 'reasoning-delta':
      return part.text !== '';
    case 'tool-input-delta':
      return part.delta !== '';
    case 'tool-call':
    case 'tool-result':
    case 'tool-error':
    case 'file':
    case 'reasoning-file':
    case 'source':
    case 'custom':
      return true;
    default:
      return false;
  }
}

/** Error text of a tool call whose own says nothing. */
const FAILED_CALL = 'The tool call failed.';

/** The UI message chunk of a part, as the AI SDK makes it; null for a part that has none in the log. */
export function toChunk(part: ModelPart, tools: ToolSet): ChatChunk | null {
  switch (part.type) {
    // The start and end of a call are the caller's to write; an error ends the turn.
    case 'model-call-start':
    case 'model-call-response-metadata':
    case 'model-call-end':
    case 'error':
    case 'raw':
      return null;
    case 'text-delta':
      // By hand, because nearly all parts are such: the SDK's conversion gives the same.
      if (part.providerMetadata !== undefined) break;
      return part.text === '' ? null : { type: 'text-delta', id: part.id, delta: part.text };
  }
  const chunk = toUIMessageChunk(withReadableError(part), {
    tools,
    sendReasoning: true,
    sendSources: true,
    // The conversation shows what the model was told.
    redactToolErrors: false,
    onError: () => FAILED_CALL,
  });
  return chunk ?? null;
}

/** The SDK makes the JSON text of an error that is an object, and would overflow the stack if it is nested too deeply. */
function withReadableError<T extends ModelPart>(part: T): T {
  return part.type === 'tool-error' && isTooDeep(part.error) ? { ...part, error: FAILED_CALL } : part;
}
