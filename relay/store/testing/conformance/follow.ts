import { describe, expect, it, vi } from 'vitest';
import { newId } from '#shared/ids.ts';
import { StoreError } from '../../store-error.ts';
import { claimInput, collectEvents, LEASE_MS, submitInput, TTL_MS, useBench, type OpenStore } from './store-harness.ts';

/** Tests of `follow`, `followDue`, `check` and `close`. */
export function describeFollow(openStore: OpenStore): void {
  describe('follow', () => {
    const bench = useBench(openStore);

    it('tells of every write, in order, whichever operation makes it', async () => {
      const seen = collectEvents();
      await bench.store.follow(bench.sessionId, seen.listener);
      await bench.completeRun(3);
      const lease = await bench.start();
      await Promise.all(
        [1, 2, 3].map((seq) => bench.store.append(bench.sessionId, { fence: lease.fence, seq, entries: ['{}'] })),
      );
      await bench.advance(LEASE_MS + 1);
      await bench.claim();
      await bench.store.cancel(bench.sessionId, { token: newId() });
      const all = await bench.readAll();
      await vi.waitFor(() => expect(seen.entries).toEqual(all));
    });

    it('tells only of later writes, and of no other session', async () => {
      await bench.completeRun();
      const from = await bench.headCursor();
      const seen = collectEvents();
      await bench.store.follow(bench.sessionId, seen.listener);
      await bench.store.submit(newId(), submitInput());
      await bench.submit();
      const rest = await bench.readAll(from);
      await vi.waitFor(() => expect(seen.entries).toEqual(rest));
    });

    it('tells nothing of refused and repeated writes', async () => {
      const { fence } = await bench.start();
      await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['"a"'] });
      const seen = collectEvents();
      await bench.store.follow(bench.sessionId, seen.listener);
      await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['"a"'] });
      await bench.store.append(bench.sessionId, { fence, seq: 7, entries: ['"b"'] });
      await bench.store.append(bench.sessionId, { fence: fence - 1, seq: 2, entries: ['"c"'] });
      await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['"a"', '"d"'] });
      await vi.waitFor(() => expect(seen.entries).toEqual([{ id: `${fence}-2`, data: '"d"' }]));
    });

    it('tells of entries only when they can be read', async () => {
      const { fence } = await bench.start();
      const early: unknown[] = [];
      let told = 0;
      await bench.store.follow(bench.sessionId, (event) => {
        if (event.kind !== 'entries') return;
        told += 1;
        const last = event.entries.at(-1)?.id ?? '';
        void bench.store.read(bench.sessionId, { after: last, limit: 1 }).then((answer) => {
          if (answer.kind !== 'exact') early.push(answer);
        });
      });
      for (let seq = 1; seq <= 20; seq += 1) await bench.store.append(bench.sessionId, { fence, seq, entries: ['{}'] });
      await vi.waitFor(() => expect(told).toBe(20));
      expect(early).toEqual([]);
    });

    it('tells every follower, and none that has left', async () => {
      const [one, two] = [collectEvents(), collectEvents()];
      const leaveOne = await bench.store.follow(bench.sessionId, one.listener);
      await bench.store.follow(bench.sessionId, two.listener);
      await bench.submit();
      await vi.waitFor(() => expect([one.entries.length, two.entries.length]).toEqual([1, 1]));
      leaveOne();
      leaveOne();
      await bench.claim();
      await vi.waitFor(() => expect(two.entries).toHaveLength(2));
      expect(one.entries).toHaveLength(1);
    });

    it('tells that a session was deleted', async () => {
      const seen = collectEvents();
      await bench.start();
      await bench.store.follow(bench.sessionId, seen.listener);
      await bench.store.delete(bench.sessionId);
      await vi.waitFor(() => expect(seen.gone).toBe(true));
    });

    it('tells that a session has expired, when that is noticed', async () => {
      const seen = collectEvents();
      await bench.completeRun();
      await bench.store.follow(bench.sessionId, seen.listener);
      await bench.advance(TTL_MS + 1);
      await bench.store.head(bench.sessionId);
      await vi.waitFor(() => expect(seen.gone).toBe(true));
    });
  });

  describe('followDue', () => {
    const bench = useBench(openStore);

    it('tells of a handover when the run can be claimed', async () => {
      const taken: string[][] = [];
      await bench.store.followDue(() => void bench.store.take(10).then(({ due }) => taken.push(due)));
      const { fence } = await bench.start();
      await bench.store.release(bench.sessionId, { fence, delayMs: 0, as: 'hand-over' });
      await vi.waitFor(() => expect(taken).toContainEqual([bench.sessionId]));
    });

    it('tells nothing of delayed runs, repeated releases and retries', async () => {
      const [told, other] = [vi.fn<() => void>(), newId()];
      await bench.store.followDue(told);
      const { fence } = await bench.start();
      await bench.store.release(bench.sessionId, { fence, delayMs: 60_000, as: 'hand-over' });
      await bench.store.submit(other, submitInput());
      const claim = await bench.store.claim(other, claimInput());
      if (claim.kind !== 'lease') throw new Error(claim.kind);
      await bench.store.release(other, { fence: claim.lease.fence, delayMs: 0, as: 'retry' });
      await bench.store.release(other, { fence: claim.lease.fence - 1, delayMs: 0, as: 'hand-over' });
      // Hints come in order, so this one comes last.
      await bench.store.claim(other, claimInput()).then(async (again) => {
        if (again.kind !== 'lease') throw new Error(again.kind);
        expect(told).not.toHaveBeenCalled();
        await bench.store.release(other, { fence: again.lease.fence, delayMs: 0, as: 'hand-over' });
      });
      await vi.waitFor(() => expect(told).toHaveBeenCalledOnce());
    });

    it('tells every listener, one that listens twice twice, and none that has left', async () => {
      const [one, two] = [vi.fn<() => void>(), vi.fn<() => void>()];
      const leave = await bench.store.followDue(one);
      await bench.store.followDue(two);
      await bench.store.followDue(two);
      leave();
      leave();
      const { fence } = await bench.start();
      await bench.store.release(bench.sessionId, { fence, delayMs: 0, as: 'hand-over' });
      await vi.waitFor(() => expect(two).toHaveBeenCalledTimes(2));
      expect(one).not.toHaveBeenCalled();
    });
  });

  describe('check and close', () => {
    const bench = useBench(openStore);

    it('check resolves when the store can be written to', async () => {
      await expect(bench.store.check()).resolves.toBeUndefined();
    });

    it('a closed store rejects everything, and can be closed again', async () => {
      await bench.submit();
      await bench.store.close();
      await bench.store.close();
      const { store, sessionId } = bench;
      const refused = [
        store.submit(sessionId, submitInput()),
        store.take(1),
        store.append(sessionId, { fence: 1, seq: 0, entries: ['{}'] }),
        store.read(sessionId, { limit: 1 }),
        store.head(sessionId),
        store.follow(sessionId, () => undefined),
        store.followDue(() => undefined),
        store.delete(sessionId),
        store.check(),
      ];
      for (const operation of refused) await expect(operation).rejects.toBeInstanceOf(StoreError);
    });
  });
}
