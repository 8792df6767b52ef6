import { atEndOfTick } from '../../util/end-of-tick.ts';
import { StoreError } from '../store-error.ts';
import { decodeAnswer, listOf, type Answer } from './decode-answer.ts';

export interface AppendTogether {
  /**
   * Sends an append of a session with those of others that are asked for in the same tick.
   * @throws StoreError
   */
  (keys: readonly string[], args: readonly string[]): Promise<Answer>;
}

/** So many sessions in one script at most, and so many characters: nobody else is served while it runs. */
export const MAX_SESSIONS = 64;
const MAX_LENGTH = 256 * 1024;

interface Waiting {
  readonly keys: readonly string[];
  readonly args: readonly string[];
  readonly length: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * What many replies write in one tick of the event loop is one command: to send a command and to read its answer costs
 * the relay more than all else that it does for a token, and to begin a script costs Redis as much as the script's work.
 *
 * @param run sends append.lua with the keys and the arguments of some sessions, one after the other.
 * @param maxSessions in one command.
 */
export function createAppendTogether(
  run: (keys: string[], args: string[]) => Promise<unknown>,
  maxSessions: number,
): AppendTogether {
  let waiting: Waiting[] = [];

  function sendAll(): void {
    const all = waiting;
    waiting = [];
    let start = 0;
    let length = 0;
    for (const [index, append] of all.entries()) {
      if (index > start && (index - start === maxSessions || length + append.length > MAX_LENGTH)) {
        void send(all.slice(start, index));
        start = index;
        length = 0;
      }
      length += append.length;
    }
    void send(all.slice(start));
  }

  /** Never rejects. */
  async function send(appends: readonly Waiting[]): Promise<void> {
    try {
      const answers = listOf(
        await run(
          appends.flatMap(({ keys }) => keys),
          appends.flatMap(({ args }) => args),
        ),
      );
      if (answers.length !== appends.length) throw new TypeError('a script answered for another number of sessions');
      for (const [index, append] of appends.entries()) settle(append, answers[index]);
    } catch (error) {
      for (const { reject } of appends) reject(error);
    }
  }

  return (keys, args) =>
    new Promise((resolve, reject) => {
      const length = args.reduce((sum, { length }) => sum + length, 0);
      if (waiting.push({ keys, args, length, resolve, reject }) === 1) atEndOfTick(sendAll);
    });
}

function settle({ resolve, reject }: Waiting, reply: unknown): void {
  try {
    const answer = decodeAnswer(reply);
    if (answer.kind === 'failed')
      throw new StoreError('store-unavailable', 'Redis did not take the operation', { cause: answer.text(1) });
    resolve(answer);
  } catch (error) {
    reject(error);
  }
}
