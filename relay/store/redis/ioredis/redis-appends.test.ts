import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '#shared/ids.ts';
import { chunkText } from '../../testing/conformance/store-harness.ts';
import type { AppendAnswer } from '../../session-store.ts';
import { StoreError } from '../../store-error.ts';
import { MAX_SESSIONS } from '../append-together.ts';
import type { ScriptStore } from './open-redis-store.ts';
import { openForTest, startRun } from './testing/open-for-test.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';

let server: RedisProcess;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.destroy());

interface Writer {
  sessionId: string;
  fence: number;
  runId: string;
}

async function startRuns(store: ScriptStore, count: number): Promise<Writer[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const sessionId = newId();
      const { fence, runId } = await startRun(store, sessionId);
      return { sessionId, fence, runId };
    }),
  );
}

function say(store: ScriptStore, { sessionId, fence, runId }: Writer, text: string, seq = 1): Promise<AppendAnswer> {
  return store.append(sessionId, { fence, seq, entries: [chunkText(runId, text)] });
}

async function lastText(store: ScriptStore, { sessionId }: Writer): Promise<string | undefined> {
  const answer = await store.read(sessionId, { limit: 100 });
  return 'entries' in answer ? answer.entries.at(-1)?.data : undefined;
}

/** Commands that ran a script since `RESETSTAT`. */
async function scriptsRun(): Promise<number> {
  const stats = await server.admin.info('commandstats');
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
}

describe('appends of many sessions in one tick', () => {
  it('are one command, up to a number of sessions', async () => {
    const { store } = await openForTest(server);
    const writers = await startRuns(store, MAX_SESSIONS + 1);
    await Promise.all(writers.map((writer, index) => say(store, writer, `${index} `)));
    await server.admin.config('RESETSTAT');
    const answers = await Promise.all(writers.map((writer, index) => say(store, writer, `again ${index}`, 2)));
    expect(answers).toEqual(writers.map(() => ({ kind: 'ok', next: 3 })));
    expect(await scriptsRun()).toBe(2);
    for (const [index, writer] of writers.entries()) {
      expect(await lastText(store, writer)).toBe(chunkText(writer.runId, `again ${index}`));
    }
  });

  it('are several commands when they are large, so that no script runs long', async () => {
    const { store } = await openForTest(server);
    const writers = await startRuns(store, 4);
    const text = 'x'.repeat(100_000);
    await Promise.all(writers.map((writer) => say(store, writer, text)));
    await server.admin.config('RESETSTAT');
    await Promise.all(writers.map((writer) => say(store, writer, text, 2)));
    expect(await scriptsRun()).toBe(2);
  });

  it('get an answer each, whatever the others get', async () => {
    const { store, keys } = await openForTest(server);
    const [good, fenced, ahead, broken, lost, last] = (await startRuns(store, 6)) as [
      Writer,
      Writer,
      Writer,
      Writer,
      Writer,
      Writer,
    ];
    const [, , brokenTail = ''] = keys.ofSession(broken.sessionId);
    const [, lostLog = ''] = keys.ofSession(lost.sessionId);
    await Promise.all([good, fenced, ahead, broken, lost, last].map((writer) => say(store, writer, 'a')));
    // Damaged keys: one of another type, which Redis refuses to touch, and one that is missing.
    await server.admin.del(brokenTail);
    await server.admin.lpush(brokenTail, 'what is no page');
    await server.admin.del(lostLog);
    const refused = say(store, broken, 'b', 2).catch((error: unknown) => error);
    const answers = await Promise.all([
      say(store, good, 'b', 2),
      say(store, { ...fenced, fence: fenced.fence - 1 }, 'b', 2),
      say(store, ahead, 'b', 3),
      // An entry that closes the open page, and so touches the log.
      store.append(lost.sessionId, { fence: lost.fence, seq: 2, entries: [JSON.stringify('no delta')] }),
      store.append(last.sessionId, { fence: last.fence, seq: 2, entries: [], step: { name: 'one', result: '1' } }),
      // The second append of a session in the same tick.
      say(store, good, 'c', 3),
    ]);
    expect(await refused).toBeInstanceOf(StoreError);
    expect(answers).toEqual([
      { kind: 'ok', next: 3 },
      { kind: 'fenced' },
      { kind: 'gap', next: 2 },
      { kind: 'closed' },
      { kind: 'ok', next: 2 },
      { kind: 'ok', next: 4 },
    ]);
    expect(await lastText(store, good)).toBe(chunkText(good.runId, 'c'));
    expect(await lastText(store, last)).toBe(chunkText(last.runId, 'a'));
  });
});
