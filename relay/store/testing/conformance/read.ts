import { describe, expect, it } from 'vitest';
import { follows, START, type Cursor } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import { firstId, groupDeltas } from '../../entries/delta-groups.ts';
import { encodeMessage } from '../../entries/encode-message.ts';
import type { LogEntry } from '../../session-store.ts';
import { checkSnapshotView } from './snapshot-view.ts';
import { entriesOf, LEASE_MS, useBench, type OpenStore } from './store-harness.ts';

/** Tests of `read`, `head` and `seal`. */
export function describeRead(openStore: OpenStore): void {
  describe('read and head', () => {
    const bench = useBench(openStore);
    const read = (after?: Cursor, limit = 100) =>
      bench.store.read(bench.sessionId, { limit, ...(after === undefined ? {} : { after }) });

    it('answer empty for a session that was never written', async () => {
      expect(await read()).toEqual({ kind: 'empty' });
      expect(await read('5-5')).toEqual({ kind: 'empty' });
      expect(await read(START)).toEqual({ kind: 'empty' });
      expect(await bench.store.head(bench.sessionId)).toEqual({ kind: 'empty' });
    });

    it('give the transcript and the log after it when no cursor is given', async () => {
      const { fence, runId } = await bench.start();
      const answer = await read();
      expect(answer).toMatchObject({
        kind: 'snapshot',
        transcript: '[]',
        feedback: {},
        cursor: START,
        head: `${fence}-0`,
        run: { runId, messageId: runId, status: 'started', attempt: 1 },
      });
      expect(entriesOf(answer)).toHaveLength(2);
    });

    it('give exactly the rest after every cursor of the log, across fences', async () => {
      const old = await bench.start();
      await bench.store.append(bench.sessionId, { fence: old.fence, seq: 1, entries: ['"a"', '"b"'] });
      await bench.advance(LEASE_MS + 1);
      const lease = await bench.claim();
      await bench.store.finish(bench.sessionId, { fence: lease.fence, seq: 1, entries: ['"c"', '"end"'] });
      await bench.completeRun();
      await bench.submit();
      await bench.store.cancel(bench.sessionId, { token: newId() });

      const all = await bench.readAll();
      const head = all.at(-1)?.id;
      const cursors = [START, ...all.map(({ id }) => id)];
      for (const [index, cursor] of cursors.entries()) {
        expect(await read(cursor)).toEqual({ kind: 'exact', entries: all.slice(index), head, run: null });
      }
    });

    it('give at most the entries asked for, and the rest with further reads', async () => {
      await bench.completeRun(5);
      await bench.completeRun(3);
      const all = await bench.readAll();
      for (const limit of [1, 2, 3]) {
        const pages: LogEntry[] = entriesOf(await read(undefined, limit));
        expect(pages).toHaveLength(limit);
        while (pages.length < all.length) {
          const answer = await read(pages.at(-1)?.id, limit);
          expect(answer).toMatchObject({ kind: 'exact', head: all.at(-1)?.id });
          expect(entriesOf(answer).length).toBeLessThanOrEqual(limit);
          pages.push(...entriesOf(answer));
        }
        expect(pages).toEqual(all);
      }
    });

    it('give a snapshot for a cursor that nothing follows', async () => {
      const old = await bench.start();
      await bench.store.append(bench.sessionId, { fence: old.fence, seq: 1, entries: ['"a"'] });
      await bench.advance(LEASE_MS + 1);
      const lease = await bench.claim();
      const strangers = [
        `${old.fence}-2`, // of a lost history: the log went on from 1
        `${old.fence - 1}-0`,
        `${old.fence + 1}-0`,
        `${lease.fence}-1`, // ahead
        `${lease.fence + 5}-0`,
        '0-1',
        '1-0',
        `${Number.MAX_SAFE_INTEGER}-${Number.MAX_SAFE_INTEGER}`,
      ];
      for (const cursor of strangers) {
        const answer = await read(cursor);
        expect(answer, cursor).toMatchObject({ kind: 'snapshot', cursor: START });
        expect(entriesOf(answer)).toHaveLength(4);
      }
    });

    it('tell the end of the log and the active run', async () => {
      const runId = await bench.submit();
      const run = { runId, messageId: runId, attempt: 1 };
      expect(await bench.store.head(bench.sessionId)).toMatchObject({
        kind: 'open',
        run: { ...run, status: 'queued' },
      });
      const { fence } = await bench.claim();
      expect(await bench.store.head(bench.sessionId)).toEqual({
        kind: 'open',
        head: `${fence}-0`,
        run: { ...run, status: 'started' },
        revoked: 0,
      });
      await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['"a"', '"b"'] });
      expect(await bench.store.head(bench.sessionId)).toMatchObject({ head: `${fence}-2` });
      await bench.advance(LEASE_MS + 1);
      const lease = await bench.claim();
      expect(await bench.store.head(bench.sessionId)).toMatchObject({
        run: { ...run, status: 'restarted', attempt: 2 },
      });
      await bench.store.finish(bench.sessionId, { fence: lease.fence, seq: 1, entries: ['"end"'] });
      expect(await bench.store.head(bench.sessionId)).toEqual({
        kind: 'open',
        head: `${lease.fence}-1`,
        run: null,
        revoked: 0,
      });
    });

    it('merge deltas when asked to, and lose none of them', async () => {
      const texts = ['Hel', 'lo', ' "you"\n', '', '\\', '\ud83d', '\ude00', 'ünd', '\u2028', '"}}', '\r\n\n', '🎉'];
      const runId = await bench.submit();
      const said = (part: string) =>
        texts.map((delta) => encodeMessage({ type: 'chunk', runId, chunk: { type: 'text-delta', id: part, delta } }));
      const { fence } = await bench.claim();
      const written = [...said('1'), '"a"', ...said('1'), ...said('2')];
      for (const [index, entry] of written.entries()) {
        await bench.store.append(bench.sessionId, { fence, seq: 1 + index, entries: [entry] });
      }
      await bench.advance(LEASE_MS + 1);
      const again = await bench.claim();
      await bench.store.append(bench.sessionId, { fence: again.fence, seq: 1, entries: said('1') });

      const all = await bench.readAll();
      expect(all.slice(2, 2 + written.length).map(({ data }) => data)).toEqual(written);
      const cursors = [START, ...all.map(({ id }) => id)];
      for (const [index, after] of cursors.entries()) {
        for (const limit of [1, 2, 9, 100]) {
          const merged = entriesOf(await bench.store.read(bench.sessionId, { after, limit, merged: true }));
          const end = all.findIndex(({ id }) => id === merged.at(-1)?.id) + 1;
          expect(wholeTexts(merged), `${limit} after ${after}`).toEqual(
            wholeTexts(all.slice(index, Math.max(index, end))),
          );
          expect(end).toBeLessThanOrEqual(index + limit);
          expect(merged.length > 0).toBe(index < all.length);
          if (merged[0]) expect(follows(after, merged[0])).toBe(true);
        }
      }
    });

    it('see one state while entries are written', async () => {
      const { fence } = await bench.start();
      const writes = Array.from({ length: 50 }, (_, index) =>
        bench.store.append(bench.sessionId, { fence, seq: 1 + index * 2, entries: ['"a"', '"b"'] }),
      );
      const answers = await Promise.all(Array.from({ length: 50 }, () => read(`${fence}-0`, 1_000)));
      await Promise.all(writes);
      for (const answer of answers) {
        const entries = entriesOf(answer);
        expect(entries.length % 2).toBe(0);
        expect(answer).toMatchObject({ kind: 'exact', head: entries.at(-1)?.id ?? `${fence}-0` });
      }
    });

    it('give a snapshot of one moment while runs end and are sealed', { timeout: 60_000 }, async () => {
      await expect(checkSnapshotView(openStore)).resolves.toBeUndefined();
    });
  });

  /** Entries with adjacent deltas merged, whether they came merged or not. */
  function wholeTexts(entries: readonly LogEntry[]): object[] {
    return groupDeltas(entries, Infinity).map((group) =>
      'pieces' in group
        ? { from: firstId(group.first), id: group.last, head: group.head, text: group.pieces.join('') }
        : group,
    );
  }

  describe('seal', () => {
    const bench = useBench(openStore);
    const seal = (over: { from?: Cursor; to: Cursor; transcript?: string; trimTo?: Cursor }) =>
      bench.store.seal(bench.sessionId, { from: START, transcript: '["folded"]', trimTo: START, ...over });

    it('replaces the transcript, from which snapshots then start', async () => {
      await bench.completeRun();
      const to = await bench.headCursor();
      expect(await seal({ to })).toBe('ok');
      expect(await bench.store.read(bench.sessionId, { limit: 100 })).toEqual({
        kind: 'snapshot',
        transcript: '["folded"]',
        feedback: {},
        cursor: to,
        entries: [],
        head: to,
        run: null,
      });
      await bench.completeRun();
      const answer = await bench.store.read(bench.sessionId, { limit: 100 });
      expect(answer).toMatchObject({ kind: 'snapshot', transcript: '["folded"]', cursor: to });
      expect(entriesOf(answer)).toEqual(await bench.readAll(to));
    });

    it('never overwrites a transcript that was written meanwhile', async () => {
      await bench.completeRun();
      const first = await bench.headCursor();
      await bench.completeRun();
      const second = await bench.headCursor();
      expect(await seal({ to: second, transcript: '["newer"]' })).toBe('ok');
      expect(await seal({ to: first, transcript: '["older"]', trimTo: first })).toBe('stale');
      expect(await seal({ to: second, transcript: '["same"]' })).toBe('stale');
      expect(await seal({ from: first, to: second, transcript: '["from"]' })).toBe('stale');
      // These reach no further than the transcript does.
      expect(await seal({ from: second, to: second, transcript: '["nothing"]' })).toBe('stale');
      expect(await seal({ from: second, to: first, transcript: '["back"]' })).toBe('stale');
      expect(await bench.store.read(bench.sessionId, { limit: 1 })).toMatchObject({
        transcript: '["newer"]',
        cursor: second,
      });
    });

    it('lets one of many concurrent sealers win', async () => {
      await bench.completeRun();
      const to = await bench.headCursor();
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => seal({ to, transcript: `[${index}]` })),
      );
      expect(answers.filter((answer) => answer === 'ok')).toHaveLength(1);
      const winner = answers.indexOf('ok');
      expect(await bench.store.read(bench.sessionId, { limit: 1 })).toMatchObject({ transcript: `[${winner}]` });
    });

    it('trims the log up to the given cursor, and nothing after it', async () => {
      await bench.completeRun(3);
      const trimTo = await bench.headCursor();
      await bench.completeRun(2);
      const to = await bench.headCursor();
      const kept = await bench.readAll(trimTo);
      expect(await seal({ to, trimTo })).toBe('ok');

      expect(await bench.readAll(trimTo)).toEqual(kept);
      for (const cursor of [START, `${trimTo.split('-')[0]}-1`]) {
        expect(await bench.store.read(bench.sessionId, { after: cursor, limit: 100 })).toMatchObject({
          kind: 'snapshot',
          cursor: to,
          entries: [],
        });
      }
      expect(await bench.headCursor()).toBe(to);
    });

    it('trims nothing that is not in the transcript', async () => {
      await bench.completeRun();
      const to = await bench.headCursor();
      await bench.completeRun();
      const rest = await bench.readAll(to);
      expect(await seal({ to, trimTo: await bench.headCursor() })).toBe('ok');
      expect(await bench.readAll(to)).toEqual(rest);
    });

    it('keeps the active run, whose writer goes on', async () => {
      await bench.completeRun();
      const to = await bench.headCursor();
      const { fence } = await bench.start();
      const run = await bench.readAll(to);
      for (const within of run.map(({ id }) => id)) expect(await seal({ to: within, trimTo: within })).toBe('stale');
      expect(await seal({ to, trimTo: to })).toBe('ok');
      expect(await bench.readAll(to)).toEqual(run);
      expect(await bench.store.append(bench.sessionId, { fence, seq: 1, entries: ['"a"'] })).toEqual({
        kind: 'ok',
        next: 2,
      });
      expect(await bench.store.finish(bench.sessionId, { fence, seq: 2, entries: ['"end"'] })).toEqual({
        kind: 'ok',
        next: 3,
      });
      expect(await bench.readAll(to)).toHaveLength(run.length + 2);
    });

    it('continues the numbering when the whole log was trimmed', async () => {
      await bench.completeRun();
      const to = await bench.headCursor();
      expect(await seal({ to, trimTo: to })).toBe('ok');
      expect(await bench.store.read(bench.sessionId, { after: to, limit: 1 })).toMatchObject({
        kind: 'exact',
        entries: [],
        head: to,
      });
      await bench.submit();
      const [first] = await bench.readAll(to);
      expect(first?.prev).toBe(to);
    });

    it('refuses cursors that are not in the log', async () => {
      expect(await seal({ to: '5-0' })).toBe('stale');
      expect(await bench.store.read(bench.sessionId, { limit: 1 })).toEqual({ kind: 'empty' });
      const { fence } = await bench.completeRun();
      expect(await seal({ to: `${fence + 1}-0` })).toBe('stale');
      // As if it was read from a lost history.
      expect(await seal({ to: `${fence - 1}-0` })).toBe('stale');
      await bench.store.delete(bench.sessionId);
      expect(await seal({ to: `${fence}-3` })).toBe('stale');
    });
  });
}
