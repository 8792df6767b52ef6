import { foldToolChunk, type ToolChunk } from './fold-tool-chunk.ts';
import type { ChatChunk, ChatPart } from '../protocol.ts';
import { appendPart, replacePart, withoutUndefined, type Reply } from './reply.ts';

/** A part whose fields may still be undefined. */
type LoosePart = Record<string, unknown>;

/** Folds what most answers have none of: files, sources, data, tool calls. A chunk of an unknown type changes nothing. */
export function foldRareChunk(reply: Reply, chunk: ChatChunk): Reply {
  switch (chunk.type) {
    case 'file':
    case 'reasoning-file': {
      const { type, mediaType, url, providerMetadata } = chunk;
      if (typeof url !== 'string') return reply;
      return appendPart(reply, { type, mediaType, url, ...(providerMetadata == null ? {} : { providerMetadata }) });
    }
    case 'source-url': {
      const { type, sourceId, url, title, providerMetadata } = chunk;
      if (typeof url !== 'string') return reply;
      return appendPart(
        reply,
        withoutUndefined<LoosePart>({ type, sourceId, url, title, providerMetadata }) as ChatPart,
      );
    }
    case 'source-document': {
      const { type, sourceId, mediaType, title, filename, providerMetadata } = chunk;
      const part: LoosePart = { type, sourceId, mediaType, title, filename, providerMetadata };
      return appendPart(reply, withoutUndefined(part) as ChatPart);
    }
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

function isToolChunk(chunk: ChatChunk): chunk is ToolChunk {
  return chunk.type.startsWith('tool-');
}

type DataChunk = Extract<ChatChunk, { type: `data-${string}` }>;

function isDataChunk(chunk: ChatChunk): chunk is DataChunk {
  return chunk.type.startsWith('data-');
}

/** A data part with the type and id of an earlier one takes its place; one without an id is always a new part. */
function foldData(reply: Reply, chunk: DataChunk): Reply {
  if (chunk.transient) return reply;
  const isEarlier = (part: ChatPart): boolean => part.type === chunk.type && 'id' in part && part.id === chunk.id;
  const index = chunk.id == null ? -1 : reply.parts.findIndex(isEarlier);
  const earlier = reply.parts[index];
  return earlier ? replacePart(reply, index, { ...earlier, data: chunk.data } as ChatPart) : appendPart(reply, chunk);
}
