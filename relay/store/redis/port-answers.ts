import { START } from '#shared/cursor.ts';
import type {
  AppendAnswer,
  CancelAnswer,
  ClaimAnswer,
  HeadAnswer,
  LeaseAnswer,
  ReadAnswer,
  ReadInput,
  Refusal,
  SubmitAnswer,
  TakeAnswer,
} from '../session-store.ts';
import { decodeEntries } from './decode-entries.ts';
import { decodeRun, listOf, numberOf, textOf, type Answer } from './script-answer.ts';

/*
 * The scripts' answers as answers of the port. The scripts' headers say which value is which.
 */

/** The answer's word. @throws TypeError when it is none of `kinds`. */
export function oneOf<const Kind extends string>(answer: Answer, kinds: readonly Kind[]): Kind {
  const kind = kinds.find((known) => known === answer.kind);
  if (kind === undefined) throw new TypeError(`a script answered ${JSON.stringify(answer.kind)}`);
  return kind;
}

/** The answer of submit.lua. */
export function toSubmitAnswer(answer: Answer): SubmitAnswer {
  const kind = oneOf(answer, ['ok', 'same', 'mismatch', 'active', 'moved', 'full', 'gone']);
  if (kind === 'ok') return { kind, cursor: answer.text(1) };
  if (kind === 'same') return { kind, cursor: answer.text(1), runId: answer.text(2) };
  if (kind === 'active') return { kind, runId: answer.text(1) };
  return { kind };
}

/** The answer to `take`, from the answers of every server that keeps due sets. */
export function toTakeAnswer(replies: readonly unknown[], limit: number): TakeAnswer {
  const due: { sessionId: string; at: number }[] = [];
  let nextDueMs: number | null = null;
  for (const reply of replies) {
    const [next, ...parts] = listOf(reply);
    if (next !== '') nextDueMs = Math.min(nextDueMs ?? Number.POSITIVE_INFINITY, numberOf(next));
    for (let index = 0; index < parts.length; index += 2) {
      due.push({ sessionId: textOf(parts[index]), at: numberOf(parts[index + 1]) });
    }
  }
  const oldest = due.toSorted((a, b) => a.at - b.at).slice(0, limit);
  return { due: oldest.map(({ sessionId }) => sessionId), nextDueMs };
}

/** The answer of claim.lua. */
export function toClaimAnswer(answer: Answer): ClaimAnswer {
  const kind = oneOf(answer, ['lease', 'owned', 'closed', 'none', 'ended']);
  if (kind === 'owned') return { kind, dueAt: answer.number(1) };
  if (kind === 'ended')
    return { kind, reason: answer.text(1) === 'interrupted' ? 'interrupted' : 'attempts-exhausted' };
  if (kind !== 'lease') return { kind };
  return {
    kind,
    lease: {
      fence: answer.number(1),
      runId: answer.text(2),
      attempt: answer.number(3),
      next: answer.number(4),
      head: answer.text(5),
      turns: answer.number(6),
      reset: answer.text(7) === '1',
      journal: toRecord(answer.rest(8)),
    },
  };
}

/** The record of name, value …. Names such as `__proto__` are safe. */
function toRecord(texts: readonly string[]): Record<string, string> {
  const pairs = Array.from({ length: texts.length / 2 }, (_, index) => [
    texts[2 * index] ?? '',
    texts[2 * index + 1] ?? '',
  ]);
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** The answer of cancel.lua. */
export function toCancelAnswer(answer: Answer): CancelAnswer {
  const kind = oneOf(answer, ['ok', 'none', 'gone']);
  return kind === 'ok' ? { kind, runId: answer.text(1) } : { kind };
}

/** The answer of renew.lua and release.lua. */
export function toLeaseAnswer(answer: Answer): LeaseAnswer {
  return { kind: oneOf(answer, ['ok', 'fenced', 'closed', 'none']) };
}

/** The answer of append.lua and finish.lua. */
export function toAppendAnswer(answer: Answer): AppendAnswer {
  const kind = oneOf(answer, ['ok', 'duplicate', 'gap', 'fenced', 'closed', 'none']);
  if (kind === 'ok' || kind === 'duplicate' || kind === 'gap') return { kind, next: answer.number(1) };
  return { kind } satisfies Refusal;
}

/** The answer of head.lua. */
export function toHeadAnswer(answer: Answer): HeadAnswer {
  const kind = oneOf(answer, ['open', 'empty', 'forgotten', 'gone']);
  if (kind === 'open') return { kind, head: answer.text(1), run: decodeRun(answer, 2), revoked: answer.number(6) };
  return { kind: kind === 'gone' ? 'gone' : 'empty' };
}

/** The answer of read.lua. */
export function toReadAnswer(answer: Answer, { after = START, limit, merged = false }: ReadInput): ReadAnswer {
  const kind = oneOf(answer, ['exact', 'snapshot', 'empty', 'forgotten', 'gone']);
  if (kind === 'gone') return { kind };
  if (kind === 'empty' || kind === 'forgotten') return { kind: 'empty' };
  const cursor = kind === 'exact' ? after : answer.text(8);
  const entries = decodeEntries(answer.at(6), { after: cursor, limit, merged });
  const view = { head: answer.text(1), run: decodeRun(answer, 2), entries };
  if (kind === 'exact') return { kind, ...view };
  return { kind, transcript: answer.text(7), cursor, feedback: toRecord(listOf(answer.at(9)).map(textOf)), ...view };
}
