import { describe, expect, it } from 'vitest';
import { START } from '#shared/cursor.ts';
import type { Feedback, FollowEvent } from '../../session-store.ts';
import { LEASE_MS, terminalText, TTL_MS, useBench, type OpenStore } from './store-harness.ts';

/** Tests of `rate`. */
export function describeRate(openStore: OpenStore): void {
  describe('rate', () => {
    const bench = useBench(openStore);
    const rate = (messageId: string, feedback: string | null) =>
      bench.store.rate(bench.sessionId, { messageId, feedback });
    const feedback = async (): Promise<Feedback> => {
      const answer = await bench.store.read(bench.sessionId, { limit: 1 });
      if (answer.kind !== 'snapshot') throw new Error(`the answer is ${answer.kind}`);
      return answer.feedback;
    };

    it('keeps the last rating of each reply until it is taken back', async () => {
      const first = await bench.completeRun();
      const second = await bench.completeRun();
      expect(await feedback()).toEqual({});
      expect(await rate(first.runId, '{"rating":"up"}')).toBe('ok');
      expect(await rate(second.runId, '"ä \\u0000 👋"')).toBe('ok');
      expect(await rate(first.runId, '{"rating":"down"}')).toBe('ok');
      expect(await feedback()).toEqual({ [first.runId]: '{"rating":"down"}', [second.runId]: '"ä \\u0000 👋"' });
      expect(await rate(first.runId, null)).toBe('ok');
      expect(await rate(first.runId, null)).toBe('ok');
      expect(await feedback()).toEqual({ [second.runId]: '"ä \\u0000 👋"' });
    });

    it('writes nothing to the log and does not disturb the run', async () => {
      const finished = await bench.completeRun();
      const { fence, runId } = await bench.start();
      const before = await bench.readAll();
      expect(await rate(finished.runId, '1')).toBe('ok');
      expect(await bench.readAll()).toEqual(before);
      expect(await bench.store.renew(bench.sessionId, { fence, leaseMs: LEASE_MS })).toEqual({ kind: 'ok' });
      const end = { fence, seq: 1, entries: [terminalText(runId)] };
      expect(await bench.store.finish(bench.sessionId, end)).toEqual({ kind: 'ok', next: 2 });
      expect(await feedback()).toEqual({ [finished.runId]: '1' });
    });

    it('is kept when runs are sealed and trimmed', async () => {
      const { runId } = await bench.completeRun();
      await rate(runId, '1');
      const to = await bench.headCursor();
      await bench.store.seal(bench.sessionId, { from: START, to, transcript: '["folded"]', trimTo: to });
      expect(await bench.store.read(bench.sessionId, { limit: 1 })).toMatchObject({
        transcript: '["folded"]',
        feedback: { [runId]: '1' },
        cursor: to,
      });
    });

    it('is refused for an active run and for anything but a reply', async () => {
      expect(await rate('anything', '1')).toBe('none');
      const { fence, runId } = await bench.start();
      expect(await rate(runId, '1')).toBe('active');
      expect(await rate('anything', '1')).toBe('unknown');
      expect(await rate('u', '1')).toBe('unknown');
      await bench.store.finish(bench.sessionId, { fence, seq: 1, entries: [terminalText(runId)] });
      expect(await feedback()).toEqual({});
      expect(await rate(runId, '1')).toBe('ok');
    });

    it('prolongs the session, and is erased with it', async () => {
      const { runId } = await bench.completeRun();
      await bench.advance(TTL_MS - 10_000);
      expect(await rate(runId, '1')).toBe('ok');
      await bench.advance(TTL_MS - 10_000);
      expect(await feedback()).toEqual({ [runId]: '1' });
      await bench.store.delete(bench.sessionId);
      expect(await rate(runId, '1')).toBe('gone');
      await bench.advance(2 * TTL_MS + 1);
      await bench.submit({ runId });
      expect(await feedback()).toEqual({});
    });

    it('tells the followers', async () => {
      const { runId } = await bench.completeRun();
      const kinds: FollowEvent['kind'][] = [];
      const leave = await bench.store.follow(bench.sessionId, ({ kind }) => void kinds.push(kind));
      await rate(runId, '1');
      await expect.poll(() => kinds).toContain('feedback');
      leave();
    });
  });
}
