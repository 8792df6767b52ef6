import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { START } from '#shared/cursor.ts';
import type { ChatChunk, Frame } from '#shared/protocol.ts';
import { EMPTY_SESSION, reduce, type SessionState } from '#shared/fold/session.ts';
import { arbitraryLog, terminalsOf } from '#shared/testing/arbitrary-log.ts';
import { beforeMerging } from './entries/delta-groups.ts';
import { openSqliteStore, type SqliteStore } from './sqlite/open-sqlite-store.ts';
import { LogFold, readSession, toFrame, type OpenSession } from './read-session.ts';
import { sealSession } from './seal-session.ts';
import type { LogEntry, ReadAnswer, SessionStore } from './session-store.ts';
import { StoreError } from './store-error.ts';
import { toEntries } from './testing/log-entries.ts';
import { claimRun, entriesAfter, playRun, SESSION } from './testing/play-session.ts';

// Many generated cases: slow on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

function openStore(): SqliteStore {
  const store = openSqliteStore({ path: ':memory:', ttlMs: 60_000 });
  onTestFinished(() => store.close());
  return store;
}

async function mustRead(store: Pick<SessionStore, 'read'>): Promise<OpenSession> {
  const view = await readSession(store, SESSION);
  if (view.kind !== 'open') throw new Error(`the session is ${view.kind}`);
  return view;
}

function deltas(count: number): ChatChunk[] {
  const texts = Array.from({ length: count }, (_, index): ChatChunk => ({
    type: 'text-delta',
    id: '1',
    delta: `${index} `,
  }));
  return [{ type: 'start' }, { type: 'start-step' }, { type: 'text-start', id: '1' }, ...texts];
}

function foldOf(entries: readonly LogEntry[]): LogFold {
  const fold = new LogFold('[]', START);
  for (const entry of entries) fold.add(entry);
  return fold;
}

function foldAll(frames: readonly Frame[]): SessionState {
  return frames.reduce(reduce, EMPTY_SESSION);
}

describe('toFrame', () => {
  it('is the message of an entry with its id, and the cursor before it', () => {
    expect(toFrame({ id: '5-0', prev: '3-7', data: '{"type":"error","runId":"r"}' })).toEqual({
      id: '5-0',
      message: { type: 'error', runId: 'r', prev: '3-7' },
    });
    expect(toFrame({ id: '5-1', data: '{"type":"chunk","runId":"r"}' })).toEqual({
      id: '5-1',
      message: { type: 'chunk', runId: 'r' },
    });
  });
});

describe('the fold of any log', () => {
  it('does not depend on when it is looked at', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.integer({ min: 1, max: 50 }), (frames, page) => {
        const entries = toEntries(frames);
        const fold = new LogFold('[]', START);
        for (const [index, entry] of entries.entries()) {
          // Looking at a fold leaves it as it is.
          if (index % page === 0) fold.state();
          fold.add(entry);
        }

        const finished = terminalsOf(frames).at(-1) ?? 0;
        const { messages, cursor } = foldAll(frames.slice(0, finished));
        expect(fold.state()).toStrictEqual(foldAll(frames));
        expect(fold.parts().finished).toStrictEqual({ messages, cursor });
        expect(fold.parts().unfinished).toStrictEqual(entries.slice(finished));

        const first = terminalsOf(frames).at(-2) ?? 0;
        expect(fold.parts().lastFinishedFrom).toBe(finished === 0 ? null : entries[first]?.prev);
      }),
    );
  });

  it('is the same after any number of seals', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.infiniteStream(fc.boolean()), (frames, seals) => {
        const entries = toEntries(frames);
        const whole = foldOf(entries);
        let fold = new LogFold('[]', START);
        let at = 0;
        for (const end of terminalsOf(frames)) {
          for (const entry of entries.slice(at, end)) fold.add(entry);
          at = end;
          const { messages, cursor } = fold.parts().finished;
          if (seals.next().value) fold = new LogFold(JSON.stringify(messages), cursor);
        }
        for (const entry of entries.slice(at)) fold.add(entry);
        expect(fold.state()).toStrictEqual(whole.state());
        expect(fold.parts().finished).toStrictEqual(whole.parts().finished);
        // To the byte: every relay that seals writes the same transcript.
        expect(JSON.stringify(fold.parts().finished.messages)).toBe(JSON.stringify(whole.parts().finished.messages));
        expect(fold.parts().unfinished).toStrictEqual(whole.parts().unfinished);
      }),
    );
  });
});

describe('the fold of entries', () => {
  it('does not take the terminal message of another run for the end of the active one', () => {
    const entries = [
      {
        id: '5-0',
        prev: START,
        data: '{"type":"metadata","status":"queued","runId":"r","messageId":"r","attempt":1,"parentId":""}',
      },
      { id: '5-1', data: '{"type":"metadata","status":"cancelled","runId":"other","messageId":"other","attempt":1}' },
    ];
    expect(foldOf(entries).parts()).toStrictEqual({
      finished: { messages: [], cursor: START },
      unfinished: entries,
      sealed: START,
      lastFinishedFrom: null,
    });
  });
});

