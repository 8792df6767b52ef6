import { inParallel, type FaultRow } from '../harness/fault-row.ts';
import { cutAtEveryByte } from './g3/cut-at-every-byte.ts';
import { joinAndReturn } from './g3/join-and-return.ts';
import { loseHints } from './g3/lose-hints.ts';
import { reconnectOften } from './g3/reconnect-often.ts';
import { sealAtOnce } from './g3/seal-at-once.ts';

export const onceInOrder: FaultRow = {
  name: 'G3',
  promise: 'each viewer applies each message once, in order, without a gap, over any number of reconnects',
  fault:
    'the response cut at each byte; as many reconnects per viewer as there are rounds; every hint of the live channel lost; ' +
    'viewers that join or return with any cursor while short runs end and are sealed; slow sealers',
  rounds: { full: 1_000, quick: 25 },
  async run(context) {
    const parts = [cutAtEveryByte, reconnectOften, loseHints, joinAndReturn, sealAtOnce];
    // Each part has a stage of its own. A full run takes them one after the other: it is heavy enough.
    await inParallel(
      parts.length,
      context.quick ? parts.length : 1,
      (index) => parts[index]?.(context) ?? Promise.resolve(),
    );
  },
};
