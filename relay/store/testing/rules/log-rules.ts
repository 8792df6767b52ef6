/** The rules of the log, each of which can be left out. */
export interface LogRules {
  /** A write under a fence other than the session's is refused. */
  fenceCheck: boolean;
  /** An entry whose seq is in the log is a duplicate; one that would leave a hole is a gap. */
  seqCheck: boolean;
  /** The first entry of a fence follows only the cursor that it names as `prev`. */
  prev: boolean;
  /** A reader gets a snapshot when nothing follows its cursor. Left out: only when its cursor is ahead of the log's end. */
  snapshotUnlessFollowed: boolean;
  /** A reader drops entries at or before its cursor. */
  dropKnown: boolean;
  /** A reader polls the head of the log and compares its cursor with it. */
  headPoll: boolean;
  /** A viewer subscribes, then reads. Left out: the other way round. */
  subscribeFirst: boolean;
  /** A fence consists of the clock and random bits. Left out: of the clock alone. */
  randomFence: boolean;
  /** A leased run is not given to another relay. */
  lease: boolean;
  /** A run that has ended is not given to any relay. */
  claimOpenOnly: boolean;
  /** A write that was not answered is sent again with the same seq. */
  sameNumberAgain: boolean;
  /** A prompt that is sent again is recognized by its id. */
  promptOnce: boolean;
  /** The terminal message and the close of the run are one write. */
  closeWithEnd: boolean;
  /** A takeover that continues a partial reply names the head that it read, and starts anew if the log has moved. */
  continueAtHead: boolean;
}

/** All rules kept, as in the product. */
export const AS_BUILT: LogRules = {
  fenceCheck: true,
  seqCheck: true,
  prev: true,
  snapshotUnlessFollowed: true,
  dropKnown: true,
  headPoll: true,
  subscribeFirst: true,
  randomFence: true,
  lease: true,
  claimOpenOnly: true,
  sameNumberAgain: true,
  promptOnce: true,
  closeWithEnd: true,
  continueAtHead: true,
};

/** What may go wrong. */
export const FAULTS = [
  'crash',
  'frozen writer',
  'lost answer',
  'cancel',
  'lost hint',
  'repeated hint',
  'dropped viewer',
  'failover',
] as const;
/** A kind of fault. */
export type Fault = (typeof FAULTS)[number];

/** How far a search goes. */
export interface LogBounds {
  /** Faults at most, of all kinds together. */
  faults: number;
  kinds: readonly Fault[];
  /** Chunks of each reply. */
  chunks: number;
  prompts: number;
  takeover: 'restart' | 'continue';
  /** Viewers affect neither the log nor each other: one shows what two would, and the write side needs none. */
  viewers: 0 | 1 | 2;
}
