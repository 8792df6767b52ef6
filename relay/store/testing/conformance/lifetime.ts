import { describe, expect, it } from 'vitest';
import { START } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import { claimInput, LEASE_MS, submitInput, TTL_MS, useBench, type OpenStore } from './store-harness.ts';

/** Tests of expiry, deletion and tombstones. */
export function describeLifetime(openStore: OpenStore): void {
  describe('a session', () => {
    const bench = useBench(openStore);
    const readKind = async () => (await bench.store.read(bench.sessionId, { limit: 1 })).kind;

    it('expires a lifetime after its last write, and is remembered for two more', async () => {
      await bench.completeRun();
      await bench.advance(TTL_MS - 10_000);
      expect(await readKind()).toBe('snapshot');
      await bench.advance(10_001);
      expect(await readKind()).toBe('gone');
      await bench.advance(2 * TTL_MS - 10_000);
      expect(await readKind()).toBe('gone');
      await bench.advance(10_001);
      expect(await readKind()).toBe('empty');
    });

    it('is forgotten in time although nobody has read it meanwhile', async () => {
      await bench.completeRun();
      await bench.advance(3 * TTL_MS + 2);
      expect(await readKind()).toBe('empty');
      expect(await bench.store.head(bench.sessionId)).toEqual({ kind: 'empty' });
    });

    it('answers gone to every operation once it has expired', async () => {
      const input = submitInput();
      await bench.store.submit(bench.sessionId, input);
      const { fence } = await bench.claim();
      await bench.store.finish(bench.sessionId, { fence, seq: 1, entries: ['{}'] });
      await bench.advance(TTL_MS + 1);
      expect(await bench.store.submit(bench.sessionId, input)).toEqual({ kind: 'gone' });
      expect(await bench.store.submit(bench.sessionId, submitInput())).toEqual({ kind: 'gone' });
      expect(await bench.store.cancel(bench.sessionId, { token: newId() })).toEqual({ kind: 'gone' });
      expect(await bench.store.claim(bench.sessionId, claimInput())).toEqual({ kind: 'none' });
      expect(await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['{}'] })).toEqual({ kind: 'none' });
      expect(await bench.store.renew(bench.sessionId, { fence, leaseMs: 1 })).toEqual({ kind: 'none' });
      expect(
        await bench.store.seal(bench.sessionId, { from: START, to: `${fence}-1`, transcript: '[]', trimTo: START }),
      ).toBe('stale');
      expect(await bench.store.head(bench.sessionId)).toEqual({ kind: 'gone' });
      expect(await bench.store.read(bench.sessionId, { after: `${fence}-1`, limit: 1 })).toEqual({ kind: 'gone' });
    });

    it('never expires during a run', async () => {
      await bench.submit();
      await bench.advance(TTL_MS * 2);
      expect(await readKind()).toBe('snapshot');
      const lease = await bench.claim({ leaseMs: TTL_MS * 10 });
      await bench.advance(TTL_MS * 2);
      expect(await bench.store.append(bench.sessionId, { fence: lease.fence, seq: 1, entries: ['{}'] })).toMatchObject({
        kind: 'ok',
      });
      await bench.advance(TTL_MS * 2);
      expect(await bench.store.finish(bench.sessionId, { fence: lease.fence, seq: 2, entries: ['{}'] })).toMatchObject({
        kind: 'ok',
      });
      await bench.advance(TTL_MS - 10_000);
      expect(await readKind()).toBe('snapshot');
      await bench.advance(10_001);
      expect(await readKind()).toBe('gone');
    });

    it('lives a lifetime from its last write, whichever operation made it', async () => {
      await bench.completeRun();
      await bench.advance(TTL_MS - 10_000);
      await bench.submit();
      await bench.store.cancel(bench.sessionId, { token: newId() });
      await bench.advance(TTL_MS - 10_000);
      expect(await readKind()).toBe('snapshot');
      await bench.store.seal(bench.sessionId, {
        from: START,
        to: await bench.headCursor(),
        transcript: '[]',
        trimTo: START,
      });
      await bench.advance(TTL_MS - 10_000);
      expect(await readKind()).toBe('snapshot');
      const { fence } = await bench.start();
      await bench.advance(LEASE_MS + 1);
      expect(await bench.store.claim(bench.sessionId, claimInput({ maxAttempts: 1 }))).toMatchObject({ kind: 'ended' });
      await bench.advance(TTL_MS - 10_000);
      expect(await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['{}'] })).toEqual({ kind: 'closed' });
      await bench.advance(10_001);
      expect(await readKind()).toBe('gone');
    });

    it('is not kept alive by reads and repeated operations', async () => {
      const input = submitInput();
      await bench.store.submit(bench.sessionId, input);
      const { fence } = await bench.claim();
      await bench.store.finish(bench.sessionId, { fence, seq: 1, entries: ['{}'] });
      await bench.advance(TTL_MS - 10_000);
      await bench.store.submit(bench.sessionId, input);
      await bench.store.submit(bench.sessionId, submitInput({ dryRun: true }));
      await bench.store.finish(bench.sessionId, { fence, seq: 1, entries: ['{}'] });
      await bench.store.read(bench.sessionId, { limit: 1 });
      await bench.advance(10_001);
      expect(await readKind()).toBe('gone');
    });

    it('is gone once it is deleted, its run stopped, and is remembered for two lifetimes', async () => {
      const { fence } = await bench.start();
      await bench.store.delete(bench.sessionId);
      expect(await readKind()).toBe('gone');
      expect(await bench.store.head(bench.sessionId)).toEqual({ kind: 'gone' });
      expect(await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['{}'] })).toEqual({ kind: 'none' });
      expect(await bench.store.finish(bench.sessionId, { fence, seq: 1, entries: ['{}'] })).toEqual({ kind: 'none' });
      expect(await bench.store.submit(bench.sessionId, submitInput())).toEqual({ kind: 'gone' });
      await bench.advance(LEASE_MS + 1);
      expect((await bench.store.take(1_000)).due).not.toContain(bench.sessionId);
      await bench.advance(2 * TTL_MS - LEASE_MS - 10_000);
      expect(await readKind()).toBe('gone');
      await bench.advance(10_001);
      expect(await readKind()).toBe('empty');
    });

    it('can be deleted twice, and without ever having been written', async () => {
      await bench.store.delete(bench.sessionId);
      expect(await readKind()).toBe('gone');
      await bench.store.delete(bench.sessionId);
      expect(await readKind()).toBe('gone');
      expect(await bench.store.submit(bench.sessionId, submitInput())).toEqual({ kind: 'gone' });
    });

    it('starts anew after its tombstone, with nothing left of before', async () => {
      const input = submitInput();
      const token = newId();
      await bench.store.submit(bench.sessionId, input);
      const old = await bench.claim();
      await bench.store.append(bench.sessionId, {
        fence: old.fence,
        seq: 1,
        entries: ['"old"'],
        step: { name: 's', result: '1' },
      });
      await bench.store.cancel(bench.sessionId, { token });
      const to = await bench.headCursor();
      await bench.store.seal(bench.sessionId, { from: START, to, transcript: '["old"]', trimTo: START });
      await bench.store.delete(bench.sessionId);
      await bench.advance(2 * TTL_MS + 1);

      expect(await bench.store.submit(bench.sessionId, input)).toEqual({ kind: 'ok', cursor: START });
      const answer = await bench.store.read(bench.sessionId, { limit: 100 });
      expect(answer).toMatchObject({ kind: 'snapshot', transcript: '[]', cursor: START, entries: [{ prev: START }] });
      expect(await bench.store.append(bench.sessionId, { fence: old.fence, seq: 2, entries: ['"x"'] })).toEqual({
        kind: 'fenced',
      });
      const lease = await bench.claim();
      expect(lease.fence).toBeGreaterThan(old.fence);
      expect(lease.journal).toEqual({});
      expect(await bench.store.cancel(bench.sessionId, { token })).toEqual({
        kind: 'ok',
        runId: input.runId,
      });
    });
  });
}
