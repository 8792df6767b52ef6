import { foldToolChunk, type ToolChunk } from './fold-tool-chunk.ts';
import type { ChatChunk, ChatPart } from '../protocol.ts';
import {
  appendPart,
  currentStep,
  cutParts,
  partKey,
  replacePart,
  stringOrNothing,
  withoutUndefined,
  type Reply,
} from './reply.ts';

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
 * - At most `MAX_PARTIAL_INPUT` characters of an unfinished tool input are parsed, and nothing that is nested too deeply
 *   is shown of it (`isTooDeep`).
 *
 * Chunks that are not about parts (`start`, `finish`, `message-metadata`, `abort`, `error`) change nothing here.
 */
export function foldChunk(reply: Reply, chunk: ChatChunk): Reply {
  switch (chunk.type) {
    case 'text-start':
      return startPart(reply, 'text', chunk);
    case 'text-delta':
      return extendPart(reply, 'text', chunk);
    case 'text-end':
      return endPart(reply, 'text', chunk);
    case 'reasoning-start':
      return startPart(reply, 'reasoning', chunk);
    case 'reasoning-delta':
      return extendPart(reply, 'reasoning', chunk);
    case 'reasoning-end':
      return endPart(reply, 'reasoning', chunk);

    case 'start-step':
      return appendPart(reply, { type: 'step-start' });
    case 'reset-step':
      return { ...cutParts(reply, currentStep(reply)), open: new Map() };

    case 'start':
    case 'finish':
    case 'finish-step':
    case 'message-metadata':
    case 'abort':
    case 'error':
      return reply;

    case 'file':
    case 'reasoning-file':
      return foldFile(reply, chunk);
    case 'source-url':
    case 'source-document':
      return foldSource(reply, chunk);
    case 'custom': {
      const { type, kind, providerMetadata } = chunk;
      if (typeof kind !== 'string') return reply;
      return appendPart(reply, withoutUndefined<LoosePart>({ type, kind, providerMetadata }) as ChatPart);
    }
    case 'steering-message':
      if (!Array.isArray(chunk.parts)) return reply;
      return appendPart(reply, { type: 'steering-message', id: chunk.id, parts: chunk.parts });

    default:
      if (isToolChunk(chunk)) return foldToolChunk(reply, chunk);
      return isDataChunk(chunk) ? foldData(reply, chunk) : reply;
  }
}

function startPart(reply: Reply, kind: TextKind, { id, providerMetadata }: Start): Reply {
  const key = partKey(kind, id);
  if (!key) return reply;
  const part = withoutUndefined({
    type: kind,
    ...(kind === 'reasoning' ? { id } : {}),
    text: '',
    providerMetadata,
    state: 'streaming',
  } as ChatPart);
  const open = new Map(reply.open).set(key, reply.parts.length);
  return { parts: [...reply.parts, part], open };
}

function extendPart(reply: Reply, kind: TextKind, { id, delta, providerMetadata }: Delta): Reply {
  const index = reply.open.get(partKey(kind, id));
  const part = index === undefined ? undefined : reply.parts[index];
  if (index === undefined || part?.type !== kind || typeof delta !== 'string') return reply;
  return replacePart(reply, index, {
    ...part,
    text: part.text + delta,
    ...(providerMetadata == null ? {} : { providerMetadata }),
  });
}

function endPart(reply: Reply, kind: TextKind, chunk: End): Reply {
  const key = partKey(kind, chunk.id);
  const index = reply.open.get(key);
  const part = index === undefined ? undefined : reply.parts[index];
  if (index === undefined || part?.type !== kind) return reply;
  const open = new Map(reply.open);
  open.delete(key);
  const { citations } = chunk as { citations?: unknown };
  const done = {
    ...part,
    state: 'done',
    ...(kind === 'text' && citations != null ? { citations } : {}),
    ...(chunk.providerMetadata == null ? {} : { providerMetadata: chunk.providerMetadata }),
  } as ChatPart;
  return { ...replacePart(reply, index, done), open };
}

type FileChunk = Extract<ChatChunk, { type: 'file' | 'reasoning-file' }>;

function foldFile(reply: Reply, { type, mediaType, url, providerMetadata }: FileChunk): Reply {
  if (typeof url !== 'string' || typeof mediaType !== 'string') return reply;
  return appendPart(reply, { type, mediaType, url, ...(providerMetadata == null ? {} : { providerMetadata }) });
}

type SourceChunk = Extract<ChatChunk, { type: 'source-url' | 'source-document' }>;

function foldSource(reply: Reply, chunk: SourceChunk): Reply {
  const { type, sourceId, providerMetadata } = chunk;
  const title = stringOrNothing(chunk.title);
  if (typeof sourceId !== 'string') return reply;
  if (chunk.type === 'source-url') {
    const { url } = chunk;
    if (typeof url !== 'string') return reply;
    return appendPart(reply, withoutUndefined<LoosePart>({ type, sourceId, url, title, providerMetadata }) as ChatPart);
  }
  const { mediaType } = chunk;
  if (typeof mediaType !== 'string' || title === undefined) return reply;
  const filename = stringOrNothing(chunk.filename);
  const part: LoosePart = { type, sourceId, mediaType, title, filename, providerMetadata };
  return appendPart(reply, withoutUndefined(part) as ChatPart);
}

function isToolChunk(chunk: ChatChunk): chunk is ToolChunk {
  return chunk.type.startsWith('tool-');
}

type DataChunk = Extract<ChatChunk, { type: `data-${string}` }>;

function isDataChunk(chunk: ChatChunk): chunk is DataChunk {
  return chunk.type.startsWith('data-');
}

/** A data part replaces an earlier one of the same type and id. Without an id it is always a new part. */
function foldData(reply: Reply, chunk: DataChunk): Reply {
  if (chunk.transient) return reply;
  const isEarlier = (part: ChatPart): boolean => part.type === chunk.type && 'id' in part && part.id === chunk.id;
  const index = chunk.id == null ? -1 : reply.parts.findIndex(isEarlier);
  const earlier = reply.parts[index];
  return earlier ? replacePart(reply, index, { ...earlier, data: chunk.data } as ChatPart) : appendPart(reply, chunk);
}
