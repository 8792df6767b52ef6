import { describe, expect, it, onTestFinished } from 'vitest';
import { START } from '#shared/cursor.ts';
import type { ChatChunk, ChatMessage } from '#shared/protocol.ts';
import { openSqliteStore, type SqliteStore } from './sqlite/open-sqlite-store.ts';
import { readSession, type OpenSession } from './read-session.ts';
import { sealSession } from './seal-session.ts';
import type { SealInput, SessionStore } from './session-store.ts';
import { entriesAfter, playRun, SESSION } from './testing/play-session.ts';

const HELLO: ChatChunk[] = [
  { type: 'start' },
  { type: 'start-step' },
  { type: 'text-start', id: '1' },
  { type: 'text-delta', id: '1', delta: 'Hello 😀' },
];

function openStore(): SqliteStore {
  const store = openSqliteStore({ path: ':memory:', ttlMs: 60_000 });
  onTestFinished(() => store.close());
  return store;
}

async function playFinished(store: SessionStore, runId: string): Promise<void> {
  const run = await playRun(store, runId);
  await run.write(HELLO);
  await run.complete();
}

async function mustRead(store: SessionStore): Promise<OpenSession> {
  const view = await readSession(store, SESSION);
  if (view.kind !== 'open') throw new Error(`the session is ${view.kind}`);
  return view;
}

/** The transcript as the store keeps it. */
async function transcriptOf(store: SessionStore): Promise<{ messages: ChatMessage[]; cursor: string }> {
  const answer = await store.read(SESSION, { limit: 1 });
  if (answer.kind !== 'snapshot') throw new Error(`no transcript: ${answer.kind}`);
  return { messages: JSON.parse(answer.transcript) as ChatMessage[], cursor: answer.cursor };
}

/** A store that records seals, and does something else just before each. */
function watchSeals(store: SessionStore, before: (input: SealInput) => Promise<void> = async () => {}) {
  const seals: { input: SealInput; answer: 'ok' | 'stale' }[] = [];
  return {
    seals,
    read: store.read,
    async seal(sessionId: string, input: SealInput): Promise<'ok' | 'stale'> {
      await before(input);
      const answer = await store.seal(sessionId, input);
      seals.push({ input, answer });
      return answer;
    },
  };
}

describe('sealSession', () => {
  it('writes the fold of the finished runs as the transcript', async () => {
    const store = openStore();
    await playFinished(store, 'first');
    const before = await mustRead(store);
    await sealSession(store, SESSION);
    expect(await transcriptOf(store)).toStrictEqual(before.finished);

    const after = await mustRead(store);
    expect(after.state).toStrictEqual(before.state);
    expect(after.finished).toStrictEqual(before.finished);
    expect(after).toMatchObject({ sealed: before.head, lastFinishedFrom: null, unfinished: [] });
  });

  it('never seals a part of an active run', async () => {
    const store = openStore();
    await playFinished(store, 'first');
    const active = await playRun(store, 'second');
    await active.write(HELLO);
    const before = await mustRead(store);
    await sealSession(store, SESSION);
    const after = await mustRead(store);
    expect(after.state).toStrictEqual(before.state);
    expect(after.unfinished).toEqual(before.unfinished);
    expect(after.sealed).toBe(before.finished.cursor);
    await active.complete();
    expect((await mustRead(store)).state.run).toBeNull();
  });

  it('keeps the entries of the last finished run and trims those before it', async () => {
    const store = openStore();
    await playFinished(store, 'first');
    const afterFirst = await mustRead(store);
    await playFinished(store, 'second');
    const whole = await entriesAfter(store, START);
    await sealSession(store, SESSION);

    const kept = whole.slice(whole.findIndex(({ prev }) => prev === afterFirst.head));
    expect(await entriesAfter(store, afterFirst.head)).toEqual(kept);
    expect(kept[0]?.data).toContain('Question second');
    expect(await store.read(SESSION, { after: START, limit: 9 })).toMatchObject({ kind: 'snapshot', entries: [] });
  });

  it('seals run after run', async () => {
    const store = openStore();
    for (const runId of ['a', 'b', 'c', 'd']) {
      await playFinished(store, runId);
      await sealSession(store, SESSION);
    }
    const { messages } = await transcriptOf(store);
    expect(messages.map(({ id }) => id)).toEqual(['user-a', 'a', 'user-b', 'b', 'user-c', 'c', 'user-d', 'd']);
    expect(messages[7]).toStrictEqual({
      id: 'd',
      role: 'assistant',
      metadata: { run: { runId: 'd', status: 'completed', attempt: 1 } },
      parts: [{ type: 'step-start' }, { type: 'text', text: 'Hello 😀', state: 'done' }],
    });
  });

  it('writes nothing when there is nothing to seal', async () => {
    const store = openStore();
    const watched = watchSeals(store);
    await sealSession(watched, SESSION);
    await playRun(store, 'active');
    await sealSession(watched, SESSION);
    await store.cancel(SESSION, { token: 'stop' });
    await sealSession(watched, SESSION);
    await sealSession(watched, SESSION);
    await store.delete(SESSION);
    await sealSession(watched, SESSION);
    expect(watched.seals.map(({ answer }) => answer)).toEqual(['ok']);
  });

  it('never overwrites a transcript that reaches further', async () => {
    const store = openStore();
    await playFinished(store, 'first');
    let raced = false;
    const slow = watchSeals(store, async () => {
      if (raced) return;
      raced = true;
      await playFinished(store, 'second');
      await sealSession(store, SESSION);
    });
    await sealSession(slow, SESSION);
    expect(slow.seals.map(({ answer }) => answer)).toEqual(['stale']);
    expect((await transcriptOf(store)).messages).toHaveLength(4);
  });

  it('seals the rest when another sealer was faster and sealed less', async () => {
    const store = openStore();
    await playFinished(store, 'first');
    let raced = false;
    const slow = watchSeals(store, async () => {
      if (raced) return;
      raced = true;
      await sealSession(store, SESSION);
      await playFinished(store, 'second');
    });
    await sealSession(slow, SESSION);
    expect(slow.seals.map(({ answer }) => answer)).toEqual(['stale', 'ok']);
    expect((await transcriptOf(store)).messages).toHaveLength(4);
  });

  it('can be called by many relays at once', async () => {
    const store = openStore();
    await playFinished(store, 'first');
    const { finished } = await mustRead(store);
    const watched = watchSeals(store);
    await Promise.all(Array.from({ length: 10 }, () => sealSession(watched, SESSION)));
    expect(watched.seals.filter(({ answer }) => answer === 'ok')).toHaveLength(1);
    expect(new Set(watched.seals.map(({ input }) => input.transcript)).size).toBe(1);
    expect(await transcriptOf(store)).toStrictEqual(finished);
  });
});
