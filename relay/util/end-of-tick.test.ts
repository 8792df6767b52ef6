import { describe, expect, it } from 'vitest';
import { atEndOfTick } from './end-of-tick.ts';

const nextTick = () => new Promise((resolve) => setImmediate(resolve));

describe('the end of a tick', () => {
  it('comes after all that is ready to run, runs what was asked for in order, and what that asks for with it', async () => {
    const ran: string[] = [];
    atEndOfTick(() => {
      ran.push('one writes');
      atEndOfTick(() => ran.push('commit'));
    });
    atEndOfTick(() => ran.push('another writes'));
    await Promise.resolve();
    expect(ran).toEqual([]);
    await nextTick();
    expect(ran).toEqual(['one writes', 'another writes', 'commit']);
  });

  it('leaves out what was taken back', async () => {
    const ran: string[] = [];
    const cancel = atEndOfTick(() => ran.push('taken back'));
    atEndOfTick(() => ran.push('kept'));
    cancel();
    await nextTick();
    expect(ran).toEqual(['kept']);
  });
});
