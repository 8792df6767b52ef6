import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { START } from '#shared/cursor.ts';
import { TTL_MS } from '../testing/conformance/store-harness.ts';
import type { LogEntry, SessionStore } from '../session-store.ts';
import { openSqliteStore, StoreLockedError } from './open-sqlite-store.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const CHILD = fileURLToPath(new URL('./testing/append-forever.ts', import.meta.url));
const ROUNDS = 5;

describe('a process that is killed', () => {
  it(
    `loses nothing that it acknowledged, ${ROUNDS} times, and its file is free at once`,
    { timeout: 60_000 },
    async () => {
      const path = join(temporaryFolder(), 'relay.db');
      let total = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const acknowledged = await runAndKill(path, String(round), 2_000 + round * 1_500);
        const store = openSqliteStore({ path, ttlMs: TTL_MS });
        const bySession = Map.groupBy(acknowledged, ([sessionId]) => sessionId);
        expect(bySession.size).toBe(8);
        for (const [sessionId, lines] of bySession) {
          const log = await readAll(store, sessionId);
          const texts = new Map(log.map(({ id, data }) => [id, data]));
          for (const [, fence, seq] of lines)
            expect(texts.get(`${fence}-${seq}`)).toBe(JSON.stringify(`${fence}-${seq}`));
          expectGapless(log);
          total += lines.length;
        }
        // The killed writer's lease has expired, so its run is due now.
        const { due } = await store.take(1_000);
        for (const sessionId of bySession.keys()) {
          const head = await store.head(sessionId);
          expect(due.includes(sessionId)).toBe(head.kind === 'open' && head.run !== null);
        }
        await store.close();
      }
      expect(total).toBeGreaterThan(ROUNDS * 2_000);
    },
  );
});

/** Starts a writer, kills it after `count` acknowledged entries, and returns everything that was acknowledged. */
async function runAndKill(path: string, round: string, count: number): Promise<[string, string, string][]> {
  const child = spawn(process.execPath, [CHILD, path, round], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: [string, string, string][] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'open') {
      // A second process is refused while the first one lives.
      expect(() => openSqliteStore({ path, ttlMs: TTL_MS })).toThrow(StoreLockedError);
      continue;
    }
    const [sessionId = '', fence = '', seq] = line.split(' ');
    // A line may be cut off by the kill.
    if (seq !== undefined && acknowledged.push([sessionId, fence, seq]) === count) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  // The last line may be cut off and name another seq.
  acknowledged.pop();
  return acknowledged;
}

async function readAll(store: SessionStore, sessionId: string): Promise<LogEntry[]> {
  const answer = await store.read(sessionId, { after: START, limit: 1_000_000 });
  if (answer.kind !== 'exact') throw new Error(`the log does not begin at its start: ${answer.kind}`);
  return answer.entries;
}

function expectGapless(log: LogEntry[]): void {
  let before = START;
  for (const { id, prev } of log) {
    const [fence, seq] = id.split('-').map(Number);
    if (seq === 0) expect(prev).toBe(before);
    else expect(before).toBe(`${fence}-${(seq ?? 0) - 1}`);
    before = id;
  }
}
