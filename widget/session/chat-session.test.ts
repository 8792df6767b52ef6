import { describe, expect, it, vi } from 'vitest';
import type { FakeRelay, FakeRequest } from './testing/fake-relay.ts';
import { createFakeProfile, lastAnswer, openChat } from './testing/open-chat.ts';
import { isDone, isMint, isPrompt, textsOf, useFakeRelay } from './testing/use-fake-relay.ts';

let relay: FakeRelay;
useFakeRelay((fake) => (relay = fake));

const prompts = (): FakeRequest[] => relay.requests.filter(isPrompt);
/** A run that begins and is left unfinished. */
const beginAnswer: FakeRelay['answer'] = (session, runId) => {
  session.writeStart(runId);
  session.writeChunks(
    runId,
    { type: 'start' },
    { type: 'start-step' },
    { type: 'text-start', id: '1' },
    { type: 'text-delta', id: '1', delta: 'So far' },
  );
};

describe('a first prompt', () => {
  it('makes a session, is shown at once, and is answered', async () => {
    const storage = createFakeProfile().tab();
    await using open = openChat({ relay: relay.origin, storage });
    expect(open.chat.view).toMatchObject({ status: 'idle', sessionId: null, messages: [], pending: null });
    expect(relay.requests).toEqual([]);

    const sent = open.chat.send('Hello');
    expect(open.chat.view).toMatchObject({ status: 'connecting', pending: { text: 'Hello' } });
    expect(await sent).toBe(true);

    const view = await open.until(isDone);
    expect(textsOf(view)).toEqual(['Hello', 'You said: Hello']);
    expect(storage.read()).toEqual(open.chat.credentials);
    expect(view.sessionId).toBe(open.chat.credentials?.sessionId);
    // Between the sending and the answer the prompt was never off the page, and never on it twice.
    for (const { pending, messages } of open.views) {
      expect(messages.filter(({ role }) => role === 'user').length + (pending ? 1 : 0)).toBe(1);
    }
  });

  it('is not sent when it is blank', async () => {
    await using open = openChat({ relay: relay.origin });
    expect(await open.chat.send('  \n ')).toBe(false);
    expect(relay.requests).toEqual([]);
  });

  it('waits for a relay that cannot be reached yet', async () => {
    relay.fault = (request) => (isMint(request) && request.count < 4 ? { kind: 'drop' } : null);
    await using open = openChat({ relay: relay.origin });
    const sent = open.chat.send('Hello');
    await open.until(({ status, pending }) => status === 'reconnecting' && pending?.text === 'Hello');
    expect(await sent).toBe(true);
    expect(prompts()).toHaveLength(1);
  });

  it('goes into the session that another tab has just made', async () => {
    const profile = createFakeProfile();
    const [a, b] = [profile.tab(), profile.tab()];
    await using one = openChat({ relay: relay.origin, storage: a });
    await using two = openChat({ relay: relay.origin, storage: b });
    await one.chat.send('Hello');
    await two.chat.send('Me too');
    const view = await two.until(({ messages }) => messages.length === 4);
    expect(view.sessionId).toBe(one.chat.view.sessionId);
    await one.until(({ messages }) => messages.length === 4);
  });
});

it('first prompts of two tabs at the same moment go into one session', async () => {
  const profile = createFakeProfile();
  await using one = openChat({ relay: relay.origin, storage: profile.tab() });
  await using two = openChat({ relay: relay.origin, storage: profile.tab() });
  expect(await Promise.all([one.chat.send('One'), two.chat.send('Two')])).toEqual([true, true]);
  const views = await Promise.all([one, two].map(({ until }) => until(({ messages }) => messages.length === 4)));
  expect(views[0]?.sessionId).toBe(views[1]?.sessionId);
});

it('a prompt into a session that is being asked for now and then is seen at once', async () => {
  const { sessionId, token } = relay.mint();
  vi.spyOn(Math, 'random').mockReturnValue(100);
  await using open = openChat({ relay: relay.origin, storage: createFakeProfile({ sessionId, token }).tab() });
  await open.until(({ status, restoring }) => status === 'idle' && !restoring);
  await open.chat.send('Hello');
  expect(textsOf(await open.until(isDone))).toEqual(['Hello', 'You said: Hello']);
});

