import { describe, expect, it, vi } from 'vitest';
import type { FakeRelay, FakeRequest } from './testing/fake-relay.ts';
import { createFakePage, openChat, type OpenChat } from './testing/open-chat.ts';
import { useFakeRelay } from './testing/use-fake-relay.ts';
import type { ChatView } from './types.ts';

let relay: FakeRelay;
useFakeRelay((fake) => (relay = fake));

const isRating = ({ path }: FakeRequest): boolean => path.endsWith('/feedback');
const sent = (): unknown[] => relay.requests.filter(isRating).map(({ body }) => body['rating']);
const ratingOf = ({ messages }: ChatView): string | undefined => messages.at(-1)?.metadata?.feedback?.rating;

/** A chat with one answer; its id. */
async function answered(open: OpenChat): Promise<string> {
  await open.chat.send('Hello');
  const { messages } = await open.until(
    ({ status, run, messages }) => status === 'idle' && !run && messages.length === 2,
  );
  return messages.at(-1)?.id ?? '';
}

describe('rating an answer', () => {
  it('shows at once, is kept by the relay, and stays', async () => {
    await using open = openChat({ relay: relay.origin });
    const id = await answered(open);
    const rating = open.chat.rate(id, 'down', 'Too long');
    expect(open.chat.view.messages.at(-1)?.metadata?.feedback).toEqual({ rating: 'down', comment: 'Too long' });
    expect(await rating).toBe(true);
    expect(relay.requests.filter(isRating)).toMatchObject([
      {
        method: 'POST',
        path: `/api/sessions/${open.chat.view.sessionId}/feedback`,
        body: { messageId: id, rating: 'down', comment: 'Too long' },
      },
    ]);
    expect(open.chat.view.messages.at(-1)?.metadata).toMatchObject({
      feedback: { rating: 'down' },
      run: { status: 'completed' },
    });
    expect(await open.chat.rate(id, null)).toBe(true);
    expect(ratingOf(open.chat.view)).toBeUndefined();
    expect(relay.requests.findLast(isRating)?.body).toEqual({ messageId: id, rating: null });
  });

  it('goes off the page again when the relay refuses it, and says why', async () => {
    await using open = openChat({ relay: relay.origin });
    const id = await answered(open);
    await open.chat.rate(id, 'up');
    relay.fault = (request) => (isRating(request) ? { kind: 'problem', code: 'read-only' } : null);
    const rating = open.chat.rate(id, 'down');
    expect(ratingOf(open.chat.view)).toBe('down');
    expect(await rating).toBe(false);
    expect(ratingOf(open.chat.view)).toBe('up');
    expect(open.chat.view.problem?.code).toBe('read-only');
    expect(sent()).toEqual(['up', 'down']);
    relay.fault = (request) => (isRating(request) ? { kind: 'problem', code: 'not-found' } : null);
    expect(await open.chat.rate(id, null)).toBe(false);
    expect(open.chat.view).toMatchObject({ ended: false, problem: { code: 'not-rated' } });
  });

  it('is tried again while the line is lost or the relay is busy, and gives up a relay that goes on refusing', async () => {
    await using open = openChat({ relay: relay.origin });
    const id = await answered(open);
    relay.fault = (request) => {
      if (!isRating(request) || request.count > 8) return null;
      return request.count < 5 ? { kind: 'drop' } : { kind: 'problem', code: 'store-unavailable' };
    };
    expect(await open.chat.rate(id, 'up')).toBe(true);
    expect(sent()).toHaveLength(10);
    relay.fault = (request) => (isRating(request) ? { kind: 'problem', code: 'store-unavailable' } : null);
    expect(await open.chat.rate(id, null)).toBe(false);
    expect(sent()).toHaveLength(16);
    expect(ratingOf(open.chat.view)).toBe('up');
  });

  it('is sent in order: the last word is the last to arrive', async () => {
    await using open = openChat({ relay: relay.origin });
    const id = await answered(open);
    relay.fault = (request) => (isRating(request) && request.count === 0 ? { kind: 'drop-answer' } : null);
    const ratings = [open.chat.rate(id, 'up'), open.chat.rate(id, null), open.chat.rate(id, 'down')];
    expect(ratingOf(open.chat.view)).toBe('down');
    expect(await Promise.all(ratings)).toEqual([true, true, true]);
    expect(sent()).toEqual(['up', 'up', 'down']);
    expect(ratingOf(open.chat.view)).toBe('down');
  });

  it('that is on its way when the view is closed arrives; one that waits for the line is given up', async () => {
    const page = createFakePage();
    await using open = openChat({ relay: relay.origin, lifecycle: page });
    const id = await answered(open);
    const first = open.chat.rate(id, 'up');
    open.chat.close();
    expect(await first).toBe(true);
    open.chat.open();
    vi.mocked(Math.random).mockReturnValue(0.99);
    relay.fault = (request) => (isRating(request) ? { kind: 'drop' } : null);
    const second = open.chat.rate(id, 'down');
    await vi.waitFor(() => expect(sent()).toHaveLength(2));
    open.chat.close();
    expect(await second).toBe(false);
    expect(ratingOf(open.chat.view)).toBe('up');
  });

  it('is refused for what is no answer here', async () => {
    await using open = openChat({ relay: relay.origin });
    await answered(open);
    expect(await open.chat.rate('nobody', 'up')).toBe(false);
    expect(await open.chat.rate(open.chat.view.messages[0]?.id ?? '', 'up')).toBe(false);
    expect(sent()).toEqual([]);
  });

  it('is forgotten with its session', async () => {
    await using open = openChat({ relay: relay.origin });
    const id = await answered(open);
    relay.fault = (request) => (isRating(request) ? { kind: 'hang' } : null);
    const rating = open.chat.rate(id, 'up');
    open.chat.newChat();
    expect(await rating).toBe(false);
    expect(open.chat.view.messages).toEqual([]);
  });
});
