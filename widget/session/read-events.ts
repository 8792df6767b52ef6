import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { parseCursor, type Cursor } from '#shared/cursor.ts';
import {
  anyMessageSchema,
  BYE_EVENT,
  byeSchema,
  PING_EVENT,
  streamMessageSchema,
  type StreamMessage,
} from '#shared/protocol.ts';

/** A message of the log as it arrived, with its place in the log. */
export interface IncomingFrame {
  id: Cursor;
  from: Cursor | undefined;
  prev: Cursor | undefined;
  /** Null when this version does not know the message type. Its cursor still counts. */
  message: StreamMessage | null;
}

/** An event of a stream. */
export type LineEvent =
  | { type: 'frame'; frame: IncomingFrame }
  | { type: 'ping' }
  | { type: 'bye'; reason: string; retryAfterMs: number };

/**
 * Largest event accepted, in UTF-16 units. A relay keeps transcripts below 8 MiB and a run's log below another 8 MiB, and
 * JSON may escape one character as six.
 */
const MAX_EVENT_LENGTH = 64 * 1024 * 1024;

/** The bytes are not a stream of this contract; the connection is useless. */
export class BrokenStreamError extends Error {
  override name = 'BrokenStreamError';
}

export interface EventReader {
  /**
   * The events that these bytes complete.
   *
   * @throws BrokenStreamError
   */
  feed(bytes: Uint8Array): LineEvent[];
}

/** Parses the bytes of one response, cut anywhere, into events. An unfinished event at its end is dropped. */
export function createEventReader(): EventReader {
  const decoder = new TextDecoder();
  let events: LineEvent[] = [];
  const parser = createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onEvent(event) {
      const read = readEvent(event);
      if (read) events.push(read);
    },
    onError(error) {
      // The SSE format says to ignore unknown fields and malformed `retry:` lines.
      if (error.type === 'max-buffer-size-exceeded')
        throw new BrokenStreamError('an event is too large', { cause: error });
    },
  });
  return {
    feed(bytes) {
      parser.feed(decoder.decode(bytes, { stream: true }));
      const complete = events;
      events = [];
      return complete;
    },
  };
}

function readEvent({ id, event, data }: EventSourceMessage): LineEvent | null {
  if (event === PING_EVENT) return { type: 'ping' };
  if (event === BYE_EVENT) {
    const bye = byeSchema.safeParse(parseJson(data));
    return bye.success
      ? { type: 'bye', reason: bye.data.reason, retryAfterMs: bye.data.retryAfterMs ?? 0 }
      : { type: 'bye', reason: 'unknown', retryAfterMs: 0 };
  }
  // Other events, and messages without an id, belong to a newer contract.
  if ((event !== undefined && event !== 'message') || id === undefined) return null;
  return { type: 'frame', frame: readFrame(id, parseJson(data)) };
}

function readFrame(id: string, json: unknown): IncomingFrame {
  const message = streamMessageSchema.safeParse(json);
  const any = message.success ? message : anyMessageSchema.safeParse(json);
  if (!any.success || parseCursor(id) === null) throw new BrokenStreamError('a message has no place in the log');
  // A snapshot replaces everything, so it cannot be skipped.
  if (!message.success && any.data.type === 'snapshot')
    throw new BrokenStreamError('a snapshot does not fit its schema');
  return { id, from: any.data.from, prev: any.data.prev, message: message.success ? message.data : null };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BrokenStreamError('an event is not JSON', { cause: error });
  }
}
