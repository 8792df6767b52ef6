import { describe, expect, it, vi } from 'vitest';
import { pinStorage } from './pin-storage.ts';
import type { CredentialStorage, SessionCredentials } from './types.ts';

const PINNED = { sessionId: 'pinned-session-0001', token: 'a' };
const OTHER = { sessionId: 'other-session-00001', token: 'b' };

function createSharedStorage(
  initial: SessionCredentials | null,
): CredentialStorage & { changeElsewhere(to: SessionCredentials | null): void } {
  let stored = initial;
  const listeners = new Set<() => void>();
  return {
    read: () => stored,
    write: (credentials) => void (stored = credentials),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    changeElsewhere(to) {
      stored = to;
      for (const listener of listeners) listener();
    },
  };
}

describe('a storage pinned to one session', () => {
  it('reads that session and no other', () => {
    expect(pinStorage(createSharedStorage(PINNED), PINNED.sessionId).read()).toEqual(PINNED);
    expect(pinStorage(createSharedStorage(OTHER), PINNED.sessionId).read()).toBeNull();
  });

  it('does not hear of what another tab does with another session, and leaves it alone when its own token is renewed', () => {
    const shared = createSharedStorage(PINNED);
    const pinned = pinStorage(shared, PINNED.sessionId);
    const heard = vi.fn<() => void>();
    pinned.subscribe(heard);

    shared.changeElsewhere(OTHER);
    shared.changeElsewhere(null);
    expect(heard).not.toHaveBeenCalled();

    shared.changeElsewhere(OTHER);
    pinned.write({ ...PINNED, token: 'renewed' });
    expect(shared.read()).toEqual(OTHER);
    expect(pinned.read()).toEqual({ ...PINNED, token: 'renewed' });
  });

  it('hears of its own session, and of all once a conversation was begun here', () => {
    const shared = createSharedStorage(PINNED);
    const pinned = pinStorage(shared, PINNED.sessionId);
    const heard = vi.fn<() => void>();
    pinned.subscribe(heard);

    shared.changeElsewhere({ ...PINNED, token: 'renewed elsewhere' });
    expect(heard).toHaveBeenCalledTimes(1);

    pinned.write(null);
    pinned.write(OTHER);
    expect(pinned.read()).toEqual(OTHER);
    shared.changeElsewhere(null);
    expect(heard).toHaveBeenCalledTimes(2);
  });
});
