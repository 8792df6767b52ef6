import { describe, expect, it } from 'vitest';
import type { FollowEvent } from '../../session-store.ts';
import { terminalText, TTL_MS, useBench, type OpenStore } from './store-harness.ts';

/** Tests of `revoke`. */
export function describeRevoke(openStore: OpenStore): void {
  describe('revoke', () => {
    const bench = useBench(openStore);
    const revoke = () => bench.store.revoke(bench.sessionId);
    const revoked = async (): Promise<number> => {
      const answer = await bench.store.head(bench.sessionId);
      return answer.kind === 'open' ? answer.revoked : Number.NaN;
    };

    it('counts revocations and does not disturb the run', async () => {
      expect(await revoke()).toBe('none');
      const { fence, runId } = await bench.start();
      expect(await revoked()).toBe(0);
      const before = await bench.readAll();
      expect(await revoke()).toBe('ok');
      expect(await revoked()).toBe(1);
      expect(await bench.readAll()).toEqual(before);
      const end = { fence, seq: 1, entries: [terminalText(runId)] };
      expect(await bench.store.finish(bench.sessionId, end)).toEqual({ kind: 'ok', next: 2 });
      expect(await revoke()).toBe('ok');
      await bench.completeRun();
      expect(await revoked()).toBe(2);
    });

    it('tells the followers to read again', async () => {
      await bench.completeRun();
      const kinds: FollowEvent['kind'][] = [];
      const leave = await bench.store.follow(bench.sessionId, ({ kind }) => void kinds.push(kind));
      await revoke();
      await expect.poll(() => kinds).toContain('unsure');
      leave();
    });

    it('is erased with the session', async () => {
      await bench.completeRun();
      await revoke();
      await bench.store.delete(bench.sessionId);
      expect(await revoke()).toBe('gone');
      await bench.advance(2 * TTL_MS + 1);
      expect(await revoke()).toBe('none');
      await bench.submit();
      expect(await revoked()).toBe(0);
    });
  });
}
