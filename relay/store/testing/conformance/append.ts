import { describe, expect, it } from 'vitest';
import { newId } from '#shared/ids.ts';
import {
  claimInput,
  LEASE_MS,
  messageOf,
  submitInput,
  terminalText,
  texts,
  useBench,
  type OpenStore,
} from './store-harness.ts';

/** Tests of `append`, `finish` and `cancel`. */
export function describeAppend(openStore: OpenStore): void {
  describe('append', () => {
    const bench = useBench(openStore);
    const append = (fence: number, seq: number, entries: string[]) =>
      bench.store.append(bench.sessionId, { fence, seq, entries });

    it('numbers entries in the order of the calls, without prev', async () => {
      const { fence, head } = await bench.start();
      const answers = await Promise.all([
        append(fence, 1, ['"a"']),
        append(fence, 2, ['"b"', '"c"']),
        append(fence, 4, ['"d"']),
      ]);
      expect(answers).toEqual([
        { kind: 'ok', next: 2 },
        { kind: 'ok', next: 4 },
        { kind: 'ok', next: 5 },
      ]);
      expect(await bench.readAll(head)).toEqual([
        { id: `${fence}-1`, data: '"a"' },
        { id: `${fence}-2`, data: '"b"' },
        { id: `${fence}-3`, data: '"c"' },
        { id: `${fence}-4`, data: '"d"' },
      ]);
    });

    it('writes entries that are sent twice once', async () => {
      const { fence, head } = await bench.start();
      await append(fence, 1, ['"a"', '"b"']);
      expect(await append(fence, 1, ['"a"', '"b"'])).toEqual({ kind: 'duplicate', next: 3 });
      await append(fence, 3, ['"c"']);
      expect(await append(fence, 1, ['"a"', '"b"'])).toEqual({ kind: 'duplicate', next: 4 });
      expect(texts(await bench.readAll(head))).toEqual(['"a"', '"b"', '"c"']);
    });

    it('writes only the new entries of an append that overlaps with the log', async () => {
      const { fence, head } = await bench.start();
      await append(fence, 1, ['"a"', '"b"']);
      expect(await append(fence, 2, ['"b"', '"c"', '"d"'])).toEqual({ kind: 'ok', next: 5 });
      expect(texts(await bench.readAll(head))).toEqual(['"a"', '"b"', '"c"', '"d"']);
    });

    it('answers gap with the next seq when earlier entries are missing, and writes nothing', async () => {
      const { fence, head } = await bench.start();
      expect(await append(fence, 2, ['"b"'])).toEqual({ kind: 'gap', next: 1 });
      expect(await append(fence, 1_000, [])).toEqual({ kind: 'gap', next: 1 });
      expect(await bench.headCursor()).toBe(head);
    });

    it('refuses every fence but that of the newest claim', async () => {
      await bench.submit();
      const queued = Number((await bench.headCursor()).split('-')[0]);
      for (const seq of [0, 1]) expect(await append(queued, seq, ['"x"'])).toEqual({ kind: 'fenced' });
      const { fence, head } = await bench.claim();
      for (const other of [queued, fence - 1, fence + 1, 0])
        expect(await append(other, 1, ['"x"'])).toEqual({ kind: 'fenced' });
      expect(await bench.headCursor()).toBe(head);
    });

    it('accepts entries after the lease has expired, until the run is taken over', async () => {
      const { fence } = await bench.start();
      await bench.advance(LEASE_MS * 2);
      expect(await append(fence, 1, ['"a"'])).toEqual({ kind: 'ok', next: 2 });
      await bench.claim();
      expect(await append(fence, 2, ['"b"'])).toEqual({ kind: 'fenced' });
    });

    it('answers closed without an active run, and none without a session', async () => {
      expect(await append(1, 1, ['"a"'])).toEqual({ kind: 'none' });
      const { fence } = await bench.completeRun(1);
      expect(await append(fence, 3, ['"a"'])).toEqual({ kind: 'closed' });
      expect(await append(fence, 1, ['"a"'])).toEqual({ kind: 'duplicate', next: 3 });
      expect(await append(fence - 1, 3, ['"a"'])).toEqual({ kind: 'closed' });
      await bench.store.delete(bench.sessionId);
      expect(await append(fence, 3, ['"a"'])).toEqual({ kind: 'none' });
    });

    it('writes a thousand entries at once', async () => {
      const { fence, head } = await bench.start();
      const entries = Array.from({ length: 1_000 }, (_, index) => JSON.stringify(`entry ${index}`));
      expect(await append(fence, 1, entries)).toEqual({ kind: 'ok', next: 1_001 });
      expect(texts(await bench.readAll(head))).toEqual(entries);
    });

    it('journals a step with its last entry', async () => {
      const { fence } = await bench.start();
      const input = { fence, seq: 1, entries: ['"a"'], step: { name: 'one', result: '{"r":1}', turns: 2 } };
      expect(await bench.store.append(bench.sessionId, input)).toEqual({ kind: 'ok', next: 2 });
      expect(await bench.store.append(bench.sessionId, input)).toEqual({ kind: 'duplicate', next: 2 });
      await bench.advance(LEASE_MS + 1);
      expect(await bench.claim()).toMatchObject({ journal: { one: '{"r":1}' }, turns: 2 });
    });

    it('journals a step without entries, and keeps its first result', async () => {
      const { fence, head } = await bench.start();
      const step = { name: 'one', result: '1' };
      expect(await bench.store.append(bench.sessionId, { fence, seq: 1, entries: [], step })).toEqual({
        kind: 'ok',
        next: 1,
      });
      const again = { fence, seq: 1, entries: [], step: { ...step, result: '2' } };
      expect(await bench.store.append(bench.sessionId, again)).toEqual({ kind: 'duplicate', next: 1 });
      expect(await bench.headCursor()).toBe(head);
      await bench.advance(LEASE_MS + 1);
      expect(await bench.claim()).toMatchObject({ journal: { one: '1' } });
    });

    it('does not journal the step of a refused append', async () => {
      const old = await bench.start();
      const step = { name: 'late', result: '1', turns: 5 };
      expect(
        await bench.store.append(bench.sessionId, { fence: old.fence, seq: 5, entries: ['"x"'], step }),
      ).toMatchObject({
        kind: 'gap',
      });
      await bench.advance(LEASE_MS + 1);
      await bench.claim();
      expect(await bench.store.append(bench.sessionId, { fence: old.fence, seq: 1, entries: [], step })).toEqual({
        kind: 'fenced',
      });
      await bench.advance(LEASE_MS + 1);
      expect(await bench.claim()).toMatchObject({ journal: {}, turns: 0 });
    });
  });

  describe('finish', () => {
    const bench = useBench(openStore);
    const finish = (fence: number, seq: number, entries: string[]) =>
      bench.store.finish(bench.sessionId, { fence, seq, entries });

    it('writes the last entries and closes the run in one write', async () => {
      const { fence, runId, head } = await bench.start();
      const terminal = terminalText(runId);
      const answer = finish(fence, 1, ['"a"', terminal]);
      // A read in between sees neither or both.
      const between = await bench.store.read(bench.sessionId, { after: head, limit: 10 });
      if (between.kind === 'exact') expect(between.entries.length === 0).toBe(between.run !== null);
      expect(await answer).toEqual({ kind: 'ok', next: 3 });
      expect(await bench.store.read(bench.sessionId, { after: head, limit: 10 })).toEqual({
        kind: 'exact',
        entries: [
          { id: `${fence}-1`, data: '"a"' },
          { id: `${fence}-2`, data: terminal },
        ],
        head: `${fence}-2`,
        run: null,
      });
      expect(await bench.store.claim(bench.sessionId, claimInput())).toEqual({ kind: 'closed' });
    });

    it('answers duplicate when it is sent again', async () => {
      const { fence, head } = await bench.start();
      await finish(fence, 1, ['"end"']);
      expect(await finish(fence, 1, ['"end"'])).toEqual({ kind: 'duplicate', next: 2 });
      expect(await bench.readAll(head)).toHaveLength(1);
    });

    it('does not close the run when earlier entries are missing, or others are in their place', async () => {
      const { fence } = await bench.start();
      await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['"a"', '"b"'] });
      expect(await finish(fence, 4, ['"end"'])).toEqual({ kind: 'gap', next: 3 });
      expect(await finish(fence, 2, ['"end"'])).toEqual({ kind: 'gap', next: 3 });
      expect(await finish(fence, 2, ['"b"', '"end"'])).toEqual({ kind: 'gap', next: 3 });
      expect(await bench.store.head(bench.sessionId)).toMatchObject({ head: `${fence}-2`, run: { status: 'started' } });
      expect(await finish(fence, 3, ['"end"'])).toEqual({ kind: 'ok', next: 4 });
    });

    it('refuses writers without the lease, closed runs and missing sessions', async () => {
      expect(await finish(1, 0, ['"end"'])).toEqual({ kind: 'none' });
      await bench.submit();
      const queued = Number((await bench.headCursor()).split('-')[0]);
      expect(await finish(queued, 1, ['"end"'])).toEqual({ kind: 'fenced' });
      const { fence } = await bench.claim();
      expect(await finish(fence + 1, 1, ['"end"'])).toEqual({ kind: 'fenced' });
      await finish(fence, 1, ['"end"']);
      expect(await finish(fence, 2, ['"end"'])).toEqual({ kind: 'closed' });
      expect(await finish(fence - 1, 1, ['"end"'])).toEqual({ kind: 'closed' });
    });

    it('rejects a finish without entries', async () => {
      const { fence } = await bench.start();
      await expect(finish(fence, 1, [])).rejects.toThrow(TypeError);
      expect(await bench.store.head(bench.sessionId)).toMatchObject({ run: { status: 'started' } });
    });
  });

  describe('cancel', () => {
    const bench = useBench(openStore);
    const cancel = (over: { token?: string; runId?: string } = {}) =>
      bench.store.cancel(bench.sessionId, { token: newId(), ...over });

    it('closes the run under a new fence and refuses its writer', async () => {
      const { fence, runId } = await bench.start();
      await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['"a"'] });
      expect(await cancel()).toEqual({ kind: 'ok', runId });
      const [entry, ...rest] = await bench.readAll(`${fence}-1`);
      expect(rest).toEqual([]);
      expect(entry?.prev).toBe(`${fence}-1`);
      expect(Number(entry?.id.split('-')[0])).toBeGreaterThan(fence);
      expect(messageOf(entry)).toEqual({ type: 'metadata', status: 'cancelled', runId, messageId: runId, attempt: 1 });
      expect(await bench.store.append(bench.sessionId, { fence, seq: 2, entries: ['"b"'] })).toEqual({
        kind: 'closed',
      });
      expect(await bench.store.finish(bench.sessionId, { fence, seq: 2, entries: ['"b"'] })).toEqual({
        kind: 'closed',
      });
      expect(await bench.store.claim(bench.sessionId, claimInput())).toEqual({ kind: 'closed' });
      expect(await bench.store.head(bench.sessionId)).toMatchObject({ head: entry?.id, run: null });
      expect((await bench.store.take(1_000)).due).not.toContain(bench.sessionId);
    });

    it('closes a run that was not claimed yet', async () => {
      const runId = await bench.submit();
      expect(await cancel()).toEqual({ kind: 'ok', runId });
      expect(await bench.store.claim(bench.sessionId, claimInput())).toEqual({ kind: 'closed' });
    });

    it('refuses the old writer in the next run', async () => {
      const { fence } = await bench.start();
      await cancel();
      await bench.submit();
      expect(await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['"a"'] })).toEqual({
        kind: 'fenced',
      });
      await bench.claim();
      expect(await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['"a"'] })).toEqual({
        kind: 'fenced',
      });
    });

    it('answers the same token again as before, and does not cancel the next run', async () => {
      const token = newId();
      const runId = await bench.submit();
      await cancel({ token });
      const head = await bench.headCursor();
      expect(await cancel({ token })).toEqual({ kind: 'ok', runId });
      expect(await bench.headCursor()).toBe(head);

      const next = await bench.submit();
      expect(await cancel({ token })).toEqual({ kind: 'ok', runId });
      const other = newId();
      expect(await cancel({ token: other })).toEqual({ kind: 'ok', runId: next });
      const last = await bench.start();
      expect(await cancel({ token })).toEqual({ kind: 'ok', runId });
      expect(await cancel({ token: other })).toEqual({ kind: 'ok', runId: next });
      expect(await bench.store.head(bench.sessionId)).toMatchObject({ run: { runId: last.runId } });
    });

    it('cancels only the run it names', async () => {
      const { runId } = await bench.start();
      expect(await cancel({ runId: newId() })).toEqual({ kind: 'none' });
      expect(await bench.store.head(bench.sessionId)).toMatchObject({ run: { runId } });
      expect(await cancel({ runId })).toEqual({ kind: 'ok', runId });
      expect(await cancel({ runId })).toEqual({ kind: 'none' });
    });

    it('answers none when there is nothing to cancel', async () => {
      expect(await cancel()).toEqual({ kind: 'none' });
      expect(await bench.store.read(bench.sessionId, { limit: 1 })).toEqual({ kind: 'empty' });
      await bench.completeRun();
      expect(await cancel()).toEqual({ kind: 'none' });
      await bench.store.delete(bench.sessionId);
      expect(await cancel()).toEqual({ kind: 'gone' });
    });

    it('leaves one terminal message when it races with a finish', async () => {
      for (let round = 0; round < 10; round += 1) {
        const { fence, head, runId } = await bench.start();
        const stop = () => cancel({ runId });
        const end = () => bench.store.finish(bench.sessionId, { fence, seq: 1, entries: [terminalText(runId)] });
        const [a, b] = await Promise.all(round % 2 ? [stop(), end()] : [end(), stop()]);
        expect([a.kind, b.kind].filter((kind) => kind === 'ok')).toHaveLength(1);
        expect(await bench.readAll(head)).toHaveLength(1);
      }
      expect(await bench.store.submit(bench.sessionId, submitInput())).toMatchObject({ kind: 'ok' });
    });
  });
}
