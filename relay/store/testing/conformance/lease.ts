import { describe, expect, it } from 'vitest';
import { newId } from '#shared/ids.ts';
import { claimInput, chunkText, LEASE_MS, messageOf, submitInput, useBench, type OpenStore } from './store-harness.ts';

/** Tests of `claim`, `renew` and `release`. */
export function describeLease(openStore: OpenStore): void {
  describe('claim', () => {
    const bench = useBench(openStore);

    it('gives a lease under a new fence and writes that the run has started', async () => {
      const runId = await bench.submit();
      const before = await bench.headCursor();
      const lease = await bench.claim();
      expect(lease).toEqual({
        fence: lease.fence,
        runId,
        attempt: 1,
        next: 1,
        head: `${lease.fence}-0`,
        journal: {},
        turns: 0,
        reset: true,
      });
      const [entry] = await bench.readAll(before);
      expect(entry).toMatchObject({ id: lease.head, prev: before });
      expect(messageOf(entry)).toEqual({ type: 'metadata', status: 'started', runId, messageId: runId, attempt: 1 });
      expect(entry?.data).toMatch(
        /^\{"type":"metadata","status":"started","runId":".+","messageId":".+","attempt":1,"at":\d+\}$/,
      );
      expect(await bench.store.head(bench.sessionId)).toMatchObject({ head: lease.head, run: { status: 'started' } });
    });

    it('gives the same lease again to the same token, and writes nothing', async () => {
      await bench.submit();
      const input = claimInput();
      const lease = await bench.claim(input);
      expect(await bench.store.claim(bench.sessionId, input)).toEqual({ kind: 'lease', lease });
      bench.drawBits(9);
      expect(await bench.store.claim(bench.sessionId, input)).toEqual({ kind: 'lease', lease });
      expect(await bench.headCursor()).toBe(lease.head);
    });

    it('answers the same token again with the progress of the log since', async () => {
      await bench.submit();
      const input = claimInput();
      const lease = await bench.claim(input);
      await bench.store.append(bench.sessionId, {
        fence: lease.fence,
        seq: 1,
        entries: ['{}', '{}'],
        step: { name: 'first', result: '1', turns: 1 },
      });
      expect(await bench.claim(input)).toEqual({
        ...lease,
        next: 3,
        head: `${lease.fence}-2`,
        journal: { first: '1' },
        turns: 1,
      });
    });

    it('gives one lease when many claim at once', async () => {
      await bench.submit();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => bench.store.claim(bench.sessionId, claimInput())),
      );
      expect(answers.filter(({ kind }) => kind === 'lease')).toHaveLength(1);
      expect(answers.filter(({ kind }) => kind === 'owned')).toHaveLength(19);
      expect(await bench.readAll()).toHaveLength(2);
    });

    it('answers until when another relay holds the lease', async () => {
      await bench.start();
      const first = await bench.store.claim(bench.sessionId, claimInput());
      const dueAt = first.kind === 'owned' ? first.dueAt : Number.NaN;
      expect(dueAt).toBeGreaterThan(LEASE_MS);
      expect(Number.isSafeInteger(dueAt)).toBe(true);
    });

    it('answers none without a session, and closed without an active run', async () => {
      expect(await bench.store.claim(bench.sessionId, claimInput())).toEqual({ kind: 'none' });
      await bench.completeRun();
      expect(await bench.store.claim(bench.sessionId, claimInput())).toEqual({ kind: 'closed' });
      await bench.store.delete(bench.sessionId);
      expect(await bench.store.claim(bench.sessionId, claimInput())).toEqual({ kind: 'none' });
    });

    it('takes over a run with an expired lease: one attempt more, the reply reset, the old writer refused', async () => {
      const old = await bench.start();
      await bench.store.append(bench.sessionId, { fence: old.fence, seq: 1, entries: [chunkText(old.runId, 'half')] });
      await bench.advance(LEASE_MS + 1);
      const lease = await bench.claim();

      expect(lease.fence).toBeGreaterThan(old.fence);
      expect(lease).toMatchObject({ runId: old.runId, attempt: 2, next: 1, turns: 0, reset: true });
      const [entry] = await bench.readAll(`${old.fence}-1`);
      expect(entry).toMatchObject({ id: lease.head, prev: `${old.fence}-1` });
      expect(entry?.data).toContain('"attempt":2,"reset":true,"steps":0,"at":');
      expect(messageOf(entry)).toEqual({
        type: 'metadata',
        status: 'restarted',
        runId: old.runId,
        messageId: old.runId,
        attempt: 2,
        reset: true,
        steps: 0,
      });
      expect(await bench.store.head(bench.sessionId)).toMatchObject({ run: { status: 'restarted', attempt: 2 } });
      for (const seq of [1, 2, 3]) {
        expect(await bench.store.append(bench.sessionId, { fence: old.fence, seq, entries: ['{}'] })).toEqual({
          kind: 'fenced',
        });
      }
      expect(await bench.store.finish(bench.sessionId, { fence: old.fence, seq: 2, entries: ['{}'] })).toEqual({
        kind: 'fenced',
      });
      expect(await bench.headCursor()).toBe(lease.head);
    });

    it('gives no lease to the token of a claim that was taken over', async () => {
      await bench.submit();
      const input = claimInput();
      await bench.claim(input);
      await bench.advance(LEASE_MS + 1);
      const lease = await bench.claim();
      expect(await bench.store.claim(bench.sessionId, input)).toMatchObject({ kind: 'owned' });
      expect(await bench.headCursor()).toBe(lease.head);
    });

    it('gives the journal and the finished turns to the next attempt', async () => {
      const old = await bench.start();
      const { fence } = old;
      await bench.store.append(bench.sessionId, {
        fence,
        seq: 1,
        entries: [],
        step: { name: 'start', result: '{"a":1}' },
      });
      await bench.store.append(bench.sessionId, {
        fence,
        seq: 1,
        entries: ['{}'],
        step: { name: 'turn 1', result: '"x"', turns: 1 },
      });
      await bench.store.append(bench.sessionId, {
        fence,
        seq: 2,
        entries: ['{}'],
        step: { name: 'tool', result: 'null' },
      });
      await bench.advance(LEASE_MS + 1);
      const lease = await bench.claim();
      expect(lease.journal).toEqual({ start: '{"a":1}', 'turn 1': '"x"', tool: 'null' });
      expect(lease.turns).toBe(1);
      expect(messageOf((await bench.readAll(`${fence}-2`))[0])).toMatchObject({ reset: true, steps: 1 });
    });

    it('gives a new run an empty journal', async () => {
      const old = await bench.start();
      await bench.store.append(bench.sessionId, {
        fence: old.fence,
        seq: 1,
        entries: [],
        step: { name: 'start', result: '1', turns: 3 },
      });
      await bench.store.finish(bench.sessionId, { fence: old.fence, seq: 1, entries: ['{}'] });
      expect(await bench.start()).toMatchObject({ journal: {}, turns: 0, attempt: 1 });
    });

    it('continues a partial reply if the log still ends at its head', async () => {
      const old = await bench.start();
      await bench.store.append(bench.sessionId, { fence: old.fence, seq: 1, entries: ['{}'] });
      await bench.advance(LEASE_MS + 1);
      const lease = await bench.claim({ takeover: { kind: 'continue', head: `${old.fence}-1` } });
      expect(lease).toMatchObject({ attempt: 2, reset: false });
      expect(messageOf((await bench.readAll(`${old.fence}-1`))[0])).toEqual({
        type: 'metadata',
        status: 'restarted',
        runId: old.runId,
        messageId: old.runId,
        attempt: 2,
      });
    });

    it('resets the reply when entries came after the head of a takeover by continue', async () => {
      const old = await bench.start();
      const { head } = old;
      await bench.store.append(bench.sessionId, { fence: old.fence, seq: 1, entries: ['{}'] });
      await bench.advance(LEASE_MS + 1);
      const input = claimInput({ takeover: { kind: 'continue', head } });
      const lease = await bench.claim(input);
      expect(lease.reset).toBe(true);
      expect(await bench.claim(input)).toEqual(lease);
      expect(messageOf((await bench.readAll(`${old.fence}-1`))[0])).toMatchObject({ reset: true, steps: 0 });
    });

    it('ends an interrupted run when the takeover is fail', async () => {
      const old = await bench.start();
      await bench.store.append(bench.sessionId, { fence: old.fence, seq: 1, entries: ['{}'] });
      await bench.advance(LEASE_MS + 1);
      const input = claimInput({ takeover: { kind: 'fail' } });
      expect(await bench.store.claim(bench.sessionId, input)).toEqual({ kind: 'ended', reason: 'interrupted' });

      const [error, terminal, ...rest] = await bench.readAll(`${old.fence}-1`);
      expect(error?.prev).toBe(`${old.fence}-1`);
      expect(messageOf(error)).toMatchObject({
        type: 'error',
        runId: old.runId,
        problem: { code: 'interrupted', retryable: true },
      });
      expect(messageOf(terminal)).toEqual({
        type: 'metadata',
        status: 'failed',
        runId: old.runId,
        messageId: old.runId,
        attempt: 1,
      });
      expect(rest).toEqual([]);
      expect(await bench.store.head(bench.sessionId)).toMatchObject({ head: terminal?.id, run: null });

      expect(await bench.store.claim(bench.sessionId, input)).toEqual({ kind: 'ended', reason: 'interrupted' });
      expect(await bench.store.claim(bench.sessionId, claimInput())).toEqual({ kind: 'closed' });
      expect(await bench.store.append(bench.sessionId, { fence: old.fence, seq: 2, entries: ['{}'] })).toEqual({
        kind: 'closed',
      });
      expect(await bench.headCursor()).toBe(terminal?.id);
    });

    it('starts a queued run, whatever the takeover', async () => {
      await bench.submit();
      expect(await bench.claim({ takeover: { kind: 'fail' } })).toMatchObject({ attempt: 1 });
    });

    it('retries a run that was released for a retry, also when the takeover is fail', async () => {
      const old = await bench.start();
      await bench.store.release(bench.sessionId, { fence: old.fence, delayMs: 0, as: 'retry' });
      expect(await bench.claim({ takeover: { kind: 'fail' } })).toMatchObject({ attempt: 2, reset: true });
    });

    it('ends a run that has used up its attempts', async () => {
      const first = await bench.start();
      for (const attempt of [2, 3]) {
        await bench.advance(LEASE_MS + 1);
        expect(await bench.claim()).toMatchObject({ attempt });
      }
      const before = await bench.headCursor();
      await bench.advance(LEASE_MS + 1);
      const input = claimInput();
      const ended = { kind: 'ended', reason: 'attempts-exhausted' };
      expect(await bench.store.claim(bench.sessionId, input)).toEqual(ended);
      expect(await bench.store.claim(bench.sessionId, input)).toEqual(ended);

      const [error, terminal, ...rest] = await bench.readAll(before);
      expect(error?.id).toMatch(/-0$/);
      expect(messageOf(error)).toMatchObject({ type: 'error', problem: { code: 'attempts-exhausted' } });
      expect(messageOf(terminal)).toMatchObject({ status: 'failed', runId: first.runId, attempt: 3 });
      expect(rest).toEqual([]);
      expect((await bench.store.take(1_000)).due).not.toContain(bench.sessionId);
      expect(await bench.store.submit(bench.sessionId, submitInput())).toMatchObject({ kind: 'ok' });
    });
  });

  describe('renew', () => {
    const bench = useBench(openStore);

    it('extends the lease', async () => {
      const { fence } = await bench.start();
      for (let round = 0; round < 3; round += 1) {
        await bench.advance(LEASE_MS * 0.7);
        expect(await bench.store.renew(bench.sessionId, { fence, leaseMs: LEASE_MS })).toEqual({ kind: 'ok' });
      }
      expect(await bench.store.claim(bench.sessionId, claimInput())).toMatchObject({ kind: 'owned' });
      await bench.advance(LEASE_MS + 1);
      expect(await bench.claim()).toMatchObject({ attempt: 2 });
    });

    it('extends an expired lease until the run is taken over', async () => {
      const { fence } = await bench.start();
      await bench.advance(LEASE_MS * 2);
      expect(await bench.store.renew(bench.sessionId, { fence, leaseMs: LEASE_MS })).toEqual({ kind: 'ok' });
      expect(await bench.store.claim(bench.sessionId, claimInput())).toMatchObject({ kind: 'owned' });
    });

    it('refuses everyone but the holder of the lease', async () => {
      expect(await bench.store.renew(bench.sessionId, { fence: 1, leaseMs: 1 })).toEqual({ kind: 'none' });
      const old = await bench.start();
      await bench.advance(LEASE_MS + 1);
      const lease = await bench.claim();
      expect(await bench.store.renew(bench.sessionId, { fence: old.fence, leaseMs: 1 })).toEqual({ kind: 'fenced' });
      expect(await bench.store.renew(bench.sessionId, { fence: lease.fence + 1, leaseMs: 1 })).toEqual({
        kind: 'fenced',
      });
      await bench.store.cancel(bench.sessionId, { token: newId() });
      expect(await bench.store.renew(bench.sessionId, { fence: lease.fence, leaseMs: 1 })).toEqual({ kind: 'closed' });
    });
  });

  describe('release', () => {
    const bench = useBench(openStore);

    it('hands a run over: due at once, same attempt', async () => {
      const old = await bench.start();
      const released = await bench.store.release(bench.sessionId, { fence: old.fence, delayMs: 0, as: 'hand-over' });
      expect(released).toEqual({ kind: 'ok' });
      expect((await bench.store.take(1_000)).due).toContain(bench.sessionId);
      const lease = await bench.claim();
      expect(lease).toMatchObject({ attempt: 1, reset: true });
      expect(lease.fence).toBeGreaterThan(old.fence);
      expect(messageOf((await bench.readAll(old.head))[0])).toMatchObject({
        status: 'restarted',
        attempt: 1,
        reset: true,
      });
    });

    it('releases a run for a retry: due after the delay, one attempt more', async () => {
      const old = await bench.start();
      await bench.store.release(bench.sessionId, { fence: old.fence, delayMs: 5_000, as: 'retry' });
      expect((await bench.store.take(1_000)).due).not.toContain(bench.sessionId);
      expect(await bench.store.claim(bench.sessionId, claimInput())).toMatchObject({ kind: 'owned' });
      await bench.advance(5_001);
      expect((await bench.store.take(1_000)).due).toContain(bench.sessionId);
      expect(await bench.claim()).toMatchObject({ attempt: 2 });
    });

    it('counts retries as attempts until they are used up', async () => {
      await bench.start();
      for (const attempt of [1, 2]) {
        const { fence } =
          attempt === 1 ? { fence: Number((await bench.headCursor()).split('-')[0]) } : await bench.claim();
        await bench.store.release(bench.sessionId, { fence, delayMs: 0, as: 'retry' });
      }
      expect(await bench.store.claim(bench.sessionId, claimInput({ maxAttempts: 2 }))).toEqual({
        kind: 'ended',
        reason: 'attempts-exhausted',
      });
    });

    it('has one effect when it is sent twice', async () => {
      const { fence } = await bench.start();
      await bench.store.release(bench.sessionId, { fence, delayMs: 0, as: 'hand-over' });
      expect(await bench.store.release(bench.sessionId, { fence, delayMs: 9_000, as: 'retry' })).toEqual({
        kind: 'ok',
      });
      expect(await bench.claim()).toMatchObject({ attempt: 1 });
    });

    it('counts handovers as attempts from the eleventh on', async () => {
      let lease = await bench.start();
      for (let handOver = 1; handOver <= 12; handOver += 1) {
        await bench.store.release(bench.sessionId, { fence: lease.fence, delayMs: 0, as: 'hand-over' });
        lease = await bench.claim();
        expect(lease.attempt).toBe(handOver <= 10 ? 1 : handOver - 9);
      }
      await bench.store.release(bench.sessionId, { fence: lease.fence, delayMs: 0, as: 'hand-over' });
      expect(await bench.store.claim(bench.sessionId, claimInput())).toMatchObject({ kind: 'ended' });
    });

    it('ends the right to write, but still answers duplicate to what was written', async () => {
      const { fence } = await bench.start();
      await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['{}'] });
      await bench.store.release(bench.sessionId, { fence, delayMs: 60_000, as: 'retry' });
      expect(await bench.store.append(bench.sessionId, { fence, seq: 2, entries: ['{}'] })).toEqual({ kind: 'fenced' });
      expect(await bench.store.finish(bench.sessionId, { fence, seq: 2, entries: ['{}'] })).toEqual({ kind: 'fenced' });
      expect(await bench.store.renew(bench.sessionId, { fence, leaseMs: LEASE_MS })).toEqual({ kind: 'fenced' });
      expect(await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['{}'] })).toEqual({
        kind: 'duplicate',
        next: 2,
      });
    });

    it('gives no lease to the token of the released claim', async () => {
      await bench.submit();
      const input = claimInput();
      const { fence, head } = await bench.claim(input);
      await bench.store.release(bench.sessionId, { fence, delayMs: 0, as: 'hand-over' });
      expect(await bench.store.claim(bench.sessionId, input)).toMatchObject({ kind: 'owned' });
      expect(await bench.headCursor()).toBe(head);
    });

    it('refuses everyone but the holder of the lease', async () => {
      const input = { delayMs: 0, as: 'retry' } as const;
      expect(await bench.store.release(bench.sessionId, { fence: 1, ...input })).toEqual({ kind: 'none' });
      await bench.submit();
      const queued = Number((await bench.headCursor()).split('-')[0]);
      expect(await bench.store.release(bench.sessionId, { fence: queued, ...input })).toEqual({ kind: 'fenced' });
      const old = await bench.claim();
      await bench.advance(LEASE_MS + 1);
      const lease = await bench.claim();
      expect(await bench.store.release(bench.sessionId, { fence: old.fence, ...input })).toEqual({ kind: 'fenced' });
      await bench.store.finish(bench.sessionId, { fence: lease.fence, seq: 1, entries: ['{}'] });
      expect(await bench.store.release(bench.sessionId, { fence: lease.fence, ...input })).toEqual({ kind: 'closed' });
    });
  });
}
