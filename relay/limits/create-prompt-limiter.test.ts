import { expect, it } from 'vitest';
import { createPromptLimiter } from './create-prompt-limiter.ts';

it('counts accepted prompts per session and per address', async () => {
  const limiter = createPromptLimiter({ perSession: 2, perAddress: 3 });
  const take = async (session: string, address?: string) => (await limiter.take(session, address)).kind;
  expect([await take('a', '1'), await take('a', '1'), await take('a', '1')]).toEqual(['ok', 'ok', 'limited']);
  // What the session's limit refused did not count for the address.
  expect([await take('b', '1'), await take('c', '1')]).toEqual(['ok', 'limited']);
  // Nor the other way round.
  expect([await take('c', '2'), await take('c', '2'), await take('c', '2')]).toEqual(['ok', 'ok', 'limited']);
  expect([await take('d'), await take('e')]).toEqual(['ok', 'ok']);
});

it('does not count what is given back', async () => {
  const limiter = createPromptLimiter({ perSession: 1, perAddress: 1 });
  for (let i = 0; i < 5; i += 1) {
    const ticket = await limiter.take('a', '1');
    if (ticket.kind !== 'ok') throw new Error('limited');
    await ticket.giveBack();
    await ticket.giveBack();
  }
  expect((await limiter.take('a', '1')).kind).toBe('ok');
  for (let i = 0; i < 20; i += 1) {
    const ticket = await limiter.take('a', '1');
    expect(ticket).toMatchObject({ kind: 'limited', retryAfterMs: expect.any(Number) });
  }
});

it('does not count what it refused', async () => {
  const limiter = createPromptLimiter({ perSession: 1, perAddress: 0 });
  const first = await limiter.take('a', '1');
  for (let i = 0; i < 5; i += 1) expect((await limiter.take('a', '1')).kind).toBe('limited');
  if (first.kind === 'ok') await first.giveBack();
  expect((await limiter.take('a', '1')).kind).toBe('ok');
});

it('limits nothing when a limit is 0', async () => {
  const limiter = createPromptLimiter({ perSession: 0, perAddress: 0 });
  for (let i = 0; i < 200; i += 1) expect((await limiter.take('a', '1')).kind).toBe('ok');
});
