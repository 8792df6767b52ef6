import { createProblem, type ProblemCode } from '#shared/problem.ts';
import type { Logger } from '../../util/logger.ts';
import { StoreError } from '../store-error.ts';
import { createAppendTogether } from './append-together.ts';
import type { Keys } from './keys.ts';
import { decodeAnswer, type Answer } from './script-answer.ts';
import type { ScriptTransport } from './script-transport.ts';
import type { ScriptName } from './scripts.ts';

/** Runs the scripts of a session. When one of the session's keys has vanished, the session is repaired first (lose.lua). */
export interface SessionScripts {
  /** Runs a script with the keys of a session. @throws StoreError */
  ask(script: ScriptName, sessionId: string, args: readonly (string | number)[]): Promise<Answer>;
  /** Runs append.lua, together with the appends of other sessions of the same tick. @throws StoreError */
  append(sessionId: string, args: readonly (string | number)[]): Promise<Answer>;
  /** As `ask`, for reads: an active run that is not listed as due is listed again. @throws StoreError */
  look(script: 'head' | 'read', sessionId: string, args: readonly (string | number)[]): Promise<Answer>;
  /** Runs inspect.lua, which repairs nothing. @throws StoreError */
  inspect(sessionId: string): Promise<unknown>;
}

/** What the scripts are run with. */
export interface SessionScriptsOptions {
  /** Runs a script. @throws StoreError */
  run: ScriptTransport['run'];
  publishCommand: ScriptTransport['publishCommand'];
  keys: Keys;
  ttlMs: number;
  clockOffset: () => number;
  /** Bits for each raise of a fence: see `drawFenceBits`. */
  random: () => number;
  /** A session turned out to be deleted or expired. */
  onGone: (sessionId: string) => void;
  logger: Logger | undefined;
}

/** The value in answers of head.lua and read.lua that says whether the active run is listed as due. */
const UNLISTED = 5;

/** The scripts of all sessions of a store. */
export function createSessionScripts(options: SessionScriptsOptions): SessionScripts {
  const { run, publishCommand, keys, ttlMs, clockOffset, random, onGone, logger } = options;
  const appendTogether = createAppendTogether((writerKeys, args) =>
    run('append', writerKeys, [...common(''), ...args]),
  );

  /** ARGV 1 to 4 of every script of a session: see lib/base.lua. */
  function common(sessionId: string): string[] {
    return [String(clockOffset()), String(ttlMs), publishCommand, sessionId];
  }

  function send(script: ScriptName, sessionId: string, args: readonly (string | number)[]): Promise<unknown> {
    return run(script, keys.ofSession(sessionId), [...common(sessionId), ...args.map(String)]);
  }

  async function settle(sessionId: string, ask: () => Promise<Answer>): Promise<Answer> {
    const answer = await ask();
    if (answer.kind === 'gone' || answer.kind === 'forgotten') onGone(sessionId);
    if (answer.kind !== 'lost') return answer;
    await repair(sessionId);
    const again = await ask();
    if (again.kind === 'lost') throw new StoreError('store-unavailable', 'keys of the session vanish again and again');
    return again;
  }

  async function repair(sessionId: string): Promise<void> {
    const damage = decodeAnswer(await send('lose', sessionId, [random(), problem('stream-lost')])).kind;
    if (damage === 'nothing') return;
    logger?.error(
      { session: sessionId.slice(0, 8), key: damage },
      'A key of a session has vanished from the store: its run, if one was active, ends as stream-lost',
    );
  }

  /** Without being listed as due, the run would never be taken over. */
  function requeue(sessionId: string): void {
    const session = sessionId.slice(0, 8);
    logger?.warn({ session }, 'An active run was not listed as due: it is listed again');
    ask('requeue', sessionId, []).catch((error: unknown) => {
      logger?.warn({ session, err: error }, 'An active run could not be listed as due; the next read tries again');
    });
  }

  function ask(script: ScriptName, sessionId: string, args: readonly (string | number)[]): Promise<Answer> {
    return settle(sessionId, async () => decodeAnswer(await send(script, sessionId, args)));
  }

  return {
    ask,

    append(sessionId, args) {
      const { group, keys: writerKeys } = keys.ofWriter(sessionId);
      const texts = args.map(String);
      return settle(sessionId, () => appendTogether(group, writerKeys, texts));
    },

    async look(script, sessionId, args) {
      const answer = await ask(script, sessionId, args);
      const isOpen = answer.kind === 'open' || answer.kind === 'exact' || answer.kind === 'snapshot';
      if (isOpen && answer.text(UNLISTED) === '1') requeue(sessionId);
      return answer;
    },

    inspect: (sessionId) => send('inspect', sessionId, []),
  };
}

/** A problem as JSON text, for the entry that a script writes. */
export function problem(code: ProblemCode): string {
  return JSON.stringify(createProblem(code));
}
