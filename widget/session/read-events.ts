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

/** A message of the log as it came over the line: with what says where it stands. */
export interface IncomingFrame {
  id: Cursor;
  from: Cursor | undefined;
  prev: Cursor | undefined;
  /** Null when this version does not know the message: it is skipped, and its cursor still counts. */
  message: StreamMessage | null;
}

export type LineEvent =
  | { type: 'frame'; frame: IncomingFrame }
  | { type: 'ping' }
  | { type: 'bye'; reason: string; retryAfterMs: number };

/**
 * The largest event taken, in UTF-16 code units. A relay keeps transcripts below 8 MiB and a run's log below
 * another 8 MiB; JSON may write a character as six.
 */
const LARGEST_EVENT = 64 * 1024 * 1024;

/** What came is no stream of this contract: the line is of no use any more. */
export class BrokenStreamError extends Error {
  override name = 'BrokenStreamError';
}

export interface EventReader {
  /** The events that these bytes complete. Throws BrokenStreamError. */
  feed(bytes: Uint8Array): LineEvent[];
}

/** Turns the bytes of one response, cut anywhere, into events. What a lost line leaves unfinished is dropped. */
export function createEventReader(): EventReader {
  const decoder = new TextDecoder();
  let events: LineEvent[] = [];
  const parser = createParser({
    maxBufferSize: LARGEST_EVENT,
    onEvent(event) {
      const read = readEvent(event);
      if (read) events.push(read);
    },
    onError(error) {
      // Unknown fields and odd `retry:` lines are to be ignored, says the format.
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
  // Other events, and messages that stand nowhere in the log, belong to a newer contract than this.
  if ((event !== undefined && event !== 'message') || id === undefined) return null;
  return { type: 'frame', frame: readFrame(id, parseJson(data)) };
}

function readFrame(id: string, json: unknown): IncomingFrame {
  const message = streamMessageSchema.safeParse(json);
  const any = message.success ? message : anyMessageSchema.safeParse(json);
  if (!any.success || parseCursor(id) === null) throw new BrokenStreamError('a message without a place in the log');
  // One that replaces everything cannot be skipped.
  if (!message.success && any.data.type === 'snapshot') throw new BrokenStreamError('an unreadable snapshot');
  return { id, from: any.data.from, prev: any.data.prev, message: message.success ? message.data : null };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BrokenStreamError('an event that is no JSON', { cause: error });
  }
}
