import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFollow, type Line } from './follow.ts';
import type { StreamReader } from './transport.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('a buffered line is asked for, ever more rarely, and streams again from the same place once it can', async () => {
  const streams: { after: string | null; reader: StreamReader }[] = [];
  const lines: Line[] = [];
  let asked = 0;
  const follow = createFollow({
    open: (after, reader, signal) =>
      new Promise((resolve) => {
        streams.push({ after, reader });
        signal.addEventListener('abort', () => resolve({ kind: 'lost' }));
      }),
    ask() {
      asked += 1;
      return Promise.resolve({ kind: 'ok', value: { sessionId: 's', messages: [], run: null, cursor: '5-0' } });
    },
    onFrame: () => {},
    onPing: () => {},
    onChange: (line) => lines.push(line),
    onAlive: () => {},
    onOver: () => {},
  });
  follow.resume();
  await vi.advanceTimersByTimeAsync(7_000);
  expect([asked > 0, follow.cursor, follow.line.phase]).toEqual([true, '5-0', 'up']);
  await vi.advanceTimersByTimeAsync(43_000);
  expect(streams.map(({ after }) => after)).toEqual([null, '5-0']);
  expect(asked).toBeLessThan(12);
  for (let seconds = 0; seconds < 70 && streams.length < 3; seconds++) await vi.advanceTimersByTimeAsync(1_000);
  expect(streams).toHaveLength(3);
  streams[2]?.reader.event({ type: 'ping' });
  const before = asked;
  await vi.advanceTimersByTimeAsync(30_000);
  expect([asked, streams.length, follow.line.phase]).toEqual([before, 3, 'up']);
  expect(lines.map(({ phase }) => phase)).not.toContain('waiting');
  follow.suspend();
});
