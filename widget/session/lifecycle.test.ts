import { describe, expect, it, vi } from 'vitest';
import { backoffMs } from './backoff.ts';
import type { FakeRelay } from './testing/fake-relay.ts';
import type { FakeSession } from './testing/fake-session.ts';
import {
  createFakePage,
  createFakeProfile,
  lastAnswer,
  openChat,
  type FakePage,
  type FakePlaces,
  type OpenChat,
} from './testing/open-chat.ts';
import { useFakeRelay } from './testing/use-fake-relay.ts';
import type { ChatView } from './types.ts';

let relay: FakeRelay;
useFakeRelay((fake) => (relay = fake));

const isIdle = ({ status, messages }: ChatView): boolean => status === 'idle' && messages.length > 0;

interface Tab {
  page: FakePage;
  open: OpenChat;
}

/** Tabs of one browser with one session of one turn, all on view. */
async function openTabs(
  count: number,
  places: FakePlaces = { shown: 10, hidden: 2 },
): Promise<{ session: FakeSession; tabs: Tab[]; places: FakePlaces }> {
  const profile = createFakeProfile(relay.mint());
  const session = relay.session();
  session.writePrompt('m1', 'run1', 'Hello');
  session.writeAnswer('run1', ['Hello yourself.']);
  const tabs = Array.from({ length: count }, () => {
    const page = createFakePage(places);
    return { page, open: openChat({ relay: relay.origin, storage: profile.tab(), lifecycle: page }) };
  });
  for (const { open } of tabs) await open.until(isIdle);
  return { session, tabs, places };
}

function beginAnswer(session: FakeSession): void {
  session.writePrompt('m2', 'run2', 'More');
  session.writeStart('run2');
  session.writeChunks(
    'run2',
    { type: 'start' },
    { type: 'text-start', id: '1' },
    { type: 'text-delta', id: '1', delta: 'So far' },
  );
}
function endAnswer(session: FakeSession): void {
  session.writeChunks('run2', { type: 'text-delta', id: '1', delta: ', so good' }, { type: 'text-end', id: '1' });
  session.writeEnd('run2', 'completed');
}

describe('a page on view', () => {
  it('keeps its line while nothing is written, and sees turns that another tab begins', async () => {
    const { tabs } = await openTabs(2);
    const [one, two] = tabs as [Tab, Tab];
    await one.open.chat.send('More');
    const view = await two.open.until(({ messages }) => messages.length === 4);
    expect(view.messages).toEqual((await one.open.until(({ messages }) => messages.length === 4)).messages);
    expect(relay.streams).toBe(2);
    for (const { open } of tabs) open.chat.close();
  });

  it('follows the other tab into a new chat', async () => {
    const { tabs } = await openTabs(2);
    const [one, two] = tabs as [Tab, Tab];
    one.open.chat.newChat();
    await two.open.until(({ messages, sessionId }) => messages.length === 0 && sessionId === null);
    await one.open.chat.send('Anew');
    const view = await two.open.until((next) => lastAnswer(next) === 'You said: Anew');
    expect(view.sessionId).toBe(one.open.chat.view.sessionId);
    for (const { open } of tabs) open.chat.close();
  });
});

describe('ten pages on view at once, in windows side by side', { timeout: 20_000 }, () => {
  it('keep three lines between them, and all of them show what is being written', async () => {
    const { session, tabs, places } = await openTabs(10, { shown: 3, hidden: 2 });
    await vi.waitFor(() => expect([relay.openStreams, places.shown]).toEqual([3, 0]));
    beginAnswer(session);
    const statuses = tabs.map(({ open }) => open.views.length);
    for (const { open } of tabs)
      await open.until(({ status, messages }) => status === 'streaming' && messages.length === 4);
    for (const { open } of tabs) await open.until((view) => lastAnswer(view) === 'So far');
    endAnswer(session);
    for (const { open } of tabs)
      await open.until((view) => lastAnswer(view) === 'So far, so good' && view.status === 'idle');
    await vi.waitFor(() => expect(relay.openStreams).toBe(3));
    // Looking in is nothing that anybody sees.
    for (const [index, { open }] of tabs.entries()) {
      const seen = new Set(open.views.slice(statuses[index]).map(({ status }) => status));
      expect([...seen].toSorted()).toEqual(['idle', 'streaming']);
    }
    for (const { open } of tabs) open.chat.close();
    expect(places).toEqual({ shown: 3, hidden: 2 });
  });

  it('hand on a line that one of them leaves', async () => {
    const { session, tabs, places } = await openTabs(4, { shown: 3, hidden: 2 });
    await vi.waitFor(() => expect([relay.openStreams, places.shown]).toEqual([3, 0]));
    const [first, , , last] = tabs as [Tab, Tab, Tab, Tab];
    first.page.emit('hidden');
    await vi.waitFor(() => expect([relay.openStreams, places.shown]).toEqual([3, 0]), { timeout: 6_000 });
    beginAnswer(session);
    await last.open.until((view) => lastAnswer(view) === 'So far');
    // A polling page opens one stream per word; a page that was just polling may open one more.
    await vi.waitFor(
      async () => {
        const { streams } = relay;
        for (let word = 0; word < 3; word++) {
          const before = lastAnswer(last.open.chat.view);
          session.writeChunks('run2', { type: 'text-delta', id: '1', delta: ' on' });
          await last.open.until((view) => lastAnswer(view) === `${before} on`);
        }
        expect(relay.streams).toBe(streams);
      },
      { timeout: 10_000 },
    );
    for (const { open } of tabs) open.chat.close();
  });

  it('send and stop as any other', async () => {
    const { tabs } = await openTabs(4, { shown: 3, hidden: 2 });
    await vi.waitFor(() => expect(relay.openStreams).toBe(3));
    const last = tabs[3]?.open;
    expect(await last?.chat.send('More')).toBe(true);
    await last?.until((view) => lastAnswer(view) === 'You said: More');
    for (const { open } of tabs) open.chat.close();
  });
});

