import { describe, expect, it } from 'vitest';
import { EMPTY_SESSION } from '#shared/fold/session.ts';
import { encodeEntry, type FakeSession } from './testing/fake-session.ts';
import type { FakeRelay, LinePlan } from './testing/fake-relay.ts';
import { createFakeProfile, lastAnswer, openChat, type OpenChat } from './testing/open-chat.ts';
import { useFakeRelay } from './testing/use-fake-relay.ts';
import type { ChatView } from './types.ts';

const TEXT = 'A reply – with “quotes”, 🙂 and\nline\r\nbreaks. ';
const PIECES = [...TEXT.matchAll(/[^]{1,5}/gu)].map(([piece]) => piece);

let relay: FakeRelay;
useFakeRelay((fake) => (relay = fake));

/** A session with one whole turn and one prompt that is being answered. */
function beginSession(): { session: FakeSession; open: () => OpenChat } {
  const credentials = relay.mint();
  const session = relay.session();
  session.writePrompt('m1', 'run1', 'First');
  session.writeAnswer('run1', ['The ', 'first ', 'answer.']);
  session.writePrompt('m2', 'run2', 'Second');
  session.writeAnswer('run2', PIECES);
  return { session, open: () => openChat({ relay: relay.origin, storage: createFakeProfile(credentials).tab() }) };
}

/** The text shown once everything has arrived. */
async function wholeOf({ until }: OpenChat, session: FakeSession): Promise<ChatView['messages']> {
  const { length } = session.state.messages;
  const { messages } = await until((view) => view.run === null && view.messages.length === length);
  return messages;
}

