import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkHistory } from '#testkit/judge/check-history.ts';
import type { Credentials } from '#testkit/client/protocol-client.ts';
import { openStage, type Stage } from '#testkit/stage.ts';
import { createTranscript, readMessages } from '#testkit/client/transcript.ts';
import { resumeOnce, watchSession, type Viewer } from '#testkit/client/viewer.ts';
import { follows, parseCursor, START, type WireFrame } from '#testkit/client/wire.ts';
import { sleep, until } from '#testkit/wait.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
  console.log(`resume: TEST_SEED=${stage.random.seed}`);
});
afterAll(() => stage.close());

it('continues exactly from every cursor of the last run, also from inside a merged frame', async () => {
  const { direct, model, relay } = stage;
  const credentials = await direct.mint();
  const viewer = watchSession({ origin: relay.origin, credentials });
  await ask(credentials, viewer, 'The run before', { tokens: 20, tokensPerSecond: 500 });
  await ask(credentials, viewer, 'The last run', { tokens: 400, tokensPerSecond: 400 });
  await viewer.leave();
  const whole = viewer.transcript.messages();
  expect(whole.at(-1)?.text).toBe(model.callsFor('The last run')[0]?.text);

  let shorter = Number.POSITIVE_INFINITY;
  let cursors = 0;
  let merged = 0;
  for (const { frame } of viewer.received) {
    for (const [index, after] of cursorsOf(frame).entries()) {
      const frames = await resumeOnce({ origin: relay.origin, credentials, after });
      cursors += 1;
      if (frames[0]?.message.type === 'snapshot') {
        // Only entries before the last finished run may have been trimmed.
        expect(isBefore(after, viewer, 'The last run')).toBe(true);
        expect(fold(frames)).toEqual(whole);
        continue;
      }
      expectToFollow(after, frames);
      merged += frames.filter(({ message }) => message.from !== undefined).length;
      const rest = textOf(frames);
      expect(
        whole
          .map(({ text, role }) => (role === 'assistant' ? text : ''))
          .join('')
          .endsWith(rest),
      ).toBe(true);
      // A later cursor leaves less to come, and never the same delta again.
      expect(rest.length).toBeLessThanOrEqual(shorter);
      if (index > 0) expect(rest.length).toBeLessThan(shorter);
      shorter = rest.length;
    }
  }
  expect(shorter).toBe(0);
  expect(cursors).toBeGreaterThan(100);
  expect(merged).toBeGreaterThan(0);
  console.log('resume:', JSON.stringify({ cursors, merged, frames: viewer.received.length }));
});

it('continues exactly from every cursor while the reply is being written', async () => {
  const { direct, relay, random } = stage;
  const credentials = await direct.mint();
  const viewer = watchSession({ origin: relay.origin, credentials });
  const { body } = await direct.post(credentials, { prompt: plan('In flight', 300, 200) });
  const late: Promise<{ after: string; frames: WireFrame[] }>[] = [];
  const deadline = Date.now() + 30_000;
  while (!viewer.hasEnded(body)) {
    if (Date.now() > deadline) throw new Error('The reply has not ended within 30 s.');
    const after = viewer.cursor;
    late.push(resumeOnce({ origin: relay.origin, credentials, after }).then((frames) => ({ after, frames })));
    await sleep(random.between(5, 60));
  }
  await viewer.leave();
  expect(checkHistory(viewer.received, { snapshots: 'first' })).toEqual([]);
  const whole = viewer.transcript.messages();
  for (const { after, frames } of await Promise.all(late)) {
    const before = viewer.received.filter(({ frame }) => frame.message.type === 'snapshot' || !isAfter(frame, after));
    if (after !== START) expectToFollow(after, frames);
    expect(fold([...(after === START ? [] : before.map(({ frame }) => frame)), ...frames])).toEqual(whole);
  }
  expect(late.length).toBeGreaterThan(10);
});

it('sends a snapshot to a viewer without a cursor, with one that is ahead, or with one of another history', async () => {
  const { direct, relay } = stage;
  const credentials = await direct.mint();
  const viewer = watchSession({ origin: relay.origin, credentials });
  for (let turn = 0; turn < 3; turn += 1) {
    await ask(credentials, viewer, `Turn ${turn}`, { tokens: 30, tokensPerSecond: 1000 });
  }
  await viewer.leave();
  const whole = readMessages((await direct.state(credentials)).body.messages);
  expect(viewer.transcript.messages()).toEqual(whole);
  const [fence, seq] = parseCursor(viewer.cursor);
  for (const after of [
    undefined,
    `${fence}-${seq + 1}`,
    `${fence + 1}-0`,
    `${Number.MAX_SAFE_INTEGER}-0`,
    '1-0',
    '1-7',
  ]) {
    const frames = await resumeOnce({ origin: relay.origin, credentials, ...(after === undefined ? {} : { after }) });
    expect(frames[0]?.message.type).toBe('snapshot');
    expect(frames.slice(1).some(({ message }) => message.type === 'snapshot')).toBe(false);
    expectToFollow(frames[0]?.id ?? '', frames.slice(1));
    expect(fold(frames)).toEqual(whole);
  }
  expect(await resumeOnce({ origin: relay.origin, credentials, after: viewer.cursor })).toEqual([]);
});

function plan(prompt: string, tokens: number, tokensPerSecond: number): string {
  stage.model.plan(prompt, { tokens, tokensPerSecond });
  return prompt;
}

async function ask(
  credentials: Credentials,
  viewer: Viewer,
  prompt: string,
  { tokens, tokensPerSecond }: { tokens: number; tokensPerSecond: number },
): Promise<void> {
  plan(prompt, tokens, tokensPerSecond);
  const { status, body } = await stage.direct.post(credentials, { prompt, messageId: randomUUID() });
  expect(status).toBe(202);
  await until(`the answer to “${prompt}” has ended`, () => viewer.hasEnded(body));
}

/** Every cursor within a frame: a merged frame holds several entries. */
function cursorsOf({ id, message }: WireFrame): string[] {
  const [fence, last] = parseCursor(id);
  const [, first] = parseCursor(message.from ?? id);
  return Array.from({ length: last - first + 1 }, (_, index) => `${fence}-${first + index}`);
}

function isAfter(frame: WireFrame, cursor: string): boolean {
  const [fence, seq] = parseCursor(frame.id);
  const [atFence, atSeq] = parseCursor(cursor);
  return fence > atFence || (fence === atFence && seq > atSeq);
}

/** The cursor lies before the first entry of the run that answers this prompt. */
function isBefore(cursor: string, viewer: Viewer, prompt: string): boolean {
  const first = viewer.received.find(({ frame }) => JSON.stringify(frame.message).includes(prompt));
  return first !== undefined && first.at !== cursor && isAfter(first.frame, cursor);
}

function expectToFollow(after: string, frames: readonly WireFrame[]): void {
  let cursor = after;
  for (const frame of frames) {
    expect(follows(cursor, frame), `${frame.id} follows ${cursor}`).toBe(true);
    cursor = frame.id;
  }
}

function fold(frames: readonly WireFrame[]): ReturnType<typeof readMessages> {
  const transcript = createTranscript();
  for (const frame of frames) transcript.apply(frame);
  return transcript.messages();
}

function textOf(frames: readonly WireFrame[]): string {
  return frames
    .map(({ message }) => message['chunk'] as { type: string; delta?: string } | undefined)
    .map((chunk) => (chunk?.type === 'text-delta' ? (chunk.delta ?? '') : ''))
    .join('');
}
