import * as fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { mergeDeltas } from '#relay/live/merge-deltas.ts';
import { encodeMessage } from '#relay/store/entries/encode-message.ts';
import { toFrame } from '#relay/store/read-session.ts';
import type { Frame, StreamMessage } from '#shared/protocol.ts';
import { EMPTY_SESSION, reduce, reduceAll, type SessionState } from '#shared/fold/session.ts';
import { arbitraryLog, terminalsOf } from '#shared/testing/arbitrary-log.ts';
import type { FaultRow } from '../harness/fault-row.ts';

export const foldAndResume: FaultRow = {
  name: 'G18',
  promise: 'for every k: fold(all[0..k]) then resume(k) equals fold(all)',
  fault: 'generated logs with every chunk type, resets and cancels, resumed after every entry; a round is a log',
  rounds: { full: 3_000, quick: 100 },
  // The interface is asynchronous, the property is not.
  // oxlint-disable-next-line require-await
  async run({ rounds, random, mutation, count, violate }) {
    const early = mutation.resumesEarlyBy ?? 0;
    const result = fc.check(
      fc.property(arbitraryLog, (frames) => {
        const states = [EMPTY_SESSION];
        for (const frame of frames) states.push(reduce(states.at(-1) ?? EMPTY_SESSION, frame));
        const whole = states.at(-1);
        for (const [k, state] of states.entries()) {
          const byMerged = reduceAll(state, onTheWire(frames.slice(Math.max(0, k - early))));
          const bySnapshot = reduceAll(state, [
            ...snapshotAt(frames, states, k),
            ...onTheWire(frames.slice(lastTerminal(frames, k))),
          ]);
          count('resumes');
          if (!isDeepStrictEqual(byMerged, whole) || !isDeepStrictEqual(bySnapshot, whole)) return false;
        }
        count('logs');
        count('entries', frames.length);
        return true;
      }),
      { numRuns: rounds, seed: random.seed | 0 },
    );
    if (result.failed) violate(fc.defaultReportMessage(result) ?? 'the property does not hold');
  },
};

/** The log as a relay sends it, with merged deltas. */
function onTheWire(frames: readonly Frame[]): Frame[] {
  const entries = frames.map(({ id, message }) => {
    const { prev, ...rest } = message as Exclude<StreamMessage, { type: 'snapshot' }>;
    return { id, ...(prev === undefined ? {} : { prev }), data: encodeMessage(rest) };
  });
  return mergeDeltas(entries).map((frame) => toFrame(frame));
}

function lastTerminal(frames: readonly Frame[], count: number): number {
  return terminalsOf(frames.slice(0, count)).at(-1) ?? 0;
}

/** A snapshot of the finished runs, for a viewer whose cursor cannot be continued. */
function snapshotAt(frames: readonly Frame[], states: readonly SessionState[], count: number): Frame[] {
  const { cursor, messages } = states[lastTerminal(frames, count)] ?? EMPTY_SESSION;
  return [{ id: cursor, message: { type: 'snapshot', sessionId: 's', messages: structuredClone([...messages]) } }];
}
