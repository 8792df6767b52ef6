import { atEndOfTick } from '../../util/end-of-tick.ts';
import { StoreError } from '../store-error.ts';
import { decodeAnswer, listOf, type Answer } from './script-answer.ts';

/**
 * Sends the append of a session together with those of other sessions of its group that are asked for in the same tick.
 *
 * @param group sessions whose keys one script may touch: see `Keys.groupOf`.
 * @throws StoreError
 */
export type AppendTogether = (group: number, keys: readonly string[], args: readonly string[]) => Promise<Answer>;

/** Sessions in one script: Redis serves nobody else while it runs. */
export const MAX_SESSIONS = 64;
/** Characters in one script, for the same reason. */
const MAX_LENGTH = 256 * 1024;

interface Waiting {
  readonly keys: readonly string[];
  readonly args: readonly string[];
  readonly length: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Makes one command of what many replies write in one tick of the event loop. Sending a command and reading its answer
 * costs the relay more than anything else it does for a token, and beginning a script costs Redis as much as its work.
 *
 * @param run sends append.lua with the keys and the arguments of some sessions, one after the other.
 */
export function createAppendTogether(run: (keys: string[], args: string[]) => Promise<unknown>): AppendTogether {
  let groups = new Map<number, Waiting[]>();

  function sendAll(): void {
    const all = groups;
    groups = new Map();
    for (const waiting of all.values()) for (const batch of batchesOf(waiting)) void send(batch);
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
      if (answers.length !== appends.length) throw new TypeError('append.lua answered for another number of sessions');
      for (const [index, append] of appends.entries()) settle(append, answers[index]);
    } catch (error) {
      for (const { reject } of appends) reject(error);
    }
  }

  return (group, keys, args) =>
    new Promise((resolve, reject) => {
      const length = args.reduce((sum, { length }) => sum + length, 0);
      const append = { keys, args, length, resolve, reject };
      if (groups.size === 0) atEndOfTick(sendAll);
      const waiting = groups.get(group);
      if (waiting) waiting.push(append);
      else groups.set(group, [append]);
    });
}

/** In order, and none of them too large unless it is a single append. */
function batchesOf(waiting: readonly Waiting[]): Waiting[][] {
  const batches: Waiting[][] = [];
  let batch: Waiting[] = [];
  let length = 0;
  for (const append of waiting) {
    if (batch.length > 0 && (batch.length === MAX_SESSIONS || length + append.length > MAX_LENGTH)) {
      batches.push(batch);
      batch = [];
      length = 0;
    }
    batch.push(append);
    length += append.length;
  }
  batches.push(batch);
  return batches;
}

function settle({ resolve, reject }: Waiting, reply: unknown): void {
  try {
    const answer = decodeAnswer(reply);
    if (answer.kind === 'failed')
      throw new StoreError('store-unavailable', 'Redis did not take the append', { cause: answer.text(1) });
    resolve(answer);
  } catch (error) {
    reject(error);
  }
}