describe('a hidden page', () => {
  it('lets go of its line when nothing is being written, and goes on where it was when it is shown', async () => {
    const { session, tabs } = await openTabs(1);
    const [{ page, open }] = tabs as [Tab];
    page.emit('hidden');
    await vi.waitFor(() => expect(relay.openStreams).toBe(0));
    expect(open.chat.view.status).toBe('idle');
    beginAnswer(session);
    endAnswer(session);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(relay.streams).toBe(1);
    page.emit('shown');
    await open.until((view) => lastAnswer(view) === 'So far, so good');
    expect(relay.streams).toBe(2);
    open.chat.close();
  });

  it('keeps its line while an answer is being written, and lets go when that has ended', async () => {
    const { session, tabs, places } = await openTabs(1);
    const [{ page, open }] = tabs as [Tab];
    beginAnswer(session);
    await open.until(({ status }) => status === 'streaming');
    page.emit('hidden');
    await vi.waitFor(() => expect(places.hidden).toBe(1));
    endAnswer(session);
    await open.until((view) => lastAnswer(view) === 'So far, so good');
    await vi.waitFor(() => expect(relay.openStreams).toBe(0));
    expect([relay.streams, places.hidden]).toEqual([1, 2]);
    open.chat.close();
  });

  it('is one of at most two that do: ten tabs leave connections to spare', async () => {
    const { session, tabs, places } = await openTabs(10);
    beginAnswer(session);
    for (const { open } of tabs) await open.until(({ status }) => status === 'streaming');
    const [shown, ...hidden] = tabs;
    for (const { page } of hidden) page.emit('hidden');
    await vi.waitFor(() => expect(relay.openStreams).toBe(3));
    expect(places.hidden).toBe(0);
    endAnswer(session);
    await shown?.open.until((view) => lastAnswer(view) === 'So far, so good');
    await vi.waitFor(() => expect([relay.openStreams, places.hidden]).toEqual([1, 2]));
    for (const { page } of hidden) page.emit('shown');
    for (const { open } of tabs) await open.until((view) => lastAnswer(view) === 'So far, so good');
    for (const { open } of tabs) open.chat.close();
  });

  it('gives its place back when it is shown, or closed', async () => {
    const { session, tabs, places } = await openTabs(1);
    const [{ page, open }] = tabs as [Tab];
    beginAnswer(session);
    await open.until(({ status }) => status === 'streaming');
    // Shown again before the answer is there.
    page.emit('hidden');
    page.emit('shown');
    await vi.waitFor(() => expect(places.hidden).toBe(2));
    page.emit('hidden');
    await vi.waitFor(() => expect(places.hidden).toBe(1));
    open.chat.close();
    await vi.waitFor(() => expect(places.hidden).toBe(2));
    expect(relay.streams).toBe(1);
  });

  it('that was opened hidden makes no connection until it is shown', async () => {
    const { sessionId, token } = relay.mint();
    relay.session().writePrompt('m1', 'run1', 'Hello');
    const page = createFakePage();
    page.visible = false;
    await using open = openChat({
      relay: relay.origin,
      storage: createFakeProfile({ sessionId, token }).tab(),
      lifecycle: page,
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(relay.requests).toEqual([]);
    expect(open.chat.view.restoring).toBe(true);
    page.emit('shown');
    await open.until(({ messages }) => messages.length === 1);
  });
});

describe('the network', () => {
  it('when it is gone is said to be, until something comes all the same', async () => {
    const { session, tabs } = await openTabs(1);
    const [{ page, open }] = tabs as [Tab];
    page.emit('offline');
    expect(open.chat.view.status).toBe('offline');
    beginAnswer(session);
    await open.until(({ status }) => status === 'streaming');
    open.chat.close();
  });

  it('when it is back makes a line at once that is not trusted to be alive', async () => {
    const { tabs } = await openTabs(1);
    const [{ page, open }] = tabs as [Tab];
    page.emit('offline');
    page.emit('online');
    await vi.waitFor(() => expect(relay.streams).toBe(2));
    await open.until(({ status }) => status === 'idle');
    open.chat.close();
  });

  it('when it is back ends the wait before the next try', async () => {
    const { tabs } = await openTabs(1);
    const [{ page, open }] = tabs as [Tab];
    vi.spyOn(Math, 'random').mockReturnValue(1);
    relay.fault = ({ path, count }) => (path === '/api/check-stream' && count < 5 ? { kind: 'drop' } : null);
    page.emit('offline');
    relay.cutStreams();
    let waitedMs = 0;
    for (let tries = 2; tries <= 6; tries++) {
      await open.until(({ status }) => status === 'offline');
      const onlineAt = Date.now();
      page.emit('online');
      await vi.waitFor(() => expect(relay.requests).toHaveLength(tries), { timeout: 10_000, interval: 10 });
      waitedMs += Date.now() - onlineAt;
      if (tries < 6) page.emit('offline');
    }
    await open.until(({ status }) => status === 'idle');
    const backoffsMs = [1, 2, 3, 4, 5].map(backoffMs).reduce((sum, ms) => sum + ms);
    expect(backoffsMs).toBeGreaterThan(7_000);
    expect(waitedMs).toBeLessThan(backoffsMs / 3);
    open.chat.close();
  });

  it('when it is back sends the prompt that was waiting', async () => {
    const page = createFakePage();
    relay.fault = ({ path, count }) => (path === '/api/sessions' && count < 1 ? { kind: 'drop' } : null);
    await using open = openChat({ relay: relay.origin, lifecycle: page });
    vi.spyOn(Math, 'random').mockReturnValue(100);
    page.emit('offline');
    const sent = open.chat.send('Hello');
    await vi.waitFor(() => expect(relay.requests).toHaveLength(1));
    expect(open.chat.view).toMatchObject({ status: 'offline', pending: { text: 'Hello' } });
    await new Promise((resolve) => setTimeout(resolve, 20));
    page.emit('online');
    expect(await sent).toBe(true);
  });
});

describe('closing', () => {
  it('lets go of every listener, timer and connection, and opening again goes on', async () => {
    const { session, tabs } = await openTabs(1);
    const [{ page, open }] = tabs as [Tab];
    expect(page.listeners).toBe(1);
    open.chat.close();
    open.chat.close();
    expect(page.listeners).toBe(0);
    await vi.waitFor(() => expect(relay.openStreams).toBe(0));
    beginAnswer(session);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(relay.streams).toBe(1);
    open.chat.open();
    await open.until((view) => lastAnswer(view) === 'So far');
    open.chat.close();
  });

  it('while another tab begins a new chat, or goes on in another session, is followed when it is opened again', async () => {
    const { tabs } = await openTabs(2);
    const [one, two] = tabs as [Tab, Tab];
    two.open.chat.close();
    one.open.chat.newChat();
    two.open.chat.open();
    expect(two.open.chat.view).toMatchObject({ messages: [], sessionId: null });

    two.open.chat.close();
    await one.open.chat.send('Anew');
    two.open.chat.open();
    const view = await two.open.until((next) => lastAnswer(next) === 'You said: Anew');
    expect(view.sessionId).toBe(one.open.chat.view.sessionId);
    for (const { open } of tabs) open.chat.close();
  });

  it('in the middle of a sending keeps the prompt, which is sent once when it is opened again', async () => {
    relay.fault = ({ path, count }) => (path === '/api/llm-stream' && count === 0 ? { kind: 'drop-answer' } : null);
    const open = openChat({ relay: relay.origin });
    const sent = open.chat.send('Hello');
    open.chat.close();
    expect(await sent).toBe(false);
    expect(open.chat.view.pending).toMatchObject({ text: 'Hello' });
    open.chat.open();
    await open.until((view) => lastAnswer(view) === 'You said: Hello');
    expect(relay.session().answers.size).toBe(1);
    open.chat.close();
  });
});

describe('a page that was frozen', () => {
  it('shows the truth within 3 s although its line died without a sign', async () => {
    const { session, tabs } = await openTabs(1);
    const [{ page, open }] = tabs as [Tab];
    beginAnswer(session);
    await open.until(({ status }) => status === 'streaming');
    page.emit('hidden');
    await vi.waitFor(() => expect(relay.openStreams).toBe(1));
    // The line brings nothing any more, and does not end either.
    relay.silenceStreams();
    endAnswer(session);
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => performance.timeOrigin + performance.now() + 10_000);
    const shownAt = performance.now();
    page.emit('shown');
    await open.until((view) => lastAnswer(view) === 'So far, so good' && view.status === 'idle');
    expect(performance.now() - shownAt).toBeLessThan(3_000);
    expect(relay.streams).toBe(2);
    clock.mockRestore();
    open.chat.close();
  });
});
