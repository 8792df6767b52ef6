import { compareCursors, parseCursor, START } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import type { SessionStore } from '../../session-store.ts';

/**
 * Stores that break one rule each, made from a correct one. The suite proves something only if it fails for each of them:
 * see negative-controls.test.ts.
 */
export const MUTATIONS: Record<string, (store: SessionStore) => Partial<SessionStore>> = {
  'no fence check': (store) => ({
    append: async (id, input) => store.append(id, { ...input, fence: await fenceOf(store, id) }),
    finish: async (id, input) => store.finish(id, { ...input, fence: await fenceOf(store, id) }),
  }),
  'no seq check': (store) => ({
    append: async (id, input) => store.append(id, { ...input, seq: await nextOf(store, id) }),
    finish: async (id, input) => store.finish(id, { ...input, seq: await nextOf(store, id) }),
  }),
  'no prev': (store) => ({
    async read(id, input) {
      const answer = await store.read(id, input);
      if (!('entries' in answer)) return answer;
      return { ...answer, entries: answer.entries.map(({ id: cursor, data }) => ({ id: cursor, data })) };
    },
  }),
  'resume decided by "ahead of the log" and not by "does not follow"': (store) => ({
    async read(id, input) {
      const answer = await store.read(id, input);
      if (answer.kind !== 'snapshot' || input.after === undefined) return answer;
      const { after } = input;
      if (compareCursors(after, answer.head) > 0) return answer;
      const { head, run } = answer;
      return {
        kind: 'exact',
        entries: answer.entries.filter((entry) => compareCursors(entry.id, after) > 0),
        head,
        run,
      };
    },
  }),
  'a finish that does not close the run': (store) => ({ finish: (id, input) => store.append(id, input) }),
  'a step that is not journaled with its last entry': (store) => ({
    append: (id, { fence, seq, entries }) => store.append(id, { fence, seq, entries }),
  }),
  'claims that are not idempotent': (store) => ({
    claim: (id, input) => store.claim(id, { ...input, token: newId() }),
  }),
  'claims without a look at the lease': (store) => ({
    async claim(id, input) {
      await store.release(id, { fence: await fenceOf(store, id), delayMs: 0, as: 'retry' });
      return store.claim(id, input);
    },
  }),
  'attempts without end': (store) => ({ claim: (id, input) => store.claim(id, { ...input, maxAttempts: 99 }) }),
  'retries that do not count': (store) => ({
    release: (id, input) => store.release(id, { ...input, as: 'hand-over' }),
  }),
  'a continue that never resets': (store) => ({
    async claim(id, input) {
      const head = await store.head(id);
      if (input.takeover.kind !== 'continue' || head.kind !== 'open') return store.claim(id, input);
      return store.claim(id, { ...input, takeover: { kind: 'continue', head: head.head } });
    },
  }),
  'looks that do not say when the next run is due': (store) => ({
    async take(limit) {
      return { ...(await store.take(limit)), nextDueMs: null };
    },
  }),
  'looks that take what is due for what comes next': (store) => ({
    async take(limit) {
      const { due, nextDueMs } = await store.take(limit);
      return { due, nextDueMs: due.length > 0 ? 0 : nextDueMs };
    },
  }),
  'looks that say at what time the next run is due, and not in how long': (store) => ({
    async take(limit) {
      const { due, nextDueMs } = await store.take(limit);
      return { due, nextDueMs: nextDueMs === null ? null : Date.now() + nextDueMs };
    },
  }),
  'prompts that are not idempotent': (store) => ({
    submit: (id, input) => store.submit(id, { ...input, messageId: newId() }),
  }),
  'prompts whose hash is not looked at': (store) => ({
    submit: (id, input) => store.submit(id, { ...input, hash: 'same' }),
  }),
  'prompts that do not look whether the log has moved': (store) => ({
    submit(id, input) {
      const { expect: _expected, ...rest } = input;
      return store.submit(id, rest);
    },
  }),
  'dry runs that write': (store) => ({ submit: (id, input) => store.submit(id, { ...input, dryRun: false }) }),
  'cancels that are not idempotent': (store) => ({
    cancel: (id, input) => store.cancel(id, { ...input, token: newId() }),
  }),
  'cancels that stop whichever run is active': (store) => ({
    cancel: (id, { token }) => store.cancel(id, { token }),
  }),
  'sealing without compare-and-set': (store) => ({
    async seal(id, input) {
      const answer = await store.read(id, { limit: 1 });
      return store.seal(id, { ...input, from: answer.kind === 'snapshot' ? answer.cursor : START });
    },
  }),
  'trimming more than was asked for': (store) => ({
    seal: (id, input) => store.seal(id, { ...input, trimTo: input.to }),
  }),
  'feedback that is kept for whatever is named': (store) => ({
    async rate(id, input) {
      const answer = await store.rate(id, input);
      return answer === 'unknown' ? 'ok' : answer;
    },
  }),
  'feedback that cannot be taken back': (store) => ({
    rate: (id, { messageId, feedback }) => store.rate(id, { messageId, feedback: feedback ?? '"kept"' }),
  }),
  'followers that miss something': (store) => ({
    follow(id, listener) {
      let count = 0;
      return store.follow(id, (event) => {
        count += 1;
        if (count % 3 !== 0) listener(event);
      });
    },
  }),
  'sessions that are forgotten at once': (store) => ({
    async head(id) {
      const answer = await store.head(id);
      return answer.kind === 'gone' ? { kind: 'empty' } : answer;
    },
  }),
};

/** Broken rules that only reads beside writes can show: see `checkSnapshotView`. */
export const CONCURRENCY_MUTATIONS: Record<string, (store: SessionStore) => Partial<SessionStore>> = {
  'a torn snapshot: the transcript, then the log': (store) => ({
    async read(id, input) {
      const before = await store.read(id, input);
      if (before.kind !== 'snapshot') return before;
      await new Promise((resolve) => {
        setTimeout(resolve, 25);
      });
      const after = await store.read(id, input);
      return after.kind === 'snapshot' ? { ...after, transcript: before.transcript, cursor: before.cursor } : after;
    },
  }),
};

async function fenceOf(store: SessionStore, sessionId: string): Promise<number> {
  const head = await store.head(sessionId);
  return head.kind === 'open' ? (parseCursor(head.head)?.fence ?? 0) : 0;
}

async function nextOf(store: SessionStore, sessionId: string): Promise<number> {
  const head = await store.head(sessionId);
  return head.kind === 'open' ? (parseCursor(head.head)?.seq ?? 0) + 1 : 0;
}
