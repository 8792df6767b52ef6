import { describe, expect, it } from 'vitest';
import { atEndOfTick } from './end-of-tick.ts';

const nextTick = () => new Promise((resolve) => setImmediate(resolve));

describe('the end of a tick', () => {
  it('runs tasks in order after everything that is ready to run, and the tasks that they add last', async () => {
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

  it('does not run a task that was cancelled', async () => {
    const ran: string[] = [];
    const cancel = atEndOfTick(() => ran.push('cancelled'));
    atEndOfTick(() => ran.push('kept'));
    cancel();
    await nextTick();
    expect(ran).toEqual(['kept']);
  });
});
