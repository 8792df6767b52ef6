import { drawFenceBits, MAX_TRANSCRIPT_BYTES, MERGED_READ_LENGTH, requireEntries } from '../port-rules.ts';
import type { SessionInspection } from '../session-inspection.ts';
import type { SessionStore, StoreOptions } from '../session-store.ts';
import { StoreError } from '../store-error.ts';
import { decodeInspection } from './decode-inspection.ts';
import { createDueHints } from './due-hints.ts';
import { encodeGroups } from './entry-groups.ts';
import { createKeys, DEFAULT_PREFIX } from './keys.ts';
import {
  oneOf,
  toAppendAnswer,
  toCancelAnswer,
  toClaimAnswer,
  toHeadAnswer,
  toLeaseAnswer,
  toReadAnswer,
  toSubmitAnswer,
  toTakeAnswer,
} from './port-answers.ts';
import type { ScriptTransport } from './script-transport.ts';
import { createSessionHints } from './session-hints.ts';
import { createSessionScripts, problem } from './session-scripts.ts';

/** Options that the drivers over scripts share. */
export interface SharedStoreOptions extends StoreOptions {
  /** Prefix of all keys; `rc` when not given. Relays with the same prefix share their sessions. */
  prefix?: string | undefined;
  /** How far the store's clock is ahead of the server's, in ms. For tests that let time pass; 0 when not given. */
  clockOffset?: (() => number) | undefined;
}

/** What a driver gives to `createScriptStore`. */
export interface ScriptStoreOptions extends SharedStoreOptions {
  transport: ScriptTransport;
  /** Throws a StoreError while the store cannot be used yet. */
  assertFit: () => void;
}

/** A store that several processes share, with a view of what it keeps, for inspection. */
export interface ScriptStore extends SessionStore {
  /** Everything stored for a session; null when there is no such session. */
  inspect(sessionId: string): Promise<SessionInspection | null>;
}

/** The port over Lua scripts, which run on the server. A driver brings the transport that runs them. */
export function createScriptStore(options: ScriptStoreOptions): ScriptStore {
  const { transport, assertFit, ttlMs, logger, clockOffset = () => 0, random = drawFenceBits } = options;
  const { maxTranscriptBytes = MAX_TRANSCRIPT_BYTES, prefix = DEFAULT_PREFIX } = options;
  const keys = createKeys(prefix, transport.spansPartitions);
  const hints = createSessionHints({ transport, eventsOf: keys.eventsOf, logger });
  const dueHints = createDueHints({ transport, channels: keys.handOvers, logger });
  let closed = false;

  function assertUsable(): void {
    if (closed) throw new StoreError('store-unavailable', 'the store is closed');
    assertFit();
  }

  const run: ScriptTransport['run'] = async (script, scriptKeys, args) => {
    assertUsable();
    return transport.run(script, scriptKeys, args);
  };

  const scripts = createSessionScripts({
    run,
    publishCommand: transport.publishCommand,
    keys,
    ttlMs,
    clockOffset,
    random,
    onGone: hints.gone,
    logger,
  });

  return {
    async submit(sessionId, input) {
      requireEntries(input.entries);
      const { messageId, hash, runId, expect = '', dryRun = false, entries } = input;
      const args = [random(), messageId, hash, runId, expect, Number(dryRun), maxTranscriptBytes, ...entries];
      return toSubmitAnswer(await scripts.ask('submit', sessionId, args));
    },

    async take(limit) {
      const lists = transport.spansPartitions ? [keys.due] : keys.due.map((key) => [key]);
      const args = [String(clockOffset()), String(limit)];
      return toTakeAnswer(await Promise.all(lists.map((list) => run('take', list, args))), limit);
    },

    async claim(sessionId, { token, owner, leaseMs, maxAttempts, takeover }) {
      const head = takeover.kind === 'continue' ? takeover.head : '';
      const problems = [problem('attempts-exhausted'), problem('interrupted')];
      const args = [token, random(), owner, leaseMs, maxAttempts, takeover.kind, head, ...problems];
      return toClaimAnswer(await scripts.ask('claim', sessionId, args));
    },

    renew: async (sessionId, { fence, leaseMs }) =>
      toLeaseAnswer(await scripts.ask('renew', sessionId, [fence, leaseMs])),

    release: async (sessionId, { fence, delayMs, as }) =>
      toLeaseAnswer(await scripts.ask('release', sessionId, [fence, delayMs, as, keys.handOversOf(sessionId)])),

    async append(sessionId, { fence, seq, entries, step }) {
      assertUsable();
      const { name = '', result = '', turns = '' } = step ?? {};
      const groups = encodeGroups(entries);
      const stepArgs = [Number(step !== undefined), name, result, turns];
      const args = [fence, seq, entries.length, ...stepArgs, groups.length, ...groups];
      const answer = await scripts.append(sessionId, args);
      hints.acknowledged(sessionId, fence, seq, entries, answer);
      return toAppendAnswer(answer);
    },

    async finish(sessionId, { fence, seq, entries }) {
      requireEntries(entries);
      const args = [fence, seq, entries.length, ...encodeGroups(entries)];
      const answer = await scripts.ask('finish', sessionId, args);
      hints.acknowledged(sessionId, fence, seq, entries, answer);
      return toAppendAnswer(answer);
    },

    cancel: async (sessionId, { token, runId = '' }) =>
      toCancelAnswer(await scripts.ask('cancel', sessionId, [token, random(), runId])),

    seal: async (sessionId, { from, to, transcript, trimTo }) =>
      oneOf(await scripts.ask('seal', sessionId, [from, to, transcript, trimTo]), ['ok', 'stale']),

    async rate(sessionId, { messageId, feedback }) {
      const answer = await scripts.ask('rate', sessionId, [messageId, Number(feedback !== null), feedback ?? '']);
      return oneOf(answer, ['ok', 'unknown', 'active', 'none', 'gone']);
    },

    revoke: async (sessionId) => oneOf(await scripts.ask('revoke', sessionId, []), ['ok', 'none', 'gone']),

    async read(sessionId, input) {
      const { after = '', limit, merged = false } = input;
      // A read of single entries gives as many as were asked for, however long they are.
      const length = merged ? MERGED_READ_LENGTH : Number.MAX_SAFE_INTEGER;
      return toReadAnswer(await scripts.look('read', sessionId, [after, limit, length]), input);
    },

    head: async (sessionId) => toHeadAnswer(await scripts.look('head', sessionId, [])),

    async follow(sessionId, listener) {
      assertUsable();
      return hints.follow(sessionId, listener);
    },

    async followDue(listener) {
      assertUsable();
      return dueHints.follow(listener);
    },

    async delete(sessionId) {
      await scripts.ask('delete', sessionId, []);
    },

    async check() {
      await run('check', [keys.probe], []);
    },

    inspect: async (sessionId) => decodeInspection(await scripts.inspect(sessionId)),

    async close() {
      if (closed) return;
      closed = true;
      hints.clear();
      dueHints.clear();
      await transport.close();
    },
  };
}
