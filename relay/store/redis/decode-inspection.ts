import { formatCursor } from '#shared/cursor.ts';
import type { FenceInspection, RunInspection, SessionInspection } from '../session-inspection.ts';
import { listOf, numberOf, textOf } from './script-answer.ts';

/** Texts for each fence in the answer of inspect.lua. */
const LOG_COLUMNS = 5;

/** Decodes the answer of inspect.lua; null when there is no such session. */
export function decodeInspection(reply: unknown): SessionInspection | null {
  const [now, fields, rows, steps] = listOf(reply);
  if (now === undefined) return null;
  const state = toMap(listOf(fields).map(textOf));
  const text = (name: string) => state.get(name) ?? '';
  const log = decodeLog(listOf(rows).map(textOf));
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

function toMap(texts: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (let index = 0; index < texts.length; index += 2) map.set(texts[index] ?? '', texts[index + 1] ?? '');
  return map;
}

function decodeLog(cells: readonly string[]): FenceInspection[] {
  return Array.from({ length: cells.length / LOG_COLUMNS }, (_, index) => {
    const [fence, entries, first, last, prev = ''] = cells.slice(LOG_COLUMNS * index);
    return {
      fence: Number(fence),
      entries: Number(entries),
      first: Number(first),
      last: Number(last),
      prev: prev || null,
    };
  });
}
