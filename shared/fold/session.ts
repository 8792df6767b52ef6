import type { Frame } from '../protocol.ts';
import { SessionFold } from './session-fold.ts';
import type { SessionState } from './session-state.ts';

export { EMPTY_SESSION, type SessionState } from './session-state.ts';

/**
 * Folds one more frame into the state. The frame must follow `state.cursor` (see `follows`); a snapshot follows anything.
 * Pure, and never throws on a frame that fits the schema. Entries of a run that is not active, and messages of an unknown
 * type, move the cursor only.
 *
 * @example
 * let state = EMPTY_SESSION;
 * for (const frame of frames) state = reduce(state, frame);
 */
export function reduce(state: SessionState, frame: Frame): SessionState {
  return reduceAll(state, [frame]);
}

/** `frames.reduce(reduce, state)` in time that is linear in the number of frames. */
export function reduceAll(state: SessionState, frames: Iterable<Frame>): SessionState {
  const fold = new SessionFold(state);
  for (const frame of frames) fold.add(frame);
  return fold.state();
}
