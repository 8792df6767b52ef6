import { describe, expect, it } from 'vitest';
import { newId } from '#shared/ids.ts';
import { claimInput, CLOCK_SLACK_MS, LEASE_MS, submitInput, useBench, type OpenStore } from './store-harness.ts';

/** Tests of `take`. */
export function describeTake(openStore: OpenStore): void {
  describe('take', () => {
    const bench = useBench(openStore);

    it('lists sessions with a due run, oldest first, and at most as many as asked for', async () => {
      const ids = [newId(), newId(), newId()];
      for (const id of ids) {
        await bench.store.submit(id, submitInput());
        await bench.advance(1_000);
      }
      expect((await bench.store.take(1_000)).due.filter((id) => ids.includes(id))).toEqual(ids);
      expect((await bench.store.take(2)).due).toHaveLength(2);
    });

    it('tells the time until the next run becomes due', async () => {
      const since = performance.now();
      const isFrom = (ms: number | null, full: number) => {
        expect(ms).toBeLessThan(full + CLOCK_SLACK_MS);
        expect(ms).toBeGreaterThan(full - (performance.now() - since) - CLOCK_SLACK_MS);
      };
      expect(await bench.store.take(10)).toEqual({ due: [], nextDueMs: null });
      // Each lease ends sooner than all before it, so that the answer does not depend on where a store keeps them.
      const leases = [10, 9, 8, 7, 6, 5].map((tenths) => ({ sessionId: newId(), leaseMs: (LEASE_MS * tenths) / 10 }));
      for (const { sessionId, leaseMs } of leases) {
        await bench.store.submit(sessionId, submitInput());
        await bench.store.claim(sessionId, claimInput({ leaseMs }));
        isFrom((await bench.store.take(10)).nextDueMs, leaseMs);
      }

      // Runs that are due do not count as the next one, also when few of them were asked for.
      await bench.submit();
      isFrom((await bench.store.take(1)).nextDueMs, LEASE_MS / 2);
      await bench.advance(LEASE_MS / 2);
      isFrom((await bench.store.take(1)).nextDueMs, LEASE_MS / 10);
      await bench.advance(LEASE_MS / 2);
      const { due, nextDueMs } = await bench.store.take(10);
      expect(nextDueMs).toBeNull();
      expect(due.toSorted()).toEqual([bench.sessionId, ...leases.map(({ sessionId }) => sessionId)].toSorted());
    });

    it('tells the new time after a renewal and a delayed retry', async () => {
      const { fence } = await bench.start();
      await bench.store.renew(bench.sessionId, { fence, leaseMs: 3 * LEASE_MS });
      expect((await bench.store.take(10)).nextDueMs).toBeGreaterThan(2 * LEASE_MS);
      await bench.store.release(bench.sessionId, { fence, delayMs: LEASE_MS, as: 'retry' });
      const { nextDueMs } = await bench.store.take(10);
      expect(nextDueMs).toBeGreaterThan(0);
      expect(nextDueMs).toBeLessThan(LEASE_MS + CLOCK_SLACK_MS);
    });

    it('lists a claimed run once its lease has expired', async () => {
      await bench.start();
      expect((await bench.store.take(1_000)).due).not.toContain(bench.sessionId);
      await bench.advance(LEASE_MS + 1);
      expect((await bench.store.take(1_000)).due).toContain(bench.sessionId);
      await bench.claim();
      expect((await bench.store.take(1_000)).due).not.toContain(bench.sessionId);
    });

    it('lists no run that has ended', async () => {
      await bench.completeRun();
      await bench.advance(LEASE_MS + 1);
      expect((await bench.store.take(1_000)).due).not.toContain(bench.sessionId);
    });
  });
}
