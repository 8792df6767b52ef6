import { describe, expect, it } from 'vitest';
import { parseCursor, START } from '#shared/cursor.ts';
import { newId } from '#shared/ids.ts';
import { MAX_TRANSCRIPT_BYTES, submitInput, texts, useBench, type OpenStore } from './store-harness.ts';

/** Tests of `submit`. */
export function describeSubmit(openStore: OpenStore): void {
  describe('submit', () => {
    const bench = useBench(openStore);

    it('writes the entries under a new fence, numbered from 0, and answers the cursor before them', async () => {
      const input = submitInput({ entries: ['{"a":1}', '{"b":2}', '{"c":3}'] });
      expect(await bench.store.submit(bench.sessionId, input)).toEqual({ kind: 'ok', cursor: START });

      const entries = await bench.readAll();
      const fence = parseCursor(entries[0]?.id ?? '')?.fence;
      expect(fence).toBeGreaterThan(0);
      expect(entries).toEqual([
        { id: `${fence}-0`, prev: START, data: '{"a":1}' },
        { id: `${fence}-1`, data: '{"b":2}' },
        { id: `${fence}-2`, data: '{"c":3}' },
      ]);
    });

    it('keeps every character of a text', async () => {
      const text = JSON.stringify({ text: 'line\nline\r\u2028\u0000 "quoted" \\ é 漢字 👩‍👩‍👧 \ud800 %s \' ; --' });
      await bench.submit({ entries: [text] });
      expect(texts(await bench.readAll())).toEqual([text]);
    });

    it('makes the run active, queued and due', async () => {
      const runId = await bench.submit();
      expect(await bench.store.head(bench.sessionId)).toMatchObject({
        kind: 'open',
        run: { runId, messageId: runId, status: 'queued', attempt: 1 },
      });
      expect((await bench.store.take(1_000)).due).toContain(bench.sessionId);
    });

    it('links the first entry of the second run to the end of the first run', async () => {
      await bench.completeRun();
      const head = await bench.headCursor();
      expect(await bench.store.submit(bench.sessionId, submitInput())).toEqual({ kind: 'ok', cursor: head });
      const [first] = await bench.readAll(head);
      expect(first?.prev).toBe(head);
    });

    it('raises the fence by at least one and the random bits', async () => {
      await bench.completeRun();
      const before = parseCursor(await bench.headCursor())?.fence ?? Number.NaN;
      bench.drawBits(1_048_575);
      await bench.submit();
      const after = parseCursor(await bench.headCursor())?.fence ?? Number.NaN;
      expect(after).toBeGreaterThanOrEqual(before + 1 + 1_048_575);
    });

    it('answers the same message again as before, and starts no second run', async () => {
      const input = submitInput();
      await bench.store.submit(bench.sessionId, input);
      const again = { ...input, runId: newId(), expect: '9-9' };
      const same = { kind: 'same', cursor: START, runId: input.runId };
      expect(await bench.store.submit(bench.sessionId, again)).toEqual(same);

      const lease = await bench.claim();
      expect(await bench.store.submit(bench.sessionId, again)).toEqual(same);
      await bench.store.finish(bench.sessionId, { fence: lease.fence, seq: 1, entries: ['{}'] });
      expect(await bench.store.submit(bench.sessionId, again)).toEqual(same);
      await bench.submit();
      expect(await bench.store.submit(bench.sessionId, again)).toEqual(same);
      expect(await bench.readAll()).toHaveLength(4);
    });

    it('refuses a message id that was used with another hash', async () => {
      const input = submitInput();
      await bench.store.submit(bench.sessionId, input);
      expect(await bench.store.submit(bench.sessionId, { ...input, hash: 'other' })).toEqual({ kind: 'mismatch' });
      expect(await bench.readAll()).toHaveLength(1);
    });

    it('refuses the message id of a reply', async () => {
      const runId = await bench.submit();
      expect(await bench.store.submit(bench.sessionId, submitInput({ messageId: runId }))).toEqual({
        kind: 'mismatch',
      });
      expect(await bench.store.submit(newId(), submitInput({ messageId: runId }))).toEqual({
        kind: 'ok',
        cursor: START,
      });
    });

    it('accepts the same message id in another session', async () => {
      const input = submitInput();
      await bench.store.submit(bench.sessionId, input);
      expect(await bench.store.submit(newId(), { ...input, hash: 'other' })).toEqual({ kind: 'ok', cursor: START });
    });

    it('refuses another prompt while a run is active', async () => {
      const runId = await bench.submit();
      expect(await bench.store.submit(bench.sessionId, submitInput())).toEqual({ kind: 'active', runId });
      await bench.claim();
      expect(await bench.store.submit(bench.sessionId, submitInput())).toEqual({ kind: 'active', runId });
    });

    it('accepts one of many concurrent prompts', async () => {
      const inputs = Array.from({ length: 20 }, () => submitInput());
      const answers = await Promise.all(inputs.map((input) => bench.store.submit(bench.sessionId, input)));
      expect(answers.filter(({ kind }) => kind === 'ok')).toHaveLength(1);
      expect(answers.filter(({ kind }) => kind === 'active')).toHaveLength(19);
      expect(await bench.readAll()).toHaveLength(1);
    });

    it('accepts one of many concurrent copies of a prompt, and answers same to the others', async () => {
      const input = submitInput();
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => bench.store.submit(bench.sessionId, { ...input, runId: newId() })),
      );
      expect(answers.filter(({ kind }) => kind === 'ok')).toHaveLength(1);
      expect(new Set(answers.flatMap((answer) => (answer.kind === 'same' ? [answer.runId] : []))).size).toBe(1);
      expect(await bench.readAll()).toHaveLength(1);
    });

    it('writes only if the log still ends at the expected cursor', async () => {
      expect(await bench.store.submit(bench.sessionId, submitInput({ expect: '5-0' }))).toEqual({ kind: 'moved' });
      expect(await bench.store.read(bench.sessionId, { limit: 1 })).toEqual({ kind: 'empty' });
      expect(await bench.store.submit(bench.sessionId, submitInput({ expect: START }))).toMatchObject({ kind: 'ok' });

      const lease = await bench.claim();
      await bench.store.finish(bench.sessionId, { fence: lease.fence, seq: 1, entries: ['{}'] });
      expect(await bench.store.submit(bench.sessionId, submitInput({ expect: lease.head }))).toEqual({ kind: 'moved' });
      const head = await bench.headCursor();
      expect(await bench.store.submit(bench.sessionId, submitInput({ expect: head }))).toEqual({
        kind: 'ok',
        cursor: head,
      });
    });

    it('answers active rather than moved', async () => {
      const runId = await bench.submit();
      expect(await bench.store.submit(bench.sessionId, submitInput({ expect: '5-0' }))).toEqual({
        kind: 'active',
        runId,
      });
    });

    it('makes every check in a dry run and writes nothing', async () => {
      const dryRun = (over = {}) => bench.store.submit(bench.sessionId, submitInput({ dryRun: true, ...over }));
      expect(await dryRun()).toEqual({ kind: 'ok', cursor: START });
      expect(await dryRun({ expect: '5-0' })).toEqual({ kind: 'moved' });
      expect(await bench.store.read(bench.sessionId, { limit: 1 })).toEqual({ kind: 'empty' });
      expect((await bench.store.take(1_000)).due).not.toContain(bench.sessionId);

      const input = submitInput();
      await bench.store.submit(bench.sessionId, input);
      expect(await dryRun()).toEqual({ kind: 'active', runId: input.runId });
      expect(await dryRun(input)).toEqual({ kind: 'same', cursor: START, runId: input.runId });
      expect(await dryRun({ ...input, hash: 'other' })).toEqual({ kind: 'mismatch' });
      await bench.store.delete(bench.sessionId);
      expect(await dryRun()).toEqual({ kind: 'gone' });
    });

    it('answers full once the transcript has reached its bound, but still answers old prompts', async () => {
      const input = submitInput();
      await bench.store.submit(bench.sessionId, input);
      const lease = await bench.claim();
      await bench.store.finish(bench.sessionId, { fence: lease.fence, seq: 1, entries: ['{}'] });
      const to = await bench.headCursor();
      // Each é is two bytes.
      const transcript = JSON.stringify('é'.repeat(MAX_TRANSCRIPT_BYTES / 2));
      expect(await bench.store.seal(bench.sessionId, { from: START, to, transcript, trimTo: START })).toBe('ok');

      expect(await bench.store.submit(bench.sessionId, submitInput())).toEqual({ kind: 'full' });
      expect(await bench.store.submit(bench.sessionId, submitInput({ expect: '5-0' }))).toEqual({ kind: 'full' });
      expect(await bench.store.submit(bench.sessionId, input)).toMatchObject({ kind: 'same' });
    });

    it('rejects a prompt without entries', async () => {
      await expect(bench.store.submit(bench.sessionId, submitInput({ entries: [] }))).rejects.toThrow(TypeError);
    });
  });
}
