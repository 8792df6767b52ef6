import type { ChatChunk } from '../protocol.ts';
import { stringOrNothing, withoutUndefined, type ToolPart } from './reply.ts';
import type { ReplyDraft } from './reply-draft.ts';

/** A chunk about a tool call. */
export type ToolChunk = Extract<ChatChunk, { type: `tool-${string}` }>;

/** Error text of a tool call whose own is not a string. */
const UNREADABLE_ERROR = 'The tool failed.';

/** Folds one chunk about a tool call as the AI SDK's client does. A chunk about an unknown call changes nothing. */
export function foldToolChunk(draft: ReplyDraft, chunk: ToolChunk): void {
  switch (chunk.type) {
    case 'tool-input-start': {
      const inputEncoding = chunk.inputEncoding ?? undefined;
      return writeCall(draft, chunk, { state: 'input-streaming', inputEncoding });
    }
    case 'tool-input-delta':
      return foldInputDelta(draft, chunk.toolCallId, chunk.inputTextDelta);
    case 'tool-input-available':
      return writeCall(draft, chunk, { state: 'input-available', input: chunk.input });
    case 'tool-input-error': {
      // A call that began as one kind of tool stays that kind.
      const begun = draft.callInStep(chunk.toolCallId);
      const dynamic = begun ? begun.part.type === 'dynamic-tool' : chunk.dynamic === true;
      const { title: _, ...call } = chunk;
      return writeCall(
        draft,
        { ...call, dynamic },
        { state: 'output-error', input: chunk.input, errorText: errorTextOf(chunk) },
      );
    }
    case 'tool-output-available':
      return updateCall(draft, chunk.toolCallId, (part) =>
        writePart(part, chunk, {
          state: 'output-available',
          input: part.input,
          output: chunk.output,
          preliminary: chunk.preliminary,
        }),
      );
    case 'tool-output-error':
      return updateCall(draft, chunk.toolCallId, (part) =>
        writePart(part, chunk, {
          state: 'output-error',
          input: part.input,
          rawInput: part.type !== 'dynamic-tool' && 'rawInput' in part ? part.rawInput : undefined,
          errorText: errorTextOf(chunk),
        }),
      );
    case 'tool-output-denied':
      return updateCall(draft, chunk.toolCallId, (part) => ({ ...part, state: 'output-denied' }) as ToolPart);
    case 'tool-approval-request':
      return updateCall(
        draft,
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
      const place = draft.approval(chunk.approvalId);
      if (!place) return;
      const { index, part } = place;
      draft.replace(
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
  }
}

function errorTextOf({ errorText }: { errorText: unknown }): string {
  return stringOrNothing(errorText) ?? UNREADABLE_ERROR;
}

function updateCall(draft: ReplyDraft, toolCallId: string, update: (part: ToolPart) => ToolPart): void {
  const place = draft.call(toolCallId);
  if (place) draft.replace(place.index, update(place.part));
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

function writeCall(draft: ReplyDraft, call: Call, progress: Progress): void {
  if (typeof call.toolCallId !== 'string' || typeof call.toolName !== 'string') return;
  const name = call.dynamic ? { type: 'dynamic-tool', toolName: call.toolName } : { type: `tool-${call.toolName}` };
  const place = draft.callInStep(call.toolCallId, call.dynamic ? 'dynamic' : 'static');
  if (place) draft.replace(place.index, writePart({ ...place.part, ...name } as ToolPart, call, progress));
  else draft.append(writePart({ ...name, toolCallId: call.toolCallId } as ToolPart, call, progress));
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

function foldInputDelta(draft: ReplyDraft, toolCallId: string, delta: string): void {
  if (typeof delta !== 'string') return;
  const [place] = [draft.callInStep(toolCallId, 'static'), draft.callInStep(toolCallId, 'dynamic')]
    .filter((place) => place?.part.state === 'input-streaming')
    .toSorted((a, b) => (a?.index ?? 0) - (b?.index ?? 0));
  if (place) draft.extendInput(place, delta);
}