describe('readSession', () => {
  it('answers empty for a session that was never written, and gone for a deleted one', async () => {
    const store = openStore();
    expect(await readSession(store, SESSION)).toEqual({ kind: 'empty' });
    await playRun(store, 'r');
    await store.delete(SESSION);
    expect(await readSession(store, SESSION)).toEqual({ kind: 'gone' });
  });

  it('reads the finished runs and the partial reply of the active one', async () => {
    const store = openStore();
    const first = await playRun(store, 'first');
    await first.write(deltas(3));
    await first.complete();
    const afterFirst = await mustRead(store);
    const second = await playRun(store, 'second');
    await second.write(deltas(2));

    const view = await mustRead(store);
    const entries = await entriesAfter(store, START);
    expect(view.state).toStrictEqual(foldAll(entries.map(toFrame)));
    expect(view.state.messages.map(({ id }) => id)).toEqual(['user-first', 'first', 'user-second', 'second']);
    expect(view.state.messages[3]?.parts).toEqual([
      { type: 'step-start' },
      { type: 'text', text: '0 1 ', state: 'streaming' },
    ]);
    expect(view.finished).toEqual(afterFirst.finished);
    expect(view.finished.cursor).toBe(afterFirst.head);
    expect(view.unfinished).toEqual(await entriesAfter(store, view.finished.cursor));
    expect(view.run).toEqual({ runId: 'second', messageId: 'second', status: 'started', attempt: 1 });
    expect(view.run).toEqual(view.state.run);
    expect(view.head).toBe(view.state.cursor);
    expect(view).toMatchObject({ sealed: START, lastFinishedFrom: START });
  });

  it('keeps what an edit replaces among the finished messages until the edit has ended', async () => {
    const store = openStore();
    const first = await playRun(store, 'first');
    await first.complete();
    const edit = await playRun(store, 'edit', '');
    const during = await mustRead(store);
    expect(during.finished.messages.map(({ id }) => id)).toEqual(['user-first', 'first']);
    expect(during.state.messages.map(({ id }) => id)).toEqual(['user-edit', 'edit']);
    await edit.complete();
    expect((await mustRead(store)).finished.messages.map(({ id }) => id)).toEqual(['user-edit', 'edit']);
  });

  it('reads a log that takes several reads', async () => {
    const store = openStore();
    const run = await playRun(store, 'long');
    await run.write(deltas(9000));
    const view = await mustRead(store);
    expect(view.state).toStrictEqual(foldAll((await entriesAfter(store, START)).map(toFrame)));
    expect(view.unfinished.reduce((count, entry) => count + beforeMerging(entry).count, 0)).toBe(9005);
  });

  it('starts again when the log is sealed and trimmed between two reads', async () => {
    const store = openStore();
    const run = await playRun(store, 'long');
    await run.write(deltas(5000));
    await run.complete();
    const before = await entriesAfter(store, START);

    const answers: ReadAnswer['kind'][] = [];
    const reader: Pick<SessionStore, 'read'> = {
      async read(sessionId, input) {
        if (answers.length === 1) {
          const next = await playRun(store, 'next');
          await next.complete();
          await sealSession(store, SESSION);
        }
        const answer = await store.read(sessionId, input);
        answers.push(answer.kind);
        return answer;
      },
    };
    const view = await mustRead(reader);
    expect(answers).toEqual(['snapshot', 'snapshot']);
    expect(view.state.messages.map(({ id }) => id)).toEqual(['user-long', 'long', 'user-next', 'next']);
    expect(view.state.messages.slice(0, 2)).toStrictEqual(foldAll(before.map(toFrame)).messages);
  });

  it('serves others while a long log of many parts is read and sealed', async () => {
    const store = openStore();
    const run = await playRun(store, 'long');
    await run.write(
      Array.from({ length: 30_000 }, (_, index): ChatChunk => {
        const call = { toolCallId: `c${index >> 1}` };
        return index % 2 === 0
          ? { type: 'tool-input-available', ...call, toolName: 'weather', input: {} }
          : { type: 'tool-output-available', ...call, output: index };
      }),
    );
    await run.complete();
    let longestMs = 0;
    let servedAt = performance.now();
    const serve = (): void => {
      longestMs = Math.max(longestMs, performance.now() - servedAt);
      servedAt = performance.now();
      serving = setImmediate(serve);
    };
    let serving = setImmediate(serve);
    const startedAt = performance.now();
    await mustRead(store);
    await sealSession(store, SESSION);
    clearImmediate(serving);
    // By share and not by time: a step takes longer on a busy machine, and so does the whole.
    expect(longestMs).toBeLessThan((performance.now() - startedAt) / 3);
  });

  it('gives up on a log whose end it cannot reach', async () => {
    const endless: Pick<SessionStore, 'read'> = {
      read: async () => ({
        kind: 'snapshot',
        transcript: '[]',
        feedback: {},
        cursor: '1-1',
        entries: [],
        head: '2-2',
        run: null,
      }),
    };
    await expect(readSession(endless, SESSION)).rejects.toSatisfy(
      (error) => error instanceof StoreError && error.code === 'store-unavailable',
    );
  });

  it('reads a run that was released and claimed again', async () => {
    const store = openStore();
    const run = await playRun(store, 'r');
    await run.write(deltas(3));
    await store.release(SESSION, { fence: run.lease.fence, delayMs: 0, as: 'retry' });
    const again = await claimRun(store, 'r');
    await again.write(deltas(1));
    const { state } = await mustRead(store);
    expect(state.run).toEqual({ runId: 'r', messageId: 'r', status: 'restarted', attempt: 2 });
    expect(state.messages[1]?.parts).toEqual([
      { type: 'step-start' },
      { type: 'text', text: '0 ', state: 'streaming' },
    ]);
  });
});
