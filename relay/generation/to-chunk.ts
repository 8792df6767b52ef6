import { toUIMessageChunk, type ToolSet } from 'ai';
import type { ChatChunk } from '#shared/protocol.ts';
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
  const chunk = toUIMessageChunk(part, {
    tools,
    sendReasoning: true,
    sendSources: true,
    // The conversation shows what the model was told.
    redactToolErrors: false,
    onError: () => 'The tool call failed.',
  });
  return chunk ?? null;
}
