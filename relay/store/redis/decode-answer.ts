import { formatCursor, parseCursor, type Cursor } from '#shared/cursor.ts';
import type { ActiveRun } from '#shared/protocol.ts';
import { entriesOfPage } from '../entries/log-pages.ts';
import type { LogEntry } from '../session-store.ts';
import { GROUP_TEXTS } from './entry-groups.ts';

/** A script's answer: a word, and what the script's header says comes after it. */
export interface Answer {
  readonly kind: string;
  at(index: number): unknown;
  text(index: number): string;
  number(index: number): number;
  /** The texts from `index` on. */
  rest(index: number): string[];
  /** Entries and pages of them as XRANGE gives them: what of them lies after a cursor, so many at most. */
  entries(index: number, part: { after: Cursor; limit: number; merged: boolean }): LogEntry[];
}

/** @throws TypeError, there and in what it returns, when the answer is none of a script of ours. */
export function decodeAnswer(reply: unknown): Answer {
  const parts = listOf(reply);
  return new ScriptAnswer(textOf(parts[0]), parts);
}

/** A class, so that the answer to each batch of tokens is no bundle of functions. */
class ScriptAnswer implements Answer {
  readonly kind: string;
  readonly #parts: readonly unknown[];

  constructor(kind: string, parts: readonly unknown[]) {
    this.kind = kind;
    this.#parts = parts;
  }

  at(index: number): unknown {
    return this.#parts[index];
  }

  text(index: number): string {
    return textOf(this.#parts[index]);
  }

  number(index: number): number {
    return numberOf(this.#parts[index]);
  }

  rest(index: number): string[] {
    return this.#parts.slice(index).map(textOf);
  }

  entries(index: number, part: { after: Cursor; limit: number; merged: boolean }): LogEntry[] {
    return toEntries(listOf(this.#parts[index]), part);
  }
}

/** The active run, as three texts that are empty when there is none. */
export function decodeRun(answer: Answer, index: number): ActiveRun | null {
  const runId = answer.text(index);
  if (runId === '') return null;
  return {
    runId,
    messageId: runId,
    status: answer.text(index + 1) as ActiveRun['status'],
    attempt: answer.number(index + 2),
  };
}

/** What was published; `unsure` also when it is nothing that this version knows. */
export type Event = PublishedEntries | { kind: 'feedback' } | { kind: 'gone' } | { kind: 'unsure' };

/** Entries that were written: in groups, for whoever wrote them hears of them too and has no use for their texts. */
export interface PublishedEntries {
  readonly kind: 'entries';
  readonly fence: number;
  readonly seq: number;
  readonly prev: string;
  /** How many the groups say they are. */
  readonly count: number;
  readonly groups: readonly string[];
}

/** Stands in no JSON text; as in base.lua. */
const SEPARATOR = '\x1e';

export function decodeEvent(payload: string): Event {
  if (payload === 'gone' || payload === 'feedback') return { kind: payload };
  const [kind, fence = '', seq = '', prev = '', ...groups] = payload.split(SEPARATOR);
  let count = 0;
  for (let index = 0; index < groups.length; index += GROUP_TEXTS) count += Number(groups[index]);
  const numbers = [Number(fence), Number(seq), count];
  if (kind !== 'entries' || !numbers.every(Number.isSafeInteger) || groups.length === 0) return { kind: 'unsure' };
  return { kind, fence: Number(fence), seq: Number(seq), prev, count, groups };
}

/** Entries that follow one another under a fence; `prev` goes with seq 0. */
export function toLogEntries(fence: number, seq: number, prev: string, texts: readonly string[]): LogEntry[] {
  return texts.map((data, index) => {
    const id = formatCursor(fence, seq + index);
    return seq + index === 0 ? { id, prev, data } : { id, data };
  });
}

export function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError('a script answered what is no list');
  return value;
}

export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new TypeError('a script answered what is no text');
}

export function numberOf(value: unknown): number {
  const number = Number(textOf(value));
  if (!Number.isSafeInteger(number)) throw new TypeError('a script answered what is no whole number');
  return number;
}

function toEntries(
  values: readonly unknown[],
  { after, limit, merged }: { after: Cursor; limit: number; merged: boolean },
): LogEntry[] {
  const start = parseCursor(after);
  const entries: LogEntry[] = [];
  let left = limit;
  for (const value of values) {
    const [id, fields] = listOf(value);
    const cursor = parseCursor(textOf(id));
    if (!cursor) throw new TypeError('an entry of the log has no cursor');
    const { fence, seq } = cursor;
    const texts = listOf(fields).map(textOf);
    const data = texts.at(-1) ?? '';
    if (texts.length !== PAGE_FIELDS) {
      const [, prev] = texts.length === FIRST_FIELDS ? texts : [];
      entries.push(prev === undefined ? { id: textOf(id), data } : { id: textOf(id), prev, data });
      left -= 1;
      continue;
    }
    const count = numberOf(texts[3]);
    const before = Math.max(seq - count, start?.fence === fence ? start.seq : 0);
    // It would have to be cut, and comes whole with the next reading.
    if (merged && entries.length > 0 && seq - before > left) break;
    entries.push(...entriesOfPage(fence, [seq, count, null, textOf(texts[1]), data], before, before + left, merged));
    left -= seq - before;
    if (left <= 0) break;
  }
  return entries;
}

/** h and its value, c and its, d and its. */
const PAGE_FIELDS = 6;
/** p and its value, d and its. */
const FIRST_FIELDS = 4;
