import { byteLength } from '../../util/byte-length.ts';
import type { Batch, Segment } from './batches.ts';
import type { MessageQueue } from './message-queue.ts';

/** Bytes of the log one reply may take, over all attempts; a reply that needs more fails. */
export const MAX_RUN_BYTES = 8 * 1024 * 1024;
/** Entries of the log one reply may take, over all attempts. */
export const MAX_RUN_ENTRIES = 100_000;

/** Bytes that wait to be stored from which on `emit` waits too, so that the model is read more slowly. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** Emits that may wait at once. Each step has one at a time; more means that a step does not await its emits. */
const MAX_WAITING_EMITS = 1000;

/** What a run has in the log. */
export interface RunSize {
  bytes: number;
  entries: number;
}

/**
 * Counts what a reply takes of the log and what of it waits to be stored. Every byte is in one place at a time: in the
 * queue, taken from the queue, or numbered; numbered bytes count for the reply's size, and for backpressure until they
 * are stored.
 */
export interface ReplyBudget {
  /** Bytes that the reply may still take; negative once it has no entry left. */
  room(): number;
  /** True while little enough waits to be stored that `emit` need not wait. */
  isOpen(): boolean;
  /** Resolves once `isOpen`. */
  opened(): Promise<void>;
  /** True once so many callers wait that they cannot all have awaited their emits. */
  isCrowded(): boolean;
  /** A segment was taken from the queue. */
  take(segment: Segment): void;
  /** A segment that was taken has been cut into these batches. */
  number(segment: Segment, batches: readonly Batch[]): void;
  /** A segment that was numbered is stored. */
  store(segment: Segment): void;
}

/** `used` is what earlier attempts of the run have in the log. */
export function createReplyBudget(queue: MessageQueue, used: RunSize): ReplyBudget {
  const numbered = { ...used };
  const taken: RunSize = { bytes: 0, entries: 0 };
  /** Bytes that are numbered and not stored yet, as the queue counted them. */
  let inFlight = 0;
  let waiters: (() => void)[] = [];

  const isOpen = () => queue.bytes + taken.bytes + inFlight < MAX_WAITING_BYTES;

  return {
    room() {
      const entries = numbered.entries + taken.entries + queue.length;
      return entries < MAX_RUN_ENTRIES ? MAX_RUN_BYTES - numbered.bytes - taken.bytes - queue.bytes : -1;
    },

    isOpen,

    opened: () => new Promise((resolve) => waiters.push(resolve)),
    isCrowded: () => waiters.length >= MAX_WAITING_EMITS,

    take({ bytes, messages }) {
      taken.bytes += bytes;
      taken.entries += messages.length;
    },

    number({ bytes, messages }, batches) {
      taken.bytes -= bytes;
      taken.entries -= messages.length;
      inFlight += bytes;
      for (const { entries } of batches) {
        numbered.entries += entries.length;
        for (const entry of entries) numbered.bytes += byteLength(entry);
      }
    },

    store({ bytes }) {
      inFlight -= bytes;
      if (!isOpen()) return;
      const woken = waiters;
      waiters = [];
      for (const resolve of woken) resolve();
    },
  };
}
