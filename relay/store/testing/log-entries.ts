import type { Frame } from '#shared/protocol.ts';
import { encodeMessage, type LogMessage } from '../entries/encode-message.ts';
import type { LogEntry } from '../session-store.ts';

/** The frames of a log as entries of a store. */
export function toEntries(frames: readonly Frame[]): LogEntry[] {
  return frames.map(({ id, message }) => {
    const { prev, ...rest } = message;
    const data = encodeMessage(rest as LogMessage);
    return prev === undefined ? { id, data } : { id, prev, data };
  });
}

/** The frame that a client receives for an entry. */
export function fromWire({ id, from, prev, data }: LogEntry): Frame {
  const message = JSON.parse(data) as Frame['message'];
  return {
    id,
    message: { ...message, ...(prev === undefined ? {} : { prev }), ...(from === undefined ? {} : { from }) },
  };
}
