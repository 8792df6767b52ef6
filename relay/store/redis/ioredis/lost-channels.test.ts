import { expect, it, onTestFinished, vi } from 'vitest';
import { createLostChannels } from './lost-channels.ts';

/** Channels whose server answers or not; `restored` holds those that were subscribed to again. */
function start(answers: (channel: string) => boolean) {
  const restored: string[] = [];
  const channels = createLostChannels<string>({
    async subscribe(channel) {
      if (!answers(channel)) throw new Error('ECONNREFUSED');
    },
    onRestored: (channel) => void restored.push(channel),
  });
  onTestFinished(() => channels.clear());
  return { channels, restored };
}

it('restores the channels of a server that is back although a thousand others lie on one that stays away', async () => {
  const { channels, restored } = start((channel) => channel === 'back');
  for (let index = 0; index < 1_000; index += 1) channels.add(`away ${index}`);
  channels.add('back');
  await vi.waitFor(() => expect(restored).toEqual(['back']), { timeout: 5_000 });
});

it('restores every channel once its server is back, and each of them once', async () => {
  let isBack = false;
  const { channels, restored } = start(() => isBack);
  const names = Array.from({ length: 1_200 }, (_, index) => `channel ${index}`);
  for (const name of names) channels.add(name);
  channels.remove('channel 7');
  setTimeout(() => (isBack = true), 100);
  await vi.waitFor(() => expect(restored).toHaveLength(1_199), { timeout: 10_000 });
  expect(new Set(restored)).toEqual(new Set(names.filter((name) => name !== 'channel 7')));
});
