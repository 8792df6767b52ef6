import { describe, expect, it, vi } from 'vitest';
import { createSharedStorage } from './shared-session.ts';
import { createFakeProfile } from './testing/open-chat.ts';

const OWN = { sessionId: 'my-own-conversation', token: 'own' };
const SHARED = { sessionId: 'somebody-elses-conversation', token: 'shared' };

describe('the storage of a shared session', () => {
  it('holds it, and neither shows nor touches the visitor’s own', () => {
    const profile = createFakeProfile(OWN);
    const storage = createSharedStorage(profile.tab(), SHARED);
    expect(storage.read()).toEqual(SHARED);
    storage.write({ ...SHARED, token: 'renewed' });
    expect(storage.read()).toEqual(SHARED);
    expect(profile.tab().read()).toEqual(OWN);
  });

  it('gives way to the visitor’s own once it is left, and says so', async () => {
    const profile = createFakeProfile(OWN);
    const storage = createSharedStorage(profile.tab(), SHARED);
    const listener = vi.fn<() => void>();
    const end = storage.subscribe(listener);
    storage.write(null);
    expect(storage.read()).toEqual(OWN);
    expect(profile.tab().read()).toEqual(OWN);
    await vi.waitFor(() => expect(listener).toHaveBeenCalledTimes(1));
    end();
    storage.write(null);
    expect(profile.tab().read()).toBeNull();
  });

  it('hears of other tabs only once it is left', async () => {
    const profile = createFakeProfile();
    const other = profile.tab();
    const storage = createSharedStorage(profile.tab(), SHARED);
    const listener = vi.fn<() => void>();
    storage.subscribe(listener);
    other.write(OWN);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(listener).not.toHaveBeenCalled();
    storage.write({ sessionId: 'one-begun-here-instead', token: 't' });
    expect(profile.tab().read()?.sessionId).toBe('one-begun-here-instead');
    other.write(OWN);
    await vi.waitFor(() => expect(listener).toHaveBeenCalledTimes(1));
    expect(storage.read()).toEqual(OWN);
  });
});
