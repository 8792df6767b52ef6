import type { ActiveRun } from '#shared/protocol.ts';

/** A script's answer: a word, and the values that the script's header lists after it. Each accessor throws a TypeError when
 * the value is not of its kind. */
export interface Answer {
  /** The word. */
  readonly kind: string;
  at(index: number): unknown;
  text(index: number): string;
  number(index: number): number;
  /** The texts from `index` on. */
  rest(index: number): string[];
}

/** @throws TypeError when the reply is no answer of our scripts. */
export function decodeAnswer(reply: unknown): Answer {
  const parts = listOf(reply);
  return new ScriptAnswer(textOf(parts[0]), parts);
}

/** A class, because an object with closures for each batch of tokens would cost more. */
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
}

/** The active run: three texts of an answer, which are empty when there is none. */
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

/** @throws TypeError when the value is no list. */
export function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError('a script answered a value that is no list');
  return value;
}

/** A text; a client may give a number in its place. @throws TypeError when the value is neither. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new TypeError('a script answered a value that is no text');
}

/** @throws TypeError when the value is no whole number. */
export function numberOf(value: unknown): number {
  const number = Number(textOf(value));
  if (!Number.isSafeInteger(number)) throw new TypeError('a script answered a value that is no whole number');
  return number;
}
