import type { Frame } from '#shared/protocol.ts';
import { encodeMessage, type LogMessage } from '../entries/encode-message.ts';
import type { LogEntry } from '../session-store.ts';

/** The frames of a log as a store keeps them. */
export function toEntries(frames: readonly Frame[]): LogEntry[] {
  return frames.map(({ id, message }) => {
    const { prev, ...rest } = message;
    const data = encodeMessage(rest as LogMessage);
    return prev === undefined ? { id, data } : { id, prev, data };
  });
}

/** What a client reads from the line. */
export function fromWire({ id, from, prev, data }: LogEntry): Frame {
  const message = JSON.parse(data) as Frame['message'];
  return {
    id,
    message: { ...message, ...(prev === undefined ? {} : { prev }), ...(from === undefined ? {} : { from }) },
  };
}