describe('editing and asking again', () => {
  it('an edit drops what comes after its parent, at once on view', async () => {
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('One');
    await open.until(isDone);
    await open.chat.send('Two');
    const before = await open.until((view) => isDone(view) && view.messages.length === 4);
    const parentId = before.messages[1]?.id ?? 'none';
    const sent = open.chat.send('Two, but better', { parentId });
    expect(textsOf(open.chat.view)).toEqual(['One', 'You said: One']);
    expect(open.chat.view.pending).toMatchObject({ text: 'Two, but better', parentId });
    expect(await sent).toBe(true);
    const after = await open.until((view) => isDone(view) && view.messages.length === 4);
    expect(textsOf(after)).toEqual(['One', 'You said: One', 'Two, but better', 'You said: Two, but better']);
  });

  it('a refused edit shows again what it would have dropped', async () => {
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('One');
    await open.until(isDone);
    relay.fault = (request) => (isPrompt(request) ? { kind: 'problem', code: 'unknown-parent' } : null);
    await open.chat.send('Better', { parentId: '' });
    expect(open.chat.view).toMatchObject({
      unsent: { text: 'Better', parentId: '' },
      problem: { code: 'unknown-parent' },
    });
    expect(textsOf(open.chat.view)).toEqual(['One', 'You said: One']);
  });

  it('another answer replaces the last one', async () => {
    relay.answer = (session, runId) => session.writeAnswer(runId, [`Answer ${session.answers.size}`]);
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('One');
    const first = await open.until(isDone);
    const asked = open.chat.regenerate();
    expect(open.chat.view).toMatchObject({ status: 'connecting', pending: null });
    expect(textsOf(open.chat.view)).toEqual(['One']);
    expect(await asked).toBe(true);
    const second = await open.until((view) => isDone(view) && view.messages.length === 2);
    expect(textsOf(second)).toEqual(['One', 'Answer 2']);
    expect(second.messages[1]?.id).not.toBe(first.messages[1]?.id);
    expect(prompts()[1]?.body).toMatchObject({ parentId: first.messages[0]?.id });
    expect(prompts()[1]?.body).not.toHaveProperty('prompt');
  });

  it('another answer whose request was accepted without a word comes all the same, once', async () => {
    relay.answer = (session, runId) => session.writeAnswer(runId, [`Answer ${session.answers.size}`]);
    relay.fault = (request) => (isPrompt(request) && [1, 2].includes(request.count) ? { kind: 'drop-answer' } : null);
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('One');
    await open.until(isDone);
    expect(await open.chat.regenerate()).toBe(true);
    expect(textsOf(await open.until((view) => isDone(view) && view.messages.length === 2))).toEqual([
      'One',
      'Answer 2',
    ]);
    expect(relay.session().answers.size).toBe(2);
  });

  it('there is nothing to ask again in an empty conversation', async () => {
    await using open = openChat({ relay: relay.origin });
    expect(await open.chat.regenerate()).toBe(false);
    expect(await open.chat.retry()).toBe(false);
    expect(relay.requests).toEqual([]);
  });

  it('a failed answer is asked for again by retry, a good one is not', async () => {
    relay.answer = (session, runId) => {
      beginAnswer(session, runId, '');
      session.writeEnd(runId, session.answers.size === 1 ? 'failed' : 'completed');
    };
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('One');
    await open.until(isDone);
    expect(await open.chat.retry()).toBe(true);
    await open.until((view) => isDone(view) && view.messages[1]?.metadata?.run?.status === 'completed');
    expect(await open.chat.retry()).toBe(false);
  });
});

