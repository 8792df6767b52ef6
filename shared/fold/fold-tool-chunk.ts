import { isTooDeep } from './bound-depth.ts';
import { parsePartialJson } from './partial-json.ts';
import type { ChatChunk, ChatPart } from '../protocol.ts';
import {
  appendPart,
  currentStep,
  isToolPart,
  replacePart,
  stringOrNothing,
  withoutUndefined,
  type Reply,
  type ToolPart,
} from './reply.ts';

/** A chunk about a tool call. */
export type ToolChunk = Extract<ChatChunk, { type: `tool-${string}` }>;

/**
 * UTF-16 units of an unfinished input that are parsed; `rawInput` has all of it. Each delta parses again, so without a
 * limit a long input would cost the square of its length.
 */
export const MAX_PARTIAL_INPUT = 8192;

/** Error text of a tool call whose own is not a string. */
const UNREADABLE_ERROR = 'The tool failed.';

/** Folds one chunk about a tool call as the AI SDK's client does. A chunk about an unknown call changes nothing. */
export function foldToolChunk(reply: Reply, chunk: ToolChunk): Reply {
  switch (chunk.type) {
    case 'tool-input-start': {
      const inputEncoding = chunk.inputEncoding ?? undefined;
      return writeCall(reply, chunk, { state: 'input-streaming', inputEncoding });
    }
    case 'tool-input-delta':
      return foldInputDelta(reply, chunk.toolCallId, chunk.inputTextDelta);
    case 'tool-input-available':
      return writeCall(reply, chunk, { state: 'input-available', input: chunk.input });
    case 'tool-input-error': {
      // A call that began as one kind of tool stays that kind.
      const begun = findInStep(reply, (part) => part.toolCallId === chunk.toolCallId);
      const dynamic = begun ? begun.part.type === 'dynamic-tool' : chunk.dynamic === true;
      const { title: _, ...call } = chunk;
      return writeCall(
        reply,
        { ...call, dynamic },
        { state: 'output-error', input: chunk.input, errorText: errorTextOf(chunk) },
      );
    }
    case 'tool-output-available':
      return updateCall(reply, chunk.toolCallId, (part) =>
        writePart(part, chunk, {
          state: 'output-available',
          input: part.input,
          output: chunk.output,
          preliminary: chunk.preliminary,
        }),
      );
    case 'tool-output-error':
      return updateCall(reply, chunk.toolCallId, (part) =>
        writePart(part, chunk, {
          state: 'output-error',
          input: part.input,
          rawInput: part.type !== 'dynamic-tool' && 'rawInput' in part ? part.rawInput : undefined,
          errorText: errorTextOf(chunk),
        }),
      );
    case 'tool-output-denied':
      return updateCall(reply, chunk.toolCallId, (part) => ({ ...part, state: 'output-denied' }) as ToolPart);
    case 'tool-approval-request':
      return updateCall(
        reply,
        chunk.toolCallId,
        (part) =>
          ({
            ...part,
            state: 'approval-requested',
            approval: withoutUndefined({
              id: chunk.approvalId,
              descriptor: chunk.approvalDescriptor ?? undefined,
              inputSchemaInput: chunk.inputSchemaInput,
              requestReason: chunk.reason ?? undefined,
              isAutomatic: chunk.isAutomatic === true ? true : undefined,
              signature: chunk.signature ?? undefined,
            }),
          }) as ToolPart,
      );
    case 'tool-approval-response': {
      const index = reply.parts.findIndex((part) => isToolPart(part) && part.approval?.id === chunk.approvalId);
      const part = reply.parts[index];
      if (!part || !isToolPart(part)) return reply;
      return replacePart(
        reply,
        index,
        withoutUndefined({
          ...part,
          state: 'approval-responded',
          approval: {
            ...part.approval,
            approved: chunk.approved,
            ...(chunk.reason == null ? {} : { reason: chunk.reason }),
          },
          providerExecuted: chunk.providerExecuted ?? part.providerExecuted,
          callProviderMetadata: chunk.providerMetadata ?? part.callProviderMetadata,
        } as ToolPart),
      );
    }
    default:
      return reply;
  }
}

function errorTextOf({ errorText }: { errorText: unknown }): string {
  return stringOrNothing(errorText) ?? UNREADABLE_ERROR;
}

