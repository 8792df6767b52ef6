import { foldToolChunk, type ToolChunk } from './fold-tool-chunk.ts';
import type { ChatChunk, ChatPart } from '../protocol.ts';
import { partKey, stringOrNothing, withoutUndefined, type Reply } from './reply.ts';
import { ReplyDraft } from './reply-draft.ts';

/** A part whose fields may still be undefined. */
type LoosePart = Record<string, unknown>;

type TextKind = 'text' | 'reasoning';
type Start = Extract<ChatChunk, { type: `${TextKind}-start` }>;
type Delta = Extract<ChatChunk, { type: `${TextKind}-delta` }>;
type End = Extract<ChatChunk, { type: `${TextKind}-end` }>;

/**
 * Folds one chunk into the parts of a reply, with the same result as the AI SDK's client (`readUIMessageStream` of ai 7),
 * except:
 * - Nothing throws. A chunk changes nothing when its part is not open, its tool call or its type is unknown, or a field
 *   that its type needs is missing or of another type. Optional names that are no strings are left out.
 * - Fields without a value are left out, where the SDK sets them to undefined.
 * - A message has at most `MAX_PARTS` parts, and `MAX_OPEN_PARTS` open ones; further ones are dropped.
 * - At most `MAX_PARTIAL_INPUT` characters of an unfinished tool input are parsed, and nothing that is nested too deeply
 *   is shown of it (`isTooDeep`).
 *
 * Chunks that are not about parts (`start`, `finish`, `message-metadata`, `abort`, `error`) change nothing here.
 */
export function foldChunk(reply: Reply, chunk: ChatChunk): Reply {
  const draft = new ReplyDraft(reply);
  foldInto(draft, chunk);
  return draft.toReply();
}

/** Folds one chunk into a draft, as `foldChunk` does into a reply. */
export function foldInto(draft: ReplyDraft, chunk: ChatChunk): void {
  switch (chunk.type) {
    case 'text-start':
      return startPart(draft, 'text', chunk);
    case 'text-delta':
      return extendPart(draft, 'text', chunk);
    case 'text-end':
      return endPart(draft, 'text', chunk);
    case 'reasoning-start':
      return startPart(draft, 'reasoning', chunk);
    case 'reasoning-delta':
      return extendPart(draft, 'reasoning', chunk);
    case 'reasoning-end':
      return endPart(draft, 'reasoning', chunk);

    case 'start-step':
      draft.append({ type: 'step-start' });
      return;
    case 'reset-step':
      return draft.resetStep();

    case 'start':
    case 'finish':
    case 'finish-step':
    case 'message-metadata':
    case 'abort':
    case 'error':
      return;

    case 'file':
    case 'reasoning-file':
      return foldFile(draft, chunk);
    case 'source-url':
    case 'source-document':
      return foldSource(draft, chunk);
    case 'custom': {
      const { type, kind, providerMetadata } = chunk;
      if (typeof kind !== 'string') return;
      draft.append(withoutUndefined<LoosePart>({ type, kind, providerMetadata }) as ChatPart);
      return;
    }
    case 'steering-message':
      if (Array.isArray(chunk.parts)) draft.append({ type: 'steering-message', id: chunk.id, parts: chunk.parts });
      return;

    default:
      if (isToolChunk(chunk)) foldToolChunk(draft, chunk);
      else if (isDataChunk(chunk)) foldData(draft, chunk);
  }
}

function startPart(draft: ReplyDraft, kind: TextKind, { id, providerMetadata }: Start): void {
  const key = partKey(kind, id);
  if (!key) return;
  const part = withoutUndefined({
    type: kind,
    ...(kind === 'reasoning' ? { id } : {}),
    text: '',
    providerMetadata,
    state: 'streaming',
  } as ChatPart);
  draft.openPart(key, part);
}

function extendPart(draft: ReplyDraft, kind: TextKind, { id, delta, providerMetadata }: Delta): void {
  const index = draft.open.get(partKey(kind, id));
  const part = draft.part(index);
  if (index === undefined || part?.type !== kind || typeof delta !== 'string') return;
  draft.replace(index, {
    ...part,
    text: part.text + delta,
    ...(providerMetadata == null ? {} : { providerMetadata }),
  });
}

function endPart(draft: ReplyDraft, kind: TextKind, chunk: End): void {
  const key = partKey(kind, chunk.id);
  const index = draft.open.get(key);
  const part = draft.part(index);
  if (index === undefined || part?.type !== kind) return;
  draft.open.delete(key);
  const { citations } = chunk as { citations?: unknown };
  draft.replace(index, {
    ...part,
    state: 'done',
    ...(kind === 'text' && citations != null ? { citations } : {}),
    ...(chunk.providerMetadata == null ? {} : { providerMetadata: chunk.providerMetadata }),
  } as ChatPart);
}

type FileChunk = Extract<ChatChunk, { type: 'file' | 'reasoning-file' }>;

function foldFile(draft: ReplyDraft, { type, mediaType, url, providerMetadata }: FileChunk): void {
  if (typeof url !== 'string' || typeof mediaType !== 'string') return;
  draft.append({ type, mediaType, url, ...(providerMetadata == null ? {} : { providerMetadata }) });
}

type SourceChunk = Extract<ChatChunk, { type: 'source-url' | 'source-document' }>;

function foldSource(draft: ReplyDraft, chunk: SourceChunk): void {
  const { type, sourceId, providerMetadata } = chunk;
  const title = stringOrNothing(chunk.title);
  if (typeof sourceId !== 'string') return;
  if (chunk.type === 'source-url') {
    const { url } = chunk;
    if (typeof url !== 'string') return;
    draft.append(withoutUndefined<LoosePart>({ type, sourceId, url, title, providerMetadata }) as ChatPart);
    return;
  }
  const { mediaType } = chunk;
  if (typeof mediaType !== 'string' || title === undefined) return;
  const filename = stringOrNothing(chunk.filename);
  const part: LoosePart = { type, sourceId, mediaType, title, filename, providerMetadata };
  draft.append(withoutUndefined(part) as ChatPart);
}

function isToolChunk(chunk: ChatChunk): chunk is ToolChunk {
  return chunk.type.startsWith('tool-');
}

type DataChunk = Extract<ChatChunk, { type: `data-${string}` }>;

function isDataChunk(chunk: ChatChunk): chunk is DataChunk {
  return chunk.type.startsWith('data-');
}

/** A data part replaces an earlier one of the same type and id. Without an id it is always a new part. */
function foldData(draft: ReplyDraft, chunk: DataChunk): void {
  if (chunk.transient) return;
  const index = chunk.id == null ? undefined : draft.data(chunk.type, chunk.id);
  if (index === undefined) draft.append(chunk);
  else draft.replace(index, { ...draft.part(index), data: chunk.data } as ChatPart);
}
