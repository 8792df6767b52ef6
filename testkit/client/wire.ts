/** Cursors, frames and the rule of which frame follows: docs/protocol.md written out a second time, on purpose. */

/** A message of the log, with its id. */
export interface WireFrame {
  /** The `id:` of its event. */
  id: string;
  message: {
    type: string;
    prev?: string;
    from?: string;
    runId?: string;
    [field: string]: unknown;
  };
}

/** The cursor before the first entry of every log. */
export const START = '0-0';

/** @throws Error when this is no cursor, or its numbers are beyond 2^53. */
export function parseCursor(cursor: string): [fence: number, seq: number] {
  const match = /^(0|[1-9]\d*)-(0|[1-9]\d*)$/.exec(cursor);
  if (!match) throw new Error(`Not a cursor: ${JSON.stringify(cursor)}`);
  const [fence, seq] = [Number(match[1]), Number(match[2])];
  if (!Number.isSafeInteger(fence) || !Number.isSafeInteger(seq)) throw new Error(`Beyond 2^53: ${cursor}`);
  return [fence, seq];
}

/** Negative when `a` is the earlier one. */
export function compareCursors(a: string, b: string): number {
  const [fenceA, seqA] = parseCursor(a);
  const [fenceB, seqB] = parseCursor(b);
  return fenceA - fenceB || seqA - seqB;
}

/** Whether a frame continues the log exactly at a cursor. */
export function follows(cursor: string, { id, message }: WireFrame): boolean {
  const [fence, seq] = parseCursor(message.from ?? id);
  if (seq === 0) return message.prev === cursor;
  const [atFence, atSeq] = parseCursor(cursor);
  return fence === atFence && seq === atSeq + 1;
}

/** Whether a frame ends its run. */
export function isTerminal({ message }: WireFrame): boolean {
  return message.type === 'metadata' && ['completed', 'cancelled', 'failed'].includes(String(message['status']));
}

/** A server-sent event. */
export interface ServerEvent {
  event: string;
  id: string | null;
  data: string;
}

/** Parses a stream of server-sent events, by as much of the WHATWG's rules as the relay uses. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let buffer = '';
  for await (const bytes of body) {
    buffer += decoder.decode(bytes, { stream: true });
    for (let end = buffer.indexOf('\n\n'); end >= 0; end = buffer.indexOf('\n\n')) {
      const event = parseEvent(buffer.slice(0, end));
      buffer = buffer.slice(end + 2);
      if (event) yield event;
    }
  }
}

function parseEvent(block: string): ServerEvent | null {
  const event: ServerEvent = { event: 'message', id: null, data: '' };
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === 'data') data.push(value);
    else if (field === 'id') event.id = value;
    else if (field === 'event') event.event = value;
  }
  if (data.length === 0) return null;
  event.data = data.join('\n');
  return event;
}
