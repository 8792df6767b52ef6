import type { FaultRow } from '../harness/fault-row.ts';
import { durability } from './durability.ts';
import { chaos } from './chaos.ts';
import { versions } from './versions.ts';
import { storeDown } from './g10-store-down.ts';
import { vanishedKeys } from './g12-vanished-keys.ts';
import { lostTail } from './g13-lost-tail.ts';
import { boundedAttempts } from './g9-bounded-attempts.ts';
import { clearExpiry } from './g14-clear-expiry.ts';
import { foldAndResume } from './g18-fold-and-resume.ts';
import { fullStore } from './g11-full-store.ts';
import { lostAnswers } from './g5-lost-answers.ts';
import { neverLost } from './g1-never-lost.ts';
import { oneRun } from './g2-one-run.ts';
import { onceInOrder } from './g3-once-in-order.ts';
import { oneTerminal } from './g8-one-terminal.ts';
import { oneWriter } from './g4-one-writer.ts';
import { staysCancelled } from './g7-stays-cancelled.ts';
import { plannedStop } from './g16-planned-stop.ts';
import { slowViewers } from './g15-slow-viewers.ts';
import { embeddedStore } from './g17-embedded-store.ts';
import { hostileStreams } from './g19-hostile-streams.ts';
import { handOver, takeover } from './g6-takeover.ts';

/** Every row, in the order of docs/faults.md. */
export const ROWS: readonly FaultRow[] = [
  neverLost,
  oneRun,
  onceInOrder,
  oneWriter,
  lostAnswers,
  takeover,
  handOver,
  staysCancelled,
  oneTerminal,
  boundedAttempts,
  storeDown,
  fullStore,
  vanishedKeys,
  lostTail,
  ...durability,
  clearExpiry,
  slowViewers,
  plannedStop,
  embeddedStore,
  foldAndResume,
  hostileStreams,
  versions,
  chaos,
];
