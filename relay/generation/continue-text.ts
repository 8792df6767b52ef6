import type { ChatChunk } from '#shared/protocol.ts';

/**
 * Makes the first text of a turn go on in a text part that is open already (takeover `continue`): the text's start is
 * left out, and its deltas and its end get the open part's id. Reasoning before that text is left out. If something
 * else comes first, the open part is ended before it.
 *
 * @returns a function that maps each chunk of the turn, in order, to the chunks to write.
 */
export function continueText(openId: string): (chunk: ChatChunk) => ChatChunk[] {
  let state: 'waiting' | 'in-text' | 'done' = 'waiting';
  let textId = '';

  return (chunk) => {
    if (state === 'done') return [chunk];
    if (state === 'waiting') {
      if (chunk.type.startsWith('reasoning-')) return [];
      if (chunk.type !== 'text-start') {
        state = 'done';
        return [{ type: 'text-end', id: openId }, chunk];
      }
      state = 'in-text';
      textId = chunk.id;
      return [];
    }
    if (chunk.type !== 'text-delta' && chunk.type !== 'text-end') return [chunk];
    if (chunk.id !== textId) return [chunk];
    if (chunk.type === 'text-end') state = 'done';
    return [{ ...chunk, id: openId }];
  };
}
