import { createProblem, type ProblemCode } from '#shared/problem.ts';
import { drawFenceBits, MAX_TRANSCRIPT_BYTES, MERGED_READ_LENGTH, requireEntries } from '../port-rules.ts';
import type { SessionStore, StoreOptions } from '../session-store.ts';
import type { SessionInspection } from '../session-inspection.ts';
import { StoreError } from '../store-error.ts';
import { createAppendTogether } from './append-together.ts';
import { decodeAnswer, type Answer } from './decode-answer.ts';
import { createDueHints } from './due-hints.ts';
import { encodeGroups } from './entry-groups.ts';
import { createHints } from './hints.ts';
import { decodeInspection } from './inspection.ts';
import { createKeys, DEFAULT_PREFIX } from './keys.ts';
import {
  oneOf,
  toAppendAnswer,
  toClaimAnswer,
  toHeadAnswer,
  toLeaseAnswer,
  toReadAnswer,
  toSubmitAnswer,
  toTakeAnswer,
} from './port-answers.ts';
import type { ScriptTransport } from './script-transport.ts';
import type { ScriptName } from './scripts.ts';

/** Options that the drivers over scripts share. */
export interface SharedStoreOptions extends StoreOptions {
  /** What the names of all keys begin with; `rc` when not given. Relays with the same prefix share their sessions. */
  prefix?: string | undefined;
  /** How far the store's clock is ahead of the server's, in ms. For tests that let time pass; 0 when not given. */
  clockOffset?: (() => number) | undefined;
}

export interface ScriptStoreOptions extends SharedStoreOptions {
  transport: ScriptTransport;
  /** Throws a StoreError while the store cannot be used yet. */
  assertFit: () => void;
}

/** A store that several processes share, and a look at what it keeps. */
export interface ScriptStore extends SessionStore {
  inspect(sessionId: string): Promise<SessionInspection | null>;
}

