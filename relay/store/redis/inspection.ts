import { formatCursor } from '#shared/cursor.ts';
import type { RunInspection, SessionInspection } from '../session-inspection.ts';
import { listOf, numberOf, textOf } from './decode-answer.ts';

/** What inspect.lua answers; null when there is no such session. */
export function decodeInspection(reply: unknown): SessionInspection | null {
  const [now, fields, rows, steps] = listOf(reply);
  if (now === undefined) return null;
  const texts = listOf(fields).map(textOf);
  const state = new Map(
    Array.from({ length: texts.length / 2 }, (_, index) => [texts[2 * index], texts[2 * index + 1]]),
  );
  const text = (name: string) => state.get(name) ?? '';
  const cells = listOf(rows).map(textOf);
  const log = Array.from({ length: cells.length / 5 }, (_, index) => {
    const [fence, entries, first, last, prev = ''] = cells.slice(5 * index);
    return {
      fence: Number(fence),
      entries: Number(entries),
      first: Number(first),
      last: Number(last),
      prev: prev || null,
    };
  });
  const newest = log.at(-1);
  return {
    fence: Number(text('fence')),
    head: newest ? formatCursor(newest.fence, newest.last) : text('sealed'),
    sealedTo: text('sealed'),
    transcriptBytes: Number(text('bytes')),
    expiresAt: state.has('expires') ? Number(text('expires')) : null,
    now: numberOf(now),
    run: state.has('holder')
      ? {
          runId: text('run'),
          status: text('status') as RunInspection['status'],
          attempt: Number(text('attempt')),
          holder: text('holder') as RunInspection['holder'],
          owner: text('owner'),
          handOvers: Number(text('handovers')),
          dueAt: Number(text('due')),
        }
      : null,
    log,
    steps: listOf(steps).map(textOf),
  };
}
