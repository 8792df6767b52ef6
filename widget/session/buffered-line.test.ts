import { describe, expect, it } from 'vitest';
import type { FakeRelay } from './testing/fake-relay.ts';
import { lastAnswer, openChat } from './testing/open-chat.ts';
import { useFakeRelay } from './testing/use-fake-relay.ts';

let relay: FakeRelay;
useFakeRelay((next) => (relay = next));

describe.each(['body', 'all'] as const)('behind a proxy that holds a stream back (%s)', (buffered) => {
  it('answers are shown, prompts and Stop work, and nothing is said to be lost', { timeout: 40_000 }, async () => {
    relay.plan = () => ({ buffered });
    relay.answer = (session, runId, prompt) => {
      session.writeStart(runId);
      session.writeChunks(runId, { type: 'text-start', id: '1' }, { type: 'text-delta', id: '1', delta: prompt });
    };
    await using open = openChat({ relay: relay.origin });
    await open.chat.send('Hello');
    const view = await open.until((next) => lastAnswer(next) === 'Hello' && next.status === 'streaming');
    expect(view.pending).toBeNull();
    await open.chat.stop();
    await open.until(({ status, run }) => status === 'idle' && run === null);
    relay.answer = (session, runId, prompt) => session.writeAnswer(runId, ['You said: ', prompt]);
    await open.chat.send('Again');
    await open.until((next) => lastAnswer(next) === 'You said: Again' && next.status === 'idle');
    for (const { status, pending } of open.views) {
      expect(['idle', 'connecting', 'streaming']).toContain(status);
      if (status === 'streaming') expect(pending).toBeNull();
    }
    expect(relay.streams).toBe(1);
  });
});
