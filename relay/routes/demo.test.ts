import { afterEach, beforeEach, expect, it } from 'vitest';
import type { MintAnswer } from '#shared/protocol.ts';
import type { SessionInspection } from '../store/session-inspection.ts';
import { json, openRelayStage, type RelayStage } from '../testing/relay-stage.ts';

let stage: RelayStage;
let session: MintAnswer;
let killed: number;

beforeEach(async () => {
  killed = 0;
  stage = openRelayStage({
    demo: { kill: () => void (killed += 1), inspect: (sessionId) => stage.store.inspect(sessionId) },
  });
  session = await stage.mint();
});
afterEach(() => stage.close());

const inspect = (sessionId = session.sessionId) => stage.request(`/demo/inspect?sessionId=${sessionId}`);
const inspected = async () => (await (await inspect()).json()) as SessionInspection;
const writeLate = (fence: number) => stage.request('/demo/late-write', json({ sessionId: session.sessionId, fence }));

it('exists only when the controls were given', async () => {
  await stage.close();
  stage = openRelayStage();
  for (const path of ['/demo/kill', '/demo/inspect', '/demo/late-write']) {
    expect((await stage.request(path, { method: 'POST' })).status, path).toBe(404);
  }
});

it('kills the relay after it has answered, and refuses other origins', async () => {
  const foreign = await stage.request('/demo/kill', { method: 'POST', headers: { origin: 'https://evil.example' } });
  expect(foreign.status).toBe(403);
  expect((await stage.request('/demo/kill', { method: 'POST' })).status).toBe(202);
  expect(killed).toBe(0);
  await expect.poll(() => killed).toBe(1);
});

it('shows what the store keeps of a session, and is 404 for an unknown one', async () => {
  expect((await inspect()).status).toBe(404);
  await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  await pen.text('secret');
  const found = await inspected();
  expect(found).toMatchObject({ sealedTo: '0-0', run: { runId: pen.runId, holder: 'lease', attempt: 1 } });
  expect(await stage.store.head(session.sessionId)).toMatchObject({ head: found.head });
  expect(JSON.stringify(found)).not.toContain('secret');
});

it("appends under a stale fence and shows the store's refusal: nothing is written", async () => {
  await stage.prompt(session);
  const pen = await stage.write(session.sessionId);
  await pen.text('Hello');
  const { fence, log, head } = await inspected();
  const [accepted, claimed] = log;
  expect((await writeLate(fence)).status, 'the fence that may write is not played with').toBe(400);
  expect(await (await writeLate(accepted?.fence ?? 0)).json()).toEqual({
    fence: accepted?.fence,
    seq: 1,
    answer: 'fenced',
  });
  expect((await inspected()).head).toBe(head);

  await stage.store.cancel(session.sessionId, { token: 'stop' });
  const stopped = await inspected();
  expect(await (await writeLate(fence)).json()).toEqual({ fence, seq: (claimed?.last ?? 0) + 1, answer: 'closed' });
  expect((await inspected()).head).toBe(stopped.head);
});
