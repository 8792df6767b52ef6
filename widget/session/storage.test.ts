import { afterEach, describe, expect, it, vi } from 'vitest';
import { createCredentialStorage } from './storage.ts';

const relay = 'https://relay.example';
const key = 'resumable-chat:https://relay.example';
const credentials = { sessionId: 'session_id_of_21_char', token: 'a.b.c' };

/** The part of `Storage` that is used, over a map. */
function createArea(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> & { items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, text) => void items.set(name, text),
    removeItem: (name) => void items.delete(name),
  };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('the storage of credentials', () => {
  it.each([
    ['local', 'localStorage'],
    ['session', 'sessionStorage'],
  ] as const)('keeps them in the %s storage under the key of the relay, and nothing else', (kind, global) => {
    const area = createArea();
    vi.stubGlobal(global, area);
    const storage = createCredentialStorage({ kind, relay });
    expect(storage.read()).toBeNull();
    storage.write(credentials);
    expect([...area.items]).toEqual([[key, JSON.stringify(credentials)]]);
    expect(createCredentialStorage({ kind, relay }).read()).toEqual(credentials);
    storage.write(null);
    expect(area.items.size).toBe(0);
    expect(storage.read()).toBeNull();
  });

  it.each([
    '',
    'null',
    '[]',
    '"text"',
    '{',
    '{"sessionId":"session_id_of_21_char"}',
    '{"sessionId":"../..","token":"t"}',
    '{"sessionId":7,"token":"t"}',
    '{"sessionId":"session_id_of_21_char","token":""}',
    // No request can be made with these: a browser throws.
    '{"sessionId":"session_id_of_21_char","token":"a\\nb"}',
    '{"sessionId":"session_id_of_21_char","token":"a b"}',
    '{"sessionId":"session_id_of_21_char","token":"ü"}',
    JSON.stringify({ sessionId: 'session_id_of_21_char', token: 'x'.repeat(5_000) }),
  ])('takes %j for nothing', (text) => {
    const area = createArea();
    area.items.set(key, text);
    vi.stubGlobal('localStorage', area);
    expect(createCredentialStorage({ kind: 'local', relay }).read()).toBeNull();
  });

  it('keeps them in memory where the browser takes none, or throws', () => {
    const refuse = (): never => {
      throw new DOMException('no', 'SecurityError');
    };
    for (const area of [undefined, { getItem: refuse, setItem: refuse, removeItem: refuse }]) {
      vi.stubGlobal('localStorage', area);
      const storage = createCredentialStorage({ kind: 'local', relay });
      expect(storage.read()).toBeNull();
      storage.write(credentials);
      expect(storage.read()).toEqual(credentials);
      storage.write(null);
      expect(storage.read()).toBeNull();
    }
    vi.stubGlobal('localStorage', undefined);
    Object.defineProperty(globalThis, 'localStorage', { get: refuse, configurable: true });
    expect(createCredentialStorage({ kind: 'local', relay }).read()).toBeNull();
  });

  it('does not bring back older ones when there is no room for the new', () => {
    const area = createArea();
    vi.stubGlobal('localStorage', area);
    const storage = createCredentialStorage({ kind: 'local', relay });
    storage.write({ ...credentials, token: 'old' });
    area.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    storage.write(credentials);
    expect(storage.read()).toEqual(credentials);
  });

  it('tells of what other tabs write under this key, until it is told not to', () => {
    const area = createArea();
    vi.stubGlobal('localStorage', area);
    const target = new EventTarget();
    vi.stubGlobal('addEventListener', target.addEventListener.bind(target));
    vi.stubGlobal('removeEventListener', target.removeEventListener.bind(target));
    const emit = (name: string | null, storageArea: unknown): void =>
      void target.dispatchEvent(Object.assign(new Event('storage'), { key: name, storageArea }));
    const listener = vi.fn<() => void>();
    const end = createCredentialStorage({ kind: 'local', relay }).subscribe(listener);
    emit(key, area);
    emit(null, area);
    expect(listener).toHaveBeenCalledTimes(2);
    emit('resumable-chat:https://another.example', area);
    emit(key, createArea());
    end();
    emit(key, area);
    expect(listener).toHaveBeenCalledTimes(2);
  });

  it('tells of what another chat of the same page writes, but not of its own', async () => {
    vi.stubGlobal('sessionStorage', createArea());
    const [one, two, elsewhere] = [relay, relay, 'https://another.example'].map((origin) => {
      const storage = createCredentialStorage({ kind: 'session', relay: origin });
      const listener = vi.fn<() => void>();
      return { storage, listener, end: storage.subscribe(listener) };
    });
    one?.storage.write(credentials);
    // Not in the middle of the writing.
    expect(two?.listener).not.toHaveBeenCalled();
    await vi.waitFor(() => expect(two?.listener).toHaveBeenCalledTimes(1));
    expect(two?.storage.read()).toEqual(credentials);
    expect([one, elsewhere].map((chat) => chat?.listener.mock.calls.length)).toEqual([0, 0]);
    one?.storage.write(null);
    two?.end();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(two?.listener).toHaveBeenCalledTimes(1);
    for (const chat of [one, elsewhere]) chat?.end();
  });

  it('takes a kind that there is not for the default', () => {
    const area = createArea();
    vi.stubGlobal('localStorage', area);
    createCredentialStorage({ kind: 'forever' as 'local', relay }).write(credentials);
    expect([...area.items.keys()]).toEqual([key]);
  });
});
