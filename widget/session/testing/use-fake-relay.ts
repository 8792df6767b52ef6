import { afterEach, beforeEach, vi } from 'vitest';
import type { ChatView } from '../types.ts';
import { createFakeRelay, type FakeRelay, type FakeRequest } from './fake-relay.ts';

/** A fresh relay for each test of the file, handed over before it begins. */
export function useFakeRelay(take: (relay: FakeRelay) => void): void {
  let relay: FakeRelay;
  beforeEach(async () => {
    take((relay = await createFakeRelay()));
    // The waits before another try are drawn from 0 to a bound: here always 0.
    vi.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await relay.close();
  });
}

export const isPrompt = ({ method, path }: FakeRequest): boolean => method === 'POST' && path === '/api/llm-stream';
export const isMint = ({ method, path }: FakeRequest): boolean => method === 'POST' && path === '/api/sessions';

/** Nothing is under way, and there is something to see. */
export const isDone = ({ status, messages, pending }: ChatView): boolean =>
  status === 'idle' && messages.length > 0 && pending === null;

/** Texts of the messages on view, in order. */
export const textsOf = ({ messages }: ChatView): string[] =>
  messages.map(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : '')).join(''));
