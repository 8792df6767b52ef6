/** Cursors, frames and the rule of what follows, as docs/protocol.md says them; written anew, on purpose. */

export interface WireFrame {
  /** `id:` of the event. */
  id: string;
  message: {
    type: string;
    prev?: string;
    from?: string;
    runId?: string;
    [field: string]: unknown;
  };
}

export const START = '0-0';

export function parseCursor(cursor: string): [fence: number, seq: number] {
  const match = /^(0|[1-9]\d*)-(0|[1-9]\d*)$/.exec(cursor);
  if (!match) throw new Error(`Not a cursor: ${JSON.stringify(cursor)}`);
  const [fence, seq] = [Number(match[1]), Number(match[2])];
  if (!Number.isSafeInteger(fence) || !Number.isSafeInteger(seq)) throw new Error(`Beyond 2^53: ${cursor}`);
  return [fence, seq];
}

export function compareCursors(a: string, b: string): number {
  const [fenceA, seqA] = parseCursor(a);
  const [fenceB, seqB] = parseCursor(b);
  return fenceA - fenceB || seqA - seqB;
}

export function follows(cursor: string, { id, message }: WireFrame): boolean {
  const [fence, seq] = parseCursor(message.from ?? id);
  if (seq === 0) return message.prev === cursor;
  const [atFence, atSeq] = parseCursor(cursor);
  return fence === atFence && seq === atSeq + 1;
}

export function isTerminal({ message }: WireFrame): boolean {
  return message.type === 'metadata' && ['completed', 'cancelled', 'failed'].includes(String(message['status']));
}

export interface ServerEvent {
  event: string;
  id: string | null;
  data: string;
}

/** The events of a stream as they come (the WHATWG's rules, as far as the relay uses them). */
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