describe('stopping', () => {
  it('ends the run, keeps what was written, and says so while it is under way', async () => {
    relay.answer = beginAnswer;
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('Hello');
    await open.until((view) => view.status === 'streaming' && lastAnswer(view) === 'So far');
    const stopped = open.chat.stop();
    expect(open.chat.view.stopping).toBe(true);
    await stopped;
    const view = await open.until(isDone);
    expect(view).toMatchObject({ stopping: false, run: null });
    expect(lastAnswer(view)).toBe('So far');
    expect(view.messages[1]?.metadata?.run?.status).toBe('cancelled');
  });

  it('stops a run that another device began', async () => {
    const { sessionId, token } = relay.mint();
    relay.session().writePrompt('m1', 'run1', 'From elsewhere');
    beginAnswer(relay.session(), 'run1', '');
    await using open = openChat({ relay: relay.origin });
    open.chat.join({ sessionId, token });
    await open.until(({ status }) => status === 'streaming');
    await open.chat.stop();
    await open.until(isDone);
    expect(relay.session().state.run).toBeNull();
  });

  it('is tried again when its request is lost', async () => {
    relay.answer = beginAnswer;
    relay.fault = ({ method, count }) => (method === 'DELETE' && count < 2 ? { kind: 'drop' } : null);
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('Hello');
    await open.until(({ status }) => status === 'streaming');
    await open.chat.stop();
    await open.until(isDone);
    expect(relay.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(3);
  });

  it('says why when it cannot be done', async () => {
    relay.answer = beginAnswer;
    relay.fault = ({ method }) => (method === 'DELETE' ? { kind: 'problem', code: 'read-only' } : null);
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('Hello');
    await open.until(({ status }) => status === 'streaming');
    await open.chat.stop();
    expect(open.chat.view).toMatchObject({ status: 'streaming', stopping: false, problem: { code: 'read-only' } });
  });

  it('withdraws a prompt that is still on its way', async () => {
    relay.fault = (request) => (isPrompt(request) ? { kind: 'hang' } : null);
    await using open = openChat({ relay: relay.origin });
    const sent = open.chat.send('Hello');
    await vi.waitFor(() => expect(prompts()).toHaveLength(1));
    await open.chat.stop();
    expect(await sent).toBe(false);
    expect(open.chat.view).toMatchObject({ status: 'connecting', pending: null, unsent: { text: 'Hello' } });
    await open.until(({ status }) => status === 'idle');
  });

  it('stops the run of a withdrawn prompt that the relay had accepted, once the line shows it', async () => {
    relay.answer = beginAnswer;
    relay.fault = (request) => (isPrompt(request) ? { kind: 'drop-answer' } : null);
    relay.plan = () => ({ cut: { afterBytes: 0, how: 'silence' } });
    await using open = openChat({ relay: relay.origin });
    const sent = open.chat.send('Hello');
    await vi.waitFor(() => expect(relay.session().state.run).not.toBeNull());
    await open.chat.stop();
    expect(await sent).toBe(false);
    relay.plan = () => ({});
    relay.cutStreams();
    const view = await open.until(isDone);
    expect(view).toMatchObject({ unsent: null, run: null });
    expect(view.messages[1]?.metadata?.run?.status).toBe('cancelled');
  });

  it('does not stop a withdrawn prompt that was then sent again', async () => {
    relay.answer = beginAnswer;
    relay.fault = (request) => (isPrompt(request) && request.count === 0 ? { kind: 'hang' } : null);
    await using open = openChat({ relay: relay.origin });
    const sent = open.chat.send('Hello');
    await vi.waitFor(() => expect(prompts()).toHaveLength(1));
    await open.chat.stop();
    expect(await sent).toBe(false);
    expect(await open.chat.retry()).toBe(true);
    const view = await open.until((next) => lastAnswer(next) === 'So far');
    expect(view).toMatchObject({ status: 'streaming', stopping: false });
    expect(new Set(prompts().map(({ body }) => body.messageId)).size).toBe(1);
  });

  it('does nothing when nothing is being written', async () => {
    await using open = openChat({ relay: relay.origin });
    await open.chat.stop();
    expect(relay.requests).toEqual([]);
  });
});

describe('an interrupted answer', () => {
  it('shows what was cut until new text comes, and counts the interruption', async () => {
    relay.answer = beginAnswer;
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('Hello');
    const { run } = await open.until((view) => lastAnswer(view) === 'So far');
    const runId = run?.runId ?? '';
    const session = relay.session();

    session.writeStart(runId, { attempt: 2, reset: true, steps: 0 });
    session.writeChunks(runId, { type: 'start' }, { type: 'start-step' }, { type: 'text-start', id: '1' });
    const cut = await open.until(({ recoveries }) => recoveries === 1);
    expect(cut.dimmed).toMatchObject([{ type: 'step-start' }, { type: 'text', text: 'So far' }]);
    expect(lastAnswer(cut)).toBe('');

    session.writeStart(runId, { attempt: 3, reset: true, steps: 0 });
    session.writeStart(runId, { attempt: 4, reset: true, steps: 0 });
    // These cut nothing that could be seen.
    const again = await open.until(({ recoveries }) => recoveries === 3);
    expect(again.dimmed.length).toBeGreaterThan(0);

    session.writeChunks(
      runId,
      { type: 'start-step' },
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'Anew' },
    );
    expect((await open.until((view) => lastAnswer(view) === 'Anew')).dimmed).toEqual([]);
    session.writeEnd(runId, 'completed');
    expect(await open.until(isDone)).toMatchObject({ recoveries: 3, dimmed: [] });

    await open.chat.send('Next');
    await open.until(({ messages, run: next }) => messages.length === 4 && next !== null);
    expect(open.chat.view.recoveries).toBe(0);
  });

  it('that goes on without a cut dims nothing', async () => {
    relay.answer = beginAnswer;
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('Hello');
    const { run } = await open.until((view) => lastAnswer(view) === 'So far');
    relay.session().writeStart(run?.runId ?? '', { attempt: 2 });
    const view = await open.until(({ recoveries }) => recoveries === 1);
    expect(view.dimmed).toEqual([]);
    expect(lastAnswer(view)).toBe('So far');
  });
});

describe('a new chat', () => {
  it('is empty, and its first prompt makes another session', async () => {
    const storage = createFakeProfile().tab();
    await using open = openChat({ relay: relay.origin, storage });
    await open.chat.send('Hello');
    const { sessionId } = await open.until(isDone);
    open.chat.newChat();
    expect(open.chat.view).toMatchObject({ status: 'idle', sessionId: null, messages: [], run: null });
    expect([open.chat.credentials, storage.read()]).toEqual([null, null]);
    await vi.waitFor(() => expect(relay.openStreams).toBe(0));
    await open.chat.send('Again');
    const view = await open.until(isDone);
    expect(textsOf(view)).toEqual(['Again', 'You said: Again']);
    expect(view.sessionId).not.toBe(sessionId);
  });

  it('in the middle of an answer or of a sending leaves nothing behind', async () => {
    relay.answer = beginAnswer;
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('Hello');
    await open.until(({ status }) => status === 'streaming');
    relay.fault = (request) => (isPrompt(request) ? { kind: 'hang' } : null);
    open.chat.newChat();
    const sent = open.chat.send('Again');
    await vi.waitFor(() => expect(prompts()).toHaveLength(2));
    open.chat.newChat();
    expect(await sent).toBe(false);
    expect(open.chat.view).toMatchObject({ status: 'idle', messages: [], pending: null, unsent: null, problem: null });
  });
});