interface Place {
  index: number;
  part: ToolPart;
}

function findInStep(reply: Reply, matches: (part: ToolPart) => boolean): Place | null {
  for (let index = currentStep(reply); index < reply.parts.length; index += 1) {
    const part = reply.parts[index];
    if (part && isToolPart(part) && matches(part)) return { index, part };
  }
  return null;
}

/** The call in the current step, else the last one with that id in the message. */
function findCall(reply: Reply, toolCallId: string): Place | null {
  const isCall = (part: ChatPart): part is ToolPart => isToolPart(part) && part.toolCallId === toolCallId;
  const inStep = findInStep(reply, isCall);
  if (inStep) return inStep;
  const index = reply.parts.findLastIndex(isCall);
  const part = reply.parts[index];
  return part && isCall(part) ? { index, part } : null;
}

function updateCall(reply: Reply, toolCallId: string, update: (part: ToolPart) => ToolPart): Reply {
  const place = findCall(reply, toolCallId);
  return place ? replacePart(reply, place.index, update(place.part)) : reply;
}

/** How far a call has come. Each of its chunks sets all of these fields. */
interface Progress {
  state: ToolPart['state'];
  input?: unknown;
  inputEncoding?: 'json' | 'text' | undefined;
  rawInput?: unknown;
  output?: unknown;
  preliminary?: boolean | undefined;
  errorText?: string | undefined;
}

/** Further fields of a call. A chunk that leaves one out keeps its value. */
interface CallDetails {
  title?: string | undefined;
  toolMetadata?: ToolPart['toolMetadata'];
  providerExecuted?: boolean | undefined;
  providerMetadata?: ToolPart['callProviderMetadata'];
}

interface Call extends CallDetails {
  toolCallId: string;
  toolName: string;
  dynamic?: boolean | undefined;
}

function writeCall(reply: Reply, call: Call, progress: Progress): Reply {
  if (typeof call.toolCallId !== 'string' || typeof call.toolName !== 'string') return reply;
  const name = call.dynamic ? { type: 'dynamic-tool', toolName: call.toolName } : { type: `tool-${call.toolName}` };
  const place = findInStep(
    reply,
    (part) => (part.type === 'dynamic-tool') === (call.dynamic === true) && part.toolCallId === call.toolCallId,
  );
  if (!place) return appendPart(reply, writePart({ ...name, toolCallId: call.toolCallId } as ToolPart, call, progress));
  return replacePart(reply, place.index, writePart({ ...place.part, ...name } as ToolPart, call, progress));
}

function writePart(part: ToolPart, details: CallDetails, progress: Progress): ToolPart {
  const isResult = progress.state === 'output-available' || progress.state === 'output-error';
  const metadataField = isResult ? 'resultProviderMetadata' : 'callProviderMetadata';
  const written: object = {
    ...part,
    title: stringOrNothing(details.title) ?? part.title,
    toolMetadata: details.toolMetadata ?? part.toolMetadata,
    providerExecuted: details.providerExecuted ?? part.providerExecuted,
    ...(details.providerMetadata == null ? {} : { [metadataField]: details.providerMetadata }),
    input: undefined,
    inputEncoding: undefined,
    rawInput: undefined,
    output: undefined,
    preliminary: undefined,
    errorText: undefined,
    ...progress,
  };
  return withoutUndefined(written) as ToolPart;
}

function foldInputDelta(reply: Reply, toolCallId: string, delta: string): Reply {
  const place = findInStep(reply, (part) => part.toolCallId === toolCallId && part.state === 'input-streaming');
  if (!place || place.part.state !== 'input-streaming' || typeof delta !== 'string') return reply;
  const { part, index } = place;
  const before = part.rawInput ?? '';
  const rawInput = before + delta;
  let { input } = part;
  if (part.inputEncoding === 'text') input = rawInput;
  else if (before.length < MAX_PARTIAL_INPUT) {
    const parsed = parsePartialJson(rawInput.slice(0, MAX_PARTIAL_INPUT));
    input = isTooDeep(parsed) ? undefined : parsed;
  }
  return replacePart(reply, index, withoutUndefined({ ...part, input, rawInput }));
}