/** The store as scripts that run where the data is; the driver brings the way there. */
export function createScriptStore(options: ScriptStoreOptions): ScriptStore {
  const { transport, assertFit, ttlMs, logger, clockOffset = () => 0, random = drawFenceBits } = options;
  const { maxTranscriptBytes = MAX_TRANSCRIPT_BYTES } = options;
  const keys = createKeys(options.prefix ?? DEFAULT_PREFIX, transport.spansPartitions);
  const hints = createHints({ transport, eventsOf: keys.eventsOf, logger });
  const dueHints = createDueHints({ transport, channels: keys.handOvers, logger });
  let closed = false;

  function assertUsable(): void {
    if (closed) throw new StoreError('store-unavailable', 'the store is closed');
    assertFit();
  }

  async function run(script: ScriptName, scriptKeys: readonly string[], args: readonly string[]): Promise<unknown> {
    assertUsable();
    return transport.run(script, scriptKeys, args);
  }

  const common = (sessionId: string): string[] => [
    String(clockOffset()),
    String(ttlMs),
    transport.publishCommand,
    sessionId,
  ];
  const appendTogether = createAppendTogether((writerKeys, args) =>
    run('append', writerKeys, [...common(''), ...args]),
  );

  async function ask(script: ScriptName, sessionId: string, args: readonly (string | number)[]): Promise<Answer> {
    const all = [...common(sessionId), ...args.map(String)];
    return settle(sessionId, async () => decodeAnswer(await run(script, keys.ofSession(sessionId), all)));
  }

  async function settle(sessionId: string, send: () => Promise<Answer>): Promise<Answer> {
    const answer = await send();
    if (answer.kind === 'gone' || answer.kind === 'forgotten') hints.gone(sessionId);
    if (answer.kind !== 'lost') return answer;

    const damage = decodeAnswer(
      await run('lose', keys.ofSession(sessionId), [...common(sessionId), String(random()), problem('stream-lost')]),
    ).kind;
    if (damage !== 'nothing') {
      logger?.error({ session: sessionId.slice(0, 8), key: damage }, 'A key of a session has vanished from the store');
    }
    const again = await send();
    if (again.kind === 'lost')
      throw new StoreError('store-unavailable', 'a key of the session vanishes again and again');
    return again;
  }

  /** The set that lists due runs has vanished, or this session from it: nobody would ever take the run over. */
  function requeue(sessionId: string): void {
    logger?.warn({ session: sessionId.slice(0, 8) }, 'An active run was not listed as due, and is listed again');
    ask('requeue', sessionId, []).catch((error: unknown) => {
      // Whoever looks at the session next tries again.
      logger?.warn({ err: error }, 'An active run could not be listed as due');
    });
  }

  async function look(script: 'head' | 'read', sessionId: string, args: (string | number)[]): Promise<Answer> {
    const answer = await ask(script, sessionId, args);
    if ((answer.kind === 'open' || answer.kind === 'exact' || answer.kind === 'snapshot') && answer.text(5) === '1') {
      requeue(sessionId);
    }
    return answer;
  }

  return {
    async submit(sessionId, input) {
      requireEntries(input.entries);
      const { messageId, hash, runId, expect = '', dryRun = false, entries } = input;
      const args = [random(), messageId, hash, runId, expect, Number(dryRun), maxTranscriptBytes, ...entries];
      return toSubmitAnswer(await ask('submit', sessionId, args));
    },

    async take(limit) {
      const lists = transport.spansPartitions ? [keys.due] : keys.due.map((key) => [key]);
      const args = [String(clockOffset()), String(limit)];
      return toTakeAnswer(await Promise.all(lists.map((list) => run('take', list, args))), limit);
    },

    async claim(sessionId, input) {
      const { token, owner, leaseMs, maxAttempts, takeover } = input;
      const answer = await ask('claim', sessionId, [
        token,
        random(),
        owner,
        leaseMs,
        maxAttempts,
        takeover.kind,
        takeover.kind === 'continue' ? takeover.head : '',
        problem('attempts-exhausted'),
        problem('interrupted'),
      ]);
      return toClaimAnswer(answer);
    },

    renew: async (sessionId, { fence, leaseMs }) => toLeaseAnswer(await ask('renew', sessionId, [fence, leaseMs])),

    release: async (sessionId, { fence, delayMs, as }) =>
      toLeaseAnswer(await ask('release', sessionId, [fence, delayMs, as, keys.handOversOf(sessionId)])),

    async append(sessionId, { fence, seq, entries, step }) {
      assertUsable();
      const { name = '', result = '', turns = '' } = step ?? {};
      const groups = encodeGroups(entries);
      const args = [
        fence,
        seq,
        entries.length,
        Number(step !== undefined),
        name,
        result,
        turns,
        groups.length,
        ...groups,
      ].map(String);
      const { group, keys: writerKeys } = keys.ofWriter(sessionId);
      const answer = await settle(sessionId, () => appendTogether(group, writerKeys, args));
      if (answer.kind === 'ok') tellWritten(sessionId, fence, seq, entries, answer);
      return toAppendAnswer(answer);
    },

    async finish(sessionId, { fence, seq, entries }) {
      requireEntries(entries);
      const answer = await ask('finish', sessionId, [fence, seq, entries.length, ...encodeGroups(entries)]);
      if (answer.kind === 'ok') tellWritten(sessionId, fence, seq, entries, answer);
      return toAppendAnswer(answer);
    },

    async cancel(sessionId, { token, runId = '' }) {
      const answer = await ask('cancel', sessionId, [token, random(), runId]);
      if (answer.kind === 'ok') return { kind: 'ok', runId: answer.text(1) };
      return { kind: oneOf(answer, ['none', 'gone']) };
    },

    async seal(sessionId, { from, to, transcript, trimTo }) {
      const answer = await ask('seal', sessionId, [from, to, transcript, trimTo]);
      return oneOf(answer, ['ok', 'stale']);
    },

    async rate(sessionId, { messageId, feedback }) {
      const answer = await ask('rate', sessionId, [messageId, Number(feedback !== null), feedback ?? '']);
      return oneOf(answer, ['ok', 'unknown', 'active', 'none', 'gone']);
    },

    async revoke(sessionId) {
      return oneOf(await ask('revoke', sessionId, []), ['ok', 'none', 'gone']);
    },

    async read(sessionId, input) {
      const { after = '', limit, merged = false } = input;
      // One by one as many as were asked for are given, however long they are.
      const length = merged ? MERGED_READ_LENGTH : Number.MAX_SAFE_INTEGER;
      return toReadAnswer(await look('read', sessionId, [after, limit, length]), input);
    },

    async head(sessionId) {
      return toHeadAnswer(await look('head', sessionId, []));
    },

    async follow(sessionId, listener) {
      assertUsable();
      return hints.follow(sessionId, listener);
    },

    async followDue(listener) {
      assertUsable();
      return dueHints.follow(listener);
    },

    async delete(sessionId) {
      await ask('delete', sessionId, []);
    },

    async check() {
      await run('check', [keys.probe], []);
    },

    async inspect(sessionId) {
      return decodeInspection(
        await run('inspect', keys.ofSession(sessionId), [
          String(clockOffset()),
          String(ttlMs),
          transport.publishCommand,
          sessionId,
        ]),
      );
    },

    async close() {
      if (closed) return;
      closed = true;
      hints.clear();
      dueHints.clear();
      await transport.close();
    },
  };

  /** What of these entries was new. */
  function tellWritten(
    sessionId: string,
    fence: number,
    seq: number,
    entries: readonly string[],
    answer: Answer,
  ): void {
    const first = answer.number(2);
    if (answer.number(1) > first) hints.wrote(sessionId, fence, first, entries.slice(first - seq));
  }
}

function problem(code: ProblemCode): string {
  return JSON.stringify(createProblem(code));
}
