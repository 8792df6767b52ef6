import { compareCursors, follows, START, type WireFrame } from '../client/wire.ts';

/** One response with `until=idle`, from its first frame to its end. */
export interface Resume {
  /** The cursor it was asked with; undefined when there was none. */
  after: string | undefined;
  /** The latest position of the log that the test knew of before it asked. */
  known: string;
  frames: readonly WireFrame[];
}

/**
 * Judges a response with `until=idle`, one sentence for each violation: it begins with a snapshot or with what follows
 * its cursor, each frame follows the one before, and it does not end before what had been written when it was asked
 * for, nor, if a run was active then, before the end of that run. A response that ends early is not a shorter answer
 * but a lost one. (It may end in the middle of a later run, which began while the relay was reading the log.)
 *
 * @param terminals ids of the terminal messages of the session, as some viewer saw them by the end
 */
export function checkResume({ after, known, frames }: Resume, terminals: readonly string[]): string[] {
  const violations: string[] = [];
  let cursor = after ?? START;
  for (const [index, frame] of frames.entries()) {
    if (frame.message.type === 'snapshot') {
      if (index > 0) violations.push(`a snapshot in the middle: ${frame.id}`);
      if (compareCursors(frame.id, cursor) < 0)
        violations.push(`a snapshot ${frame.id} older than the cursor ${cursor}`);
    } else if (!follows(cursor, frame))
      violations.push(`${frame.id} does not follow ${cursor} (asked after ${after ?? 'nothing'})`);
    cursor = frame.id;
  }
  const where = `the response after ${after ?? 'nothing'} ends at ${cursor}`;
  const end = terminals.toSorted(compareCursors).find((id) => compareCursors(id, known) >= 0) ?? known;
  if (compareCursors(cursor, known) < 0) violations.push(`${where}, before ${known}, which was written`);
  else if (compareCursors(cursor, end) < 0) violations.push(`${where}, before ${end}, where the active run ended`);
  return violations;
}
