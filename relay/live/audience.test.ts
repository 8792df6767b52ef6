import { expect, it } from 'vitest';
import { Audience } from './audience.ts';
import { MemorySink } from './testing/memory-sink.ts';
import { Viewer } from './viewer.ts';

const context = {
  logger: { debug() {}, info() {}, warn() {}, error() {} },
  unreadBytes: 1000,
  blockedTicks: 4,
  lingerTicks: 4,
};
const newViewer = (sink = new MemorySink()) => new Viewer({ sink, context, until: null, share: null });
const entry = (seq: number) => ({ id: `1-${seq}`, data: `{"type":"chunk","text":"${'x'.repeat(40_000)}"}` });

it('keeps no viewer that left before it joined', () => {
  const audience = new Audience();
  const sink = new MemorySink();
  const viewer = newViewer(sink);
  viewer.onClose(() => audience.leave(viewer));
  audience.enter(viewer);
  sink.leave();
  expect(audience.join(viewer, '1-0', '1-0')).toBe(true);
  expect([audience.hasLive, audience.hasReplaying]).toEqual([false, false]);
});

it('keeps no viewer that is dropped by what it joins with', () => {
  const audience = new Audience();
  const viewer = newViewer();
  audience.enter(viewer);
  for (const seq of [1, 2]) audience.push(entry(seq));
  expect(audience.join(viewer, '1-0', '1-2')).toBe(true);
  expect(viewer.hasEnded).toBe(true);
  expect([audience.hasLive, audience.hasReplaying]).toEqual([false, false]);
});

it('keeps recent entries only while a viewer replays', () => {
  const audience = new Audience();
  const [early, late] = [newViewer(), newViewer()];
  audience.enter(early);
  audience.push(entry(1));
  audience.leave(early);
  audience.enter(late);
  audience.push(entry(2));
  expect(audience.join(late, '1-0', '1-2')).toBe(false);
  expect(audience.hasReplaying).toBe(true);
});
