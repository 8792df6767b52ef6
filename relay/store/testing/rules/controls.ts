import { tryAllFrames, type FrameBounds, type FrameRules } from './frame-rules.ts';
import { explore, type Counterexample } from './explore.ts';
import { createLogModel } from './log-model.ts';
import type { LogBounds, LogRules } from './log-rules.ts';
import { createSealModel, type SealRules } from './seal-rules.ts';

/** A search with one rule left out, and what it must find. */
export interface Control {
  name: string;
  /** The `Violation.kind` that must be found. */
  finds: string;
  /** Returns a shortest way to it. */
  search(): Counterexample | null;
}

const LOG = { chunks: 1, prompts: 1, takeover: 'restart', viewers: 1 } as const;

/** Rules of the log, left out one at a time. */
export const LOG_CONTROLS: readonly Control[] = [
  log('no fence check', 'late write', { fenceCheck: false }, { faults: 1, kinds: ['frozen writer'] }),
  log('no fence check, with a cancellation', 'late write', { fenceCheck: false }, { faults: 1, kinds: ['cancel'] }),
  log('no seq check', 'written twice', { seqCheck: false }, { faults: 1, kinds: ['lost answer'] }),
  log('no seq check, with a failover', 'hole in the log', { seqCheck: false }, { faults: 1, kinds: ['failover'] }),
  log(
    'an unanswered write that is sent again with a new seq',
    'wrong text',
    { sameNumberAgain: false },
    { faults: 1, kinds: ['lost answer'] },
  ),
  log('no `prev`', 'gap', { prev: false }, { faults: 1, kinds: ['lost hint'] }),
  log('no `prev`, with a failover', 'two histories', { prev: false }, { faults: 1, kinds: ['failover'] }),
  log(
    'a snapshot only for a cursor that is ahead of the log, not for each that nothing follows',
    'two histories',
    { snapshotUnlessFollowed: false },
    { faults: 1, kinds: ['failover'] },
  ),
  log(
    'a viewer that shows known entries',
    'shown twice',
    { dropKnown: false },
    { faults: 1, kinds: ['repeated hint'] },
  ),
  log('no head poll', 'left behind', { headPoll: false }, { faults: 1, kinds: ['lost hint'] }),
  log(
    'reading before subscribing, and no head poll',
    'left behind',
    { headPoll: false, subscribeFirst: false },
    { faults: 1, kinds: ['dropped viewer'] },
  ),
  log('fences from the clock alone', 'two histories', { randomFence: false }, { faults: 1, kinds: ['failover'] }),
  log('claiming without a lease', 'restarted for nothing', { lease: false }, { faults: 0, kinds: [] }),
  log(
    'claiming a run that has ended',
    'written after the end',
    { claimOpenOnly: false },
    { faults: 1, kinds: ['cancel'] },
  ),
  log(
    'a repeated prompt is not recognized',
    'second run',
    { promptOnce: false },
    { faults: 1, kinds: ['lost answer'] },
  ),
  log(
    'the terminal message and the close in two writes',
    'written after the end',
    { closeWithEnd: false },
    { faults: 1, kinds: ['crash'] },
  ),
  log(
    'continuing a partial reply without naming its head',
    'wrong text',
    { continueAtHead: false },
    { faults: 1, kinds: ['frozen writer'], takeover: 'continue' },
  ),
];

/** Rules of sealing, left out one at a time. */
export const SEAL_CONTROLS: readonly Control[] = [
  seal('sealing without compare-and-set', 'lost history', { compareAndSet: false }),
  seal('a torn snapshot: the transcript, then the log', 'gap', { snapshotAtOnce: false }),
  seal('a torn read by a sealer, without compare-and-set', 'lost history', {
    sealerReadsAtOnce: false,
    compareAndSet: false,
  }),
  seal('sealing an active run', 'open run sealed', { finishedRunsOnly: false }),
  seal('trimming more than the transcript holds', 'lost history', { trimWithinTranscript: false }),
  seal('reading on without contiguity', 'gap', { readsFollow: false }),
];

/** Rules of merged frames, left out one at a time. */
export const FRAME_CONTROLS: readonly Control[] = [
  frames('a viewer that shows any higher id', 'gap', { shows: 'any higher id' }, { isLossy: true }),
  frames(
    'a viewer that shows any higher id, without losses',
    'shown twice',
    { shows: 'any higher id' },
    { isLossy: false },
  ),
  frames('a viewer that ignores `from`', 'never ends', { shows: 'the next id' }, { isLossy: false }),
  frames('a relay that sends merged frames whole', 'never ends', { cutsAtCursor: false }, { isLossy: false }),
];

function log(
  name: string,
  finds: string,
  rules: Partial<LogRules>,
  bounds: Pick<LogBounds, 'faults' | 'kinds'> & Partial<LogBounds>,
): Control {
  const search = () => explore(createLogModel(rules, { ...LOG, ...bounds }), { maxStates: 100_000 }).counterexample;
  return { name, finds, search };
}

function seal(name: string, finds: string, rules: Partial<SealRules>): Control {
  const search = () => explore(createSealModel(rules, { runs: 3, seals: 1 }), { maxStates: 100_000 }).counterexample;
  return { name, finds, search };
}

function frames(
  name: string,
  finds: string,
  rules: Partial<FrameRules>,
  bounds: Pick<FrameBounds, 'isLossy'>,
): Control {
  return { name, finds, search: () => tryAllFrames(rules, { longest: 4, ...bounds }).counterexample };
}
