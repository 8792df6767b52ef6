import { afterEach, expect, it, vi } from 'vitest';
import { sealSession } from '../store/seal-session.ts';
import type { FollowEvent } from '../store/session-store.ts';
import { openHubStage, type HubStage } from './testing/hub-stage.ts';

vi.setConfig({ testTimeout: 15_000 });

let stage: HubStage;
afterEach(() => stage.close());

/** A promise, and what resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** An entry that follows nothing the tail knows: a gap. */
const GAP: FollowEvent = { kind: 'entries', entries: [{ id: '9007199254740991-7', data: '{"type":"chunk"}' }] };

it('writes nothing to a viewer that left while it was joining', async () => {
  stage = await openHubStage();
  const pen = await stage.write();
  const stays = await stage.join();
  const { opened, open } = gate();
  let isAsked = false;
  stage.store.pass = () => undefined;
  stage.store.beforeRead = () => {
    isAsked = true;
    return opened;
  };
  await pen.text('missed');
  const leaves = await stage.serve({ after: '0-0' });
  // It has all there is, and waits for the tail, which has to read that first.
  await expect.poll(() => isAsked).toBe(true);
  expect(leaves.text).toContain('missed');
  leaves.leave();
  stage.store.pass = (event, tell) => tell(event);
  stage.store.beforeRead = () => undefined;
  open();
  await expect.poll(() => stays.text).toContain('missed');
  await pen.text('written later');
  await expect.poll(() => stays.text).toContain('written later');
  expect(leaves.late).toBe('');
  expect(stage.hub.streams).toBe(1);
});

it('writes nothing more to a viewer that is dropped by what it joins with', async () => {
  stage = await openHubStage({ unreadBytes: 100_000 });
  const pen = await stage.write();
  const stays = await stage.join();
  await pen.text('x'.repeat(70_000));
  await expect.poll(() => stays.blocked).toBe(true);
  stays.take();
  const slow = await stage.serve({ after: '0-0' });
  await expect.poll(() => slow.blocked).toBe(true);
  // Kept for those that join, and more than a viewer may leave unread.
  for (const letter of ['y', 'z']) {
    await pen.text(letter.repeat(60_000));
    await expect.poll(() => stays.unread).toBeGreaterThan(60_000);
    stays.take();
  }
  slow.take();
  await expect.poll(() => slow.state).toBe('ended');
  expect(slow.text).toMatch(/event: bye\ndata: {"reason":"slow-consumer","retryAfterMs":0}\n\n$/);
  await pen.text('written later');
  await expect.poll(() => stays.text).toContain('written later');
  expect(slow.late).toBe('');
});

it('reads again for a hint that arrives at any moment while a read ends', async () => {
  stage = await openHubStage();
  const pen = await stage.write();
  const viewer = await stage.join();
  stage.store.pass = () => undefined;
  for (let microtasks = 0; microtasks < 24; microtasks += 1) {
    const [first, second] = [`first ${microtasks}.`, `second ${microtasks}.`];
    await pen.text(first);
    stage.store.afterRead = async () => {
      stage.store.afterRead = () => undefined;
      // Written after the log was read, and told of when the reading comes to its end.
      await pen.text(second);
      void (async () => {
        for (let i = 0; i < microtasks; i += 1) await Promise.resolve();
        stage.store.tell(GAP);
      })();
    };
    stage.store.tell(GAP);
    await expect.poll(() => viewer.text, { message: `told ${microtasks} microtasks later` }).toContain(second);
  }
});

it('sends no snapshot when late hints moved the tail while the snapshot was read', async () => {
  stage = await openHubStage();
  const { sessionId, store } = stage;
  const viewer = await stage.join();
  const held: (() => void)[] = [];
  store.pass = (event, tell) => void held.push(() => tell(event));
  for (const text of ['one', 'two']) {
    const pen = await stage.write();
    await pen.text(text);
    await pen.finish();
    await stage.prompt();
    await sealSession(stage.relay.store, sessionId);
  }
  const { opened, open } = gate();
  let isAsked = false;
  store.beforeRead = async ({ after }) => {
    if (after !== undefined) return;
    isAsked = true;
    await opened;
  };
  // What comes after the tail's cursor was trimmed away, so that it begins anew; then all hints come after all.
  store.tell(GAP);
  await expect.poll(() => isAsked).toBe(true);
  store.pass = (event, tell) => tell(event);
  for (const tell of held) tell();
  open();
  await (await stage.write()).text('three');
  await expect.poll(() => viewer.text).toContain('three');
  expect(viewer.text).not.toContain('"type":"snapshot"');
  for (const text of ['one', 'two']) expect(viewer.text.split(`"delta":"${text}"`)).toHaveLength(2);
});

it('ends a replay with the run that its viewer waits for, although others cached frames beyond it', async () => {
  stage = await openHubStage();
  const first = await stage.write();
  await first.text('x'.repeat(70_000));
  const from = await stage.head();
  const waits = await stage.serve({ after: '0-0', until: first.runId });
  await expect.poll(() => waits.blocked).toBe(true);
  await first.text('the end');
  await first.finish();
  await stage.prompt();
  const second = await stage.write();
  // More than one reading brings, so that what a reader reads after `from` is a full one.
  for (let i = 0; i < 6; i += 1) await second.text('y'.repeat(60_000));
  const reads = await stage.serve({ after: from });
  await expect.poll(() => (reads.take(), reads.text)).toContain('event: ping');
  waits.take();
  await expect.poll(() => waits.state).toBe('ended');
  expect(waits.text).toContain('the end');
  expect(waits.text).toMatch(/"status":"completed"[^\n]*\n\n(event: ping\ndata: {}\n\n)?$/);
  expect(waits.text).not.toContain('yyy');
});

it('spreads the retries of all viewers over three seconds when the relay shuts down', async () => {
  stage = await openHubStage();
  const viewers = await Promise.all(Array.from({ length: 20 }, () => stage.join()));
  stage.hub.close();
  const delays = viewers.map(({ text }) => {
    const [, delay] = /event: bye\ndata: {"reason":"shutdown","retryAfterMs":(\d+)}\n\n$/.exec(text) ?? [];
    return Number(delay);
  });
  for (const delay of delays) expect(delay).toBeLessThanOrEqual(3000);
  expect(new Set(delays).size).toBeGreaterThan(1);
  expect(viewers.every(({ state }) => state === 'ended')).toBe(true);
});
