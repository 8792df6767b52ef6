import { expect, it, vi } from 'vitest';
import { createProblem } from '#shared/problem.ts';
import type { FakeRelay } from './testing/fake-relay.ts';
import { openChat } from './testing/open-chat.ts';
import { useFakeRelay } from './testing/use-fake-relay.ts';
import { createTransport } from './transport.ts';

let relay: FakeRelay;
useFakeRelay((next) => (relay = next));

it('a refused origin is told to the visitor, and once to the developer with the setting that allows it', async () => {
  vi.stubGlobal('location', new URL('https://shop.example/page'));
  const logged = vi.spyOn(console, 'error').mockReturnValue(undefined);
  relay.fault = () => ({ kind: 'problem', code: 'origin-not-allowed' });
  await using open = openChat({ relay: relay.origin });
  for (const text of ['Hello', 'Hello again']) expect(await open.chat.send(text)).toBe(false);
  expect(open.chat.view).toMatchObject({ problem: { code: 'origin-not-allowed' }, status: 'idle', pending: null });
  expect(open.views.map(({ status }) => status)).not.toContain('reconnecting');
  expect(logged).toHaveBeenCalledExactlyOnceWith(
    `[resumable-chat] The relay ${relay.origin} refuses requests from this page: ` +
      'add https://shop.example to its setting ALLOWED_ORIGINS.',
  );
  vi.unstubAllGlobals();
});

it('a refused preflight, which a page sees as a lost connection, is told from one', async () => {
  vi.stubGlobal('location', new URL('https://shop.example/page'));
  const logged = vi.spyOn(console, 'error').mockReturnValue(undefined);
  const asked: string[] = [];
  /** What a browser makes of a relay that refuses the origin: only a request without a preflight gets an answer. */
  const browser: typeof fetch = (_input, init = {}) => {
    const needsPreflight = (init.method ?? 'GET') !== 'GET' || Object.keys(init.headers ?? {}).length > 0;
    asked.push(`${init.method ?? 'GET'} ${needsPreflight ? 'with' : 'without'} preflight`);
    if (needsPreflight) return Promise.reject(new TypeError('Failed to fetch'));
    return Promise.resolve(Response.json(createProblem('origin-not-allowed'), { status: 403 }));
  };
  const transport = createTransport({ relay: 'https://refusing.example', fetch: browser });
  const answer = await transport.mint(null, new AbortController().signal);
  expect(answer).toMatchObject({ kind: 'refused', problem: { code: 'origin-not-allowed' } });
  expect(asked).toEqual(['POST with preflight', 'GET without preflight']);
  expect(logged).toHaveBeenCalledOnce();
  vi.unstubAllGlobals();
});

it('a network that is gone is not taken for a refusal, and nothing more is asked once the relay has answered', async () => {
  vi.stubGlobal('location', new URL('https://shop.example/page'));
  let asked = 0;
  let isOnline = false;
  const network: typeof fetch = () => {
    asked += 1;
    return isOnline
      ? Promise.resolve(Response.json({ sessionId: 's'.repeat(21), token: 't', expiresAt: 1 }, { status: 201 }))
      : Promise.reject(new TypeError('Failed to fetch'));
  };
  const transport = createTransport({ relay: 'https://relay.example', fetch: network });
  const mint = () => transport.mint(null, new AbortController().signal);
  expect([(await mint()).kind, asked]).toEqual(['lost', 2]);
  isOnline = true;
  expect([(await mint()).kind, asked]).toEqual(['ok', 3]);
  isOnline = false;
  expect([(await mint()).kind, asked]).toEqual(['lost', 4]);
  vi.unstubAllGlobals();
});
