import { afterEach, expect, it, vi } from 'vitest';
import { openHubStage, type HubStage } from './testing/hub-stage.ts';
import type { MemorySink } from './testing/memory-sink.ts';

vi.setConfig({ testTimeout: 15_000 });

let stage: HubStage;
afterEach(() => stage.close());

it('counts unread bytes below the high-water mark too, and cuts the viewers with the most', async () => {
  stage = await openHubStage({ allUnreadBytes: 200_000 });
  const pen = await stage.write();
  const viewers: MemorySink[] = [];
  for (let i = 0; i < 6; i += 1) viewers.push(await stage.join());
  const [reads] = viewers;
  await pen.text('x'.repeat(50_000));
  await expect.poll(() => reads?.unread).toBeGreaterThan(50_000);
  reads?.take();
  expect(viewers.some(({ blocked }) => blocked)).toBe(false);
  await expect.poll(() => viewers.filter(({ state }) => state === 'aborted').length).toBe(2);
  expect(reads?.state).toBe('open');
  expect(stage.hub.streams).toBe(4);
});

it('counts the unread bytes of responses that have ended', async () => {
  stage = await openHubStage({ allUnreadBytes: 200_000 });
  const pen = await stage.write();
  const viewers: MemorySink[] = [];
  for (let i = 0; i < 5; i += 1) viewers.push(await stage.serve({ after: '0-0', until: pen.runId }));
  await pen.text('x'.repeat(50_000));
  await pen.finish();
  await expect.poll(() => viewers.filter(({ state }) => state === 'aborted').length).toBe(2);
  expect(viewers.filter(({ state }) => state === 'ended')).toHaveLength(3);
});

/** Opens a stream that is blocked in the middle of one long frame. */
async function stallWithinFrame(): Promise<MemorySink> {
  const pen = await stage.write();
  await pen.text('x'.repeat(200_000));
  const viewer = await stage.serve({ after: '0-0' });
  await expect.poll(() => viewer.blocked).toBe(true);
  return viewer;
}

it('writes no bye into the middle of a frame when a stalled viewer is dropped', async () => {
  stage = await openHubStage({ blockedMs: 250, lingerMs: 500 });
  const viewer = await stallWithinFrame();
  await expect.poll(() => viewer.state, { timeout: 5000 }).toBe('ended');
  expect(viewer.text).toMatch(/x$/);
  await expect.poll(() => viewer.state, { timeout: 5000 }).toBe('aborted');
  expect(viewer.late).toBe('');
});

it('completes the frame before the bye of a relay that shuts down', async () => {
  stage = await openHubStage();
  const viewer = await stallWithinFrame();
  stage.hub.close();
  expect(viewer.text).toMatch(/x$/);
  await expect
    .poll(() => (viewer.take(), viewer.text))
    .toMatch(/x"}}\n\nevent: bye\ndata: {"reason":"shutdown",[^\n]*\n\n$/);
  expect(viewer.state).toBe('ended');
});
