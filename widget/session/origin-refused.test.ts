import { expect, it, vi } from 'vitest';
import type { FakeRelay } from './testing/fake-relay.ts';
import { openChat } from './testing/open-chat.ts';
import { useFakeRelay } from './testing/use-fake-relay.ts';

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