describe('a line cut at any byte', () => {
  it.each(['reset', 'end'] as const)(
    'by a %s costs nothing and repeats nothing',
    async (how) => {
      const { session, open } = beginSession();
      // As it is while the second answer is being written: a snapshot, then an active run, delta by delta.
      const length = 4_000;
      for (let afterBytes = 0; afterBytes < length; afterBytes += 13) {
        let first = true;
        relay.plan = () => {
          const plan: LinePlan = { unmerged: true, ...(first ? { cut: { afterBytes, how } } : {}) };
          first = false;
          return plan;
        };
        await using chat = open();
        expect(await wholeOf(chat, session)).toEqual(session.state.messages);
      }
    },
    60_000,
  );

  it('again and again, a few bytes further each time, merged or not', async () => {
    const { session, open } = beginSession();
    relay.plan = (stream) => ({
      cut: { afterBytes: 700 + ((stream * 131) % 500), how: 'reset' },
      unmerged: stream % 3 > 0,
    });
    await using chat = open();
    expect(await wholeOf(chat, session)).toEqual(session.state.messages);
  });

  it('while an answer is being written costs nothing', async () => {
    const { sessionId, token } = relay.mint();
    const session = relay.session();
    session.writePrompt('m1', 'run1', 'First');
    await using chat = openChat({ relay: relay.origin, storage: createFakeProfile({ sessionId, token }).tab() });
    await chat.until(({ run }) => run?.runId === 'run1');
    session.writeStart('run1');
    session.writeChunks('run1', { type: 'start' }, { type: 'start-step' }, { type: 'text-start', id: '1' });
    for (const delta of PIECES) {
      session.writeChunks('run1', { type: 'text-delta', id: '1', delta });
      if (delta.length % 2) relay.cutStreams();
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    session.writeChunks('run1', { type: 'text-end', id: '1' }, { type: 'finish-step' }, { type: 'finish' });
    session.writeEnd('run1', 'completed');
    expect(await wholeOf(chat, session)).toEqual(session.state.messages);
    expect(lastAnswer(chat.chat.view)).toBe(TEXT);
    expect(relay.streams).toBeGreaterThan(3);
  });
});

describe('a relay that repeats, leaves out, or shuffles', () => {
  it.each<[string, LinePlan]>([
    ['sends each message twice', { entries: (entries) => entries.flatMap((entry) => [entry, entry]) }],
    ['sends all of it twice', { entries: (entries) => [...entries, ...entries] }],
    ['leaves one out', { entries: (entries) => entries.filter((_, at) => at !== 1) }],
    ['leaves the beginning out', { entries: (entries) => entries.slice(2) }],
    ['sends it backwards', { entries: (entries) => entries.toReversed() }],
    [
      'tells of another past',
      { entries: (entries) => entries.map((entry) => ({ ...entry, ...(entry.prev ? { prev: '1-1' } : {}) })) },
    ],
    [
      'says things that this version does not know',
      { encode: (text) => `event: news\ndata: 1\n\n: comment\nretry: 1\n${text}` },
    ],
    ['ends its lines another way', { encode: (text) => text.replaceAll('\n', '\r\n'), writeBytes: 1 }],
    ['talks in single bytes', { writeBytes: 1 }],
    ['answers with half a message', { encode: (text) => text.replace('"type":"chunk"', '"type":') }],
  ])('that %s is not believed twice', async (_, plan) => {
    const { session, open } = beginSession();
    // The first two connections misbehave, the first of them without a cursor.
    relay.plan = (stream) => (stream < 2 ? { ...plan, unmerged: true } : {});
    await using chat = open();
    expect(await wholeOf(chat, session)).toEqual(session.state.messages);
    expect(lastAnswer(chat.chat.view)).toBe(TEXT);
  });

  it('that says messages of an unknown type in between is followed all the same', async () => {
    const { session, open } = beginSession();
    session.raiseFence();
    session.write({ type: 'poll', question: 'Good?' }, { type: 'poll', question: 'Bad?' });
    session.writePrompt('m3', 'run3', 'Third');
    await using chat = open();
    await chat.until(({ run }) => run?.runId === 'run3');
    session.write({ type: 'chunk', runId: 'run3', chunk: { type: 'of-a-later-version' } });
    session.writeAnswer('run3', ['three']);
    expect(await wholeOf(chat, session)).toEqual(session.state.messages);
    expect(relay.streams).toBe(1);
  });

  it('that lost its last messages and goes on otherwise is believed: a snapshot replaces what was shown', async () => {
    const { session, open } = beginSession();
    await using chat = open();
    expect(await wholeOf(chat, session)).toEqual(session.state.messages);
    const snapshot = { type: 'snapshot', sessionId: session.sessionId, messages: session.state.messages.slice(0, 2) };
    relay.sendToAll(encodeEntry({ id: '1007-3', message: snapshot }));
    const view = await chat.until(({ messages }) => messages.length === 2);
    expect(view.messages).toEqual(session.state.messages.slice(0, 2));
  });

  it('that has lost a prompt after accepting it is given it again', async () => {
    const { session, open } = beginSession();
    relay.fault = ({ path, count }) => (path === '/api/llm-stream' && count === 0 ? { kind: 'forget' } : null);
    await using chat = open();
    expect(await wholeOf(chat, session)).toEqual(session.state.messages);
    expect(await chat.chat.send('Third')).toBe(true);
    const ping = 'event: ping\ndata: {}\n\n';
    relay.sendToAll(ping);
    relay.sendToAll(ping);
    const { messages } = await chat.until((next) => lastAnswer(next) === 'You said: Third' && next.run === null);
    expect(messages).toEqual(session.state.messages);
    expect(new Set(relay.requests.map(({ body }) => body.messageId)).size).toBe(2);
  });

  it('sends an answer of a megabyte in one message', async () => {
    const { session, open } = beginSession();
    session.writePrompt('m3', 'run3', 'Long');
    session.writeAnswer(
      'run3',
      Array.from({ length: 1_000 }, () => 'word '.repeat(200)),
    );
    await using chat = open();
    expect(await wholeOf(chat, session)).toEqual(session.state.messages);
  });
});

describe('a relay that cannot be reached as it should', () => {
  it.each([
    ['another server answers', { kind: 'page', status: 502 }],
    ['a login page answers', { kind: 'page', status: 200 }],
    ['a wrong address answers', { kind: 'page', status: 404 }],
    ['it is draining', { kind: 'problem', code: 'draining' }],
    ['its store is away', { kind: 'problem', code: 'store-unavailable' }],
    ['the line breaks before an answer', { kind: 'drop' }],
  ] as const)('when %s, it is asked again', async (_, fault) => {
    const { session, open } = beginSession();
    relay.fault = ({ path, count }) => (path === '/api/check-stream' && count < 3 ? fault : null);
    await using chat = open();
    expect(await wholeOf(chat, session)).toEqual(session.state.messages);
    expect(chat.views.some(({ status }) => status === 'reconnecting')).toBe(true);
    expect(chat.chat.view.problem).toBeNull();
  });

  it('says until when there are too many streams, and comes back then', async () => {
    const { session, open } = beginSession();
    const options = { retryAfterMs: 300 };
    relay.fault = ({ path, count }) =>
      path === '/api/check-stream' && count === 0 ? { kind: 'problem', code: 'rate-limited', options } : null;
    const before = Date.now();
    await using chat = open();
    const view = await chat.until(({ problem }) => problem !== null);
    expect(view).toMatchObject({ status: 'reconnecting', restoring: true, problem: { code: 'rate-limited' } });
    expect(view.retryAt).toBeGreaterThanOrEqual(before + 300);
    expect(await wholeOf(chat, session)).toEqual(session.state.messages);
    expect(Date.now() - before).toBeGreaterThanOrEqual(295);
    expect(chat.chat.view).toMatchObject({ problem: null, retryAt: null });
  });

  it('waits as long as a `Retry-After` header says', async () => {
    const { session, open } = beginSession();
    relay.fault = ({ path, count }) =>
      path === '/api/check-stream' && count === 0
        ? { kind: 'page', status: 503, headers: { 'retry-after': '1' } }
        : null;
    const before = Date.now();
    await using chat = open();
    expect(await wholeOf(chat, session)).toEqual(session.state.messages);
    expect(Date.now() - before).toBeGreaterThanOrEqual(995);
  });

  it('gives up where asking again is no use, until it is asked to', async () => {
    const { session, open } = beginSession();
    relay.fault = ({ path, count }) =>
      path === '/api/check-stream' && count === 0 ? { kind: 'problem', code: 'origin-not-allowed' } : null;
    await using chat = open();
    const view = await chat.until(({ status }) => status === 'failed');
    expect(view).toMatchObject({ restoring: false, problem: { code: 'origin-not-allowed' } });
    expect(await chat.chat.retry()).toBe(true);
    expect(await wholeOf(chat, session)).toEqual(session.state.messages);
    expect(chat.chat.view).toMatchObject({ status: 'idle', problem: null });
  });
});

it('a burst of messages costs one view', async () => {
  const { session, open } = beginSession();
  await using chat = open();
  expect(await wholeOf(chat, session)).toEqual(session.state.messages);
  const before = chat.views.length;
  session.writePrompt('m3', 'run3', 'Third');
  session.writeAnswer(
    'run3',
    Array.from({ length: 500 }, (_, i) => `${i} `),
  );
  expect(await wholeOf(chat, session)).toEqual(session.state.messages);
  // As many as the packets that the messages came in.
  expect(chat.views.length - before).toBeLessThan(50);
});

it('what did not change stays the same object', async () => {
  const { session, open } = beginSession();
  await using chat = open();
  expect(await wholeOf(chat, session)).toEqual(session.state.messages);
  const before = chat.chat.view.messages;
  session.writePrompt('m3', 'run3', 'Third');
  const view = await chat.until(({ messages }) => messages.length === 5);
  expect(view.messages[0]).toBe(before[0]);
  expect(view.messages[3]).toBe(before[3]);
  expect(EMPTY_SESSION.messages).toEqual([]);
});
