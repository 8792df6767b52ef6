import { parseCursor } from '#shared/cursor.ts';
import type { HubTiming } from '#relay/live/hub.ts';
import { CONCURRENCY_MUTATIONS, MUTATIONS as STORE_MUTATIONS } from '#relay/store/testing/conformance/mutations.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { StoreError } from '#relay/store/store-error.ts';
import { sleep } from '#testkit/wait.ts';
import { LUA_MUTATIONS, type LuaEdit } from './lua-mutations.ts';

/** A broken rule. */
export interface Mutation {
  /** Wraps every store that the harness or a relay opens. */
  readonly store?: (store: SessionStore) => Partial<SessionStore>;
  /** Edits the scripts that a relay sends to Redis. */
  readonly lua?: readonly LuaEdit[];
  /** Timing of a relay's fan-out. */
  readonly timing?: Partial<HubTiming>;
  /** A planned stop ends the process at once. */
  readonly stopsAtOnce?: boolean;
  /** Settings of the redis-server that a row starts, in place of the row's own. */
  readonly redisSettings?: readonly string[];
  /** Entries that a resume repeats. */
  readonly resumesEarlyBy?: number;
}

const FAR_OFF_MS = 86_400_000;

/** The mutations that the conformance suite is checked with, and those that only a whole relay can show. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  ...Object.fromEntries(
    Object.entries({ ...STORE_MUTATIONS, ...CONCURRENCY_MUTATIONS }).map(([name, store]): [string, Mutation] => [
      name,
      { store },
    ]),
  ),
  ...Object.fromEntries(Object.entries(LUA_MUTATIONS).map(([name, lua]): [string, Mutation] => [name, { lua }])),
  'an answer before the write': {
    store(store) {
      let written: Promise<unknown> = Promise.resolve();
      const later = (write: () => Promise<unknown>): void => {
        written = written
          .then(() => sleep(5))
          .then(write)
          .catch((error: unknown) => {
            // Nobody is told of a write that fails.
            if (!(error instanceof StoreError)) throw error;
          });
      };
      return {
        async submit(id, input) {
          await written;
          const answer = await store.submit(id, { ...input, dryRun: true });
          if (!input.dryRun && answer.kind === 'ok') later(() => sleep(40).then(() => store.submit(id, input)));
          return answer;
        },
        append(id, input) {
          later(() => store.append(id, input));
          return Promise.resolve({ kind: 'ok', next: input.seq + input.entries.length });
        },
        async finish(id, input) {
          await written;
          return store.finish(id, input);
        },
      };
    },
  },
  'no head poll': { timing: { activePollMs: FAR_OFF_MS, idlePollMs: FAR_OFF_MS } },
  'reading before subscribing, and no head poll': {
    timing: { activePollMs: FAR_OFF_MS, idlePollMs: FAR_OFF_MS },
    store: (store) => ({
      // Resolves before it listens.
      async follow(id, listener) {
        const timer = setTimeout(() => void store.follow(id, listener), 30);
        return () => clearTimeout(timer);
      },
    }),
  },
  'an older transcript over a newer one': {
    store(store) {
      const kept = new Map<string, { transcript: string; cursor: string }>();
      return {
        async seal(id, input) {
          const answer = await store.seal(id, input);
          if (answer === 'ok') kept.delete(id);
          else kept.set(id, { transcript: input.transcript, cursor: input.to });
          return 'ok';
        },
        async read(id, input) {
          const answer = await store.read(id, input);
          return answer.kind === 'snapshot' ? { ...answer, ...kept.get(id) } : answer;
        },
      };
    },
  },
  'claiming without a lease': {
    store(store) {
      const active = new Set<string>();
      return {
        submit(id, input) {
          active.add(id);
          return store.submit(id, input);
        },
        take: () => Promise.resolve({ due: [...active], nextDueMs: null }),
        async claim(id, input) {
          const head = await store.head(id);
          if (head.kind !== 'open' || !head.run) active.delete(id);
          else await store.release(id, { fence: parseCursor(head.head)?.fence ?? 0, delayMs: 0, as: 'retry' });
          return store.claim(id, input);
        },
      };
    },
  },
  'a cancel that does not raise the fence': {
    store: (store) => ({
      async cancel(id, { runId }) {
        const head = await store.head(id);
        if (head.kind !== 'open' || !head.run || (runId !== undefined && head.run.runId !== runId))
          return { kind: 'none' };
        const { fence = 0, seq = 0 } = parseCursor(head.head) ?? {};
        const { runId: active, messageId, attempt } = head.run;
        const end = { type: 'metadata', status: 'cancelled', runId: active, messageId, attempt, at: Date.now() };
        await store.append(id, { fence, seq: seq + 1, entries: [JSON.stringify(end)] });
        return { kind: 'ok', runId: active };
      },
    }),
  },
  'no takeover': {
    store: (store) => ({
      async take(limit) {
        const { due, nextDueMs } = await store.take(limit);
        const heads = await Promise.all(due.map((id) => store.head(id)));
        const queued = due.filter((_, index) => {
          const head = heads[index];
          return head?.kind === 'open' && head.run?.status === 'queued';
        });
        return { due: queued, nextDueMs };
      },
    }),
  },
  'a takeover that cancels the run': {
    store: (store) => ({
      async claim(id, input) {
        const head = await store.head(id);
        if (head.kind === 'open' && head.run && head.run.status !== 'queued') {
          await store.cancel(id, { token: input.token, runId: head.run.runId });
        }
        return store.claim(id, input);
      },
    }),
  },
  'a full store that does not say so': {
    store: (store) => ({
      async submit(id, input) {
        try {
          return await store.submit(id, input);
        } catch (error) {
          if (!(error instanceof StoreError) || input.dryRun) throw error;
          return { kind: 'ok', cursor: input.expect ?? '0-0' };
        }
      },
    }),
  },
  'a writer that does not wait for the store': {
    store: (store) => ({
      async append(id, input) {
        try {
          return await store.append(id, input);
        } catch (error) {
          if (error instanceof StoreError) return { kind: 'fenced' };
          throw error;
        }
      },
    }),
  },
  'no bound on what a viewer leaves unread': {
    timing: { unreadBytes: Number.POSITIVE_INFINITY, allUnreadBytes: Number.POSITIVE_INFINITY, blockedMs: FAR_OFF_MS },
  },
  'a planned stop that ends at once': { stopsAtOnce: true },
  'a Redis that keeps nothing': { redisSettings: ['--appendonly', 'no'] },
  'a cursor that is not exclusive': { resumesEarlyBy: 1 },
};

const NOTHING: Mutation = {};

/**
 * The mutation of this name; one that changes nothing when none is named. @throws Error when there is no such mutation.
 */
export function findMutation(name: string | undefined): Mutation {
  if (name === undefined) return NOTHING;
  const mutation = MUTATIONS[name];
  if (!mutation) throw new Error(`There is no mutation “${name}”.`);
  return mutation;
}

/** The store with a mutation applied. */
export function mutateStore(store: SessionStore, { store: mutate }: Mutation): SessionStore {
  return mutate ? { ...store, ...mutate(store) } : store;
}
