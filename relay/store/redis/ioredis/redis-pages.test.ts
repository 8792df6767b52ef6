import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '#shared/ids.ts';
import { chunkText, terminalText } from '../../testing/conformance/store-harness.ts';
import type { LogEntry } from '../../session-store.ts';
import { openForTest, startRun } from './testing/open-for-test.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';

let server: RedisProcess;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.destroy());

const TOKENS = 3_000;

/** A reply written token by token, with parts of it sent again and again. */
async function writeReply() {
  const { store, keys } = await openForTest(server);
  const sessionId = newId();
  const { fence, runId } = await startRun(store, sessionId);
  const written = Array.from({ length: TOKENS }, (_, index) => chunkText(runId, `${index} `));
  let next = 1;
  while (next <= TOKENS) {
    const size = 1 + (next % 7);
    // Repeated entries overlap with the log in the middle of batches and of pages.
    const from = Math.max(1, next - (next % 3));
    const answer = await store.append(sessionId, {
      fence,
      seq: from,
      entries: written.slice(from - 1, next - 1 + size),
    });
    if (answer.kind !== 'ok') throw new Error(answer.kind);
    next = answer.next;
  }
  const [, log = '', tail = ''] = keys.ofSession(sessionId);
  return { store, sessionId, fence, runId, written, log, tail };
}

const dataOf = (entries: readonly LogEntry[]) => entries.map(({ data }) => data);

describe('the log of a reply', () => {
  it('is read as it was written from every cursor, also within pages', async () => {
    const { store, sessionId, fence, written } = await writeReply();
    for (let seq = 0; seq < TOKENS; seq += 83) {
      const answer = await store.read(sessionId, { after: `${fence}-${seq}`, limit: 700 });
      expect(answer.kind, `after ${seq}`).toBe('exact');
      expect('entries' in answer ? dataOf(answer.entries) : [], `after ${seq}`).toEqual(written.slice(seq, seq + 700));
    }
    expect(await store.read(sessionId, { after: `${fence}-${TOKENS + 1}`, limit: 1 })).toMatchObject({
      kind: 'snapshot',
    });
  });

  it('takes a tenth of the bytes of its entries, while active and afterwards', async () => {
    const { store, sessionId, fence, runId, written, log, tail } = await writeReply();
    const bytes = written.reduce((sum, text) => sum + text.length, 0);
    const room = async () => {
      const sizes = await Promise.all(
        [log, tail].map((key) => server.admin.call('MEMORY', 'USAGE', key, 'SAMPLES', '0')),
      );
      return sizes.reduce<number>((sum, size) => sum + Number(size ?? 0), 0);
    };
    expect(await room()).toBeLessThan(bytes / 10);
    await store.finish(sessionId, { fence, seq: TOKENS + 1, entries: [terminalText(runId)] });
    expect(await room()).toBeLessThan(bytes / 10);
    expect(await server.admin.exists(tail)).toBe(0);
  });
});
