import { encodeMessage, type LogMessage } from '../../store/entries/encode-message.ts';
import type { StepRecord } from '../../store/session-store.ts';
import { byteLength } from '../../util/byte-length.ts';

/** Bytes of entries an append holds, about: a larger one would hold up a store that others share. */
const MAX_BATCH_BYTES = 256 * 1024;

/** Entries that are sent as one append. A retry sends the same batch under the same number. */
export interface Batch {
  /** seq of the first entry. */
  readonly seq: number;
  /** JSON texts. */
  readonly entries: readonly string[];
  /** The step that ends with the last entry. */
  readonly step: StepRecord | undefined;
  /** The run is closed with the last entry. */
  readonly closes: boolean;
}

/** Messages that are written together, before they are numbered. */
export interface Segment {
  readonly messages: readonly LogMessage[];
  /** As the message queue counted them. */
  readonly bytes: number;
  /** How many of the last messages must be in the same append as the step's record. */
  readonly tail: number;
  readonly step: StepRecord | undefined;
  readonly closes: boolean;
  /** Called once all of it is stored. */
  readonly stored: () => void;
}

/**
 * Cuts a segment into batches of a bounded size and numbers their entries from `seq` on. The step's record, the messages
 * that end the step and the close of the run all go with the last batch.
 */
export function cutIntoBatches({ messages, tail, step, closes }: Segment, seq: number): Batch[] {
  const batches: Batch[] = [];
  let next = seq;
  let entries: string[] = [];
  let bytes = 0;
  const close = (last: boolean) => {
    batches.push({ seq: next, entries, step: last ? step : undefined, closes: last && closes });
    next += entries.length;
    entries = [];
    bytes = 0;
  };
  messages.forEach((message, index) => {
    const entry = encodeMessage(message);
    const size = byteLength(entry);
    if (bytes > 0 && bytes + size > MAX_BATCH_BYTES && index <= messages.length - tail) close(false);
    entries.push(entry);
    bytes += size;
  });
  close(true);
  return batches;
}
