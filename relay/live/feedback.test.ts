import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MintAnswer } from '#shared/protocol.ts';
import { bearer, json, openRelayStage, type RelayStage } from '../testing/relay-stage.ts';
import { brokenLinks, openStream, type ReceivedEvent, type StreamReader } from '../testing/stream-reader.ts';

let stage: RelayStage;
let origin: string;
let session: MintAnswer;
const open: StreamReader[] = [];

beforeEach(async () => {
  stage = openRelayStage({ timing: { activePollMs: 250, idlePollMs: 250 } });
  origin = await stage.listen();
  session = await stage.mint();
});
afterEach(async () => {
  for (const stream of open.splice(0)) await stream.leave();
  await stage.close();
});

async function follow(): Promise<StreamReader> {
  const stream = await openStream(`${origin}/api/check-stream?sessionId=${session.sessionId}`, bearer(session.token));
  open.push(stream);
  await stream.caughtUp();
  return stream;
}

async function rate(messageId: string, rating: 'up' | null = 'up'): Promise<void> {
  const response = await stage.request(
    `/api/sessions/${session.sessionId}/feedback`,
    json({ messageId, rating }, session.token),
  );
  expect(response.status).toBe(204);
}

async function answer(): Promise<string> {
  await stage.prompt(session);
  return await stage.answer(session);
}

function ratingsIn({ data }: ReceivedEvent): (string | undefined)[] | null {
  if (data.type !== 'snapshot') return null;
  return data.messages.filter(({ role }) => role === 'assistant').map(({ metadata }) => metadata?.feedback?.rating);
}
const shows =
  (...ratings: (string | undefined)[]) =>
  (event: ReceivedEvent) =>
    JSON.stringify(ratingsIn(event)) === JSON.stringify(ratings);

describe('feedback on a stream', () => {
  it('is in the first snapshot of a viewer, for sealed runs and others', async () => {
    const first = await answer();
    await rate(first);
    const stream = await follow();
    expect(stream.messages().map(ratingsIn)).toEqual([['up']]);
    const { cursor } = stream.messages().map(({ id }) => ({ cursor: id }))[0] ?? {};
    const head = await stage.store.head(session.sessionId);
    expect(head).toMatchObject({ kind: 'open', head: cursor });

    await stage.store.seal(session.sessionId, {
      from: '0-0',
      to: cursor ?? '',
      transcript: await transcript(),
      trimTo: cursor ?? '',
    });
    expect((await follow()).messages().map(ratingsIn)).toEqual([['up']]);
  });

  it('reaches live viewers as a snapshot at their cursor', async () => {
    const messageId = await answer();
    const [one, two] = [await follow(), await follow()];
    await rate(messageId);
    for (const stream of [one, two]) {
      const { id } = await stream.next('the rating', shows('up'));
      expect(id).toBe(stream.messages()[0]?.id);
    }
    await rate(messageId, null);
    await two.next('that it was taken back', (event) => shows(undefined)(event) && two.events.indexOf(event) > 2);
    await answer();
    await two.next('the end of the next answer', ({ data }) => data.type === 'metadata' && data.status === 'completed');
    expect(brokenLinks(two.messages())).toEqual([]);
  });

  it('waits for the end of the active run', async () => {
    const messageId = await answer();
    const stream = await follow();
    await stage.prompt(session);
    const pen = await stage.write(session.sessionId);
    await pen.text('one ');
    await rate(messageId);
    await new Promise((resolve) => setTimeout(resolve, 700));
    await pen.text('two');
    await pen.finish();
    await stream.next('the rating', shows('up', undefined));
    expect(stream.text()).toBe('one two');
    expect(stream.messages().map(({ data }) => data.type)).toEqual([
      'snapshot',
      'message',
      'metadata',
      'chunk',
      'chunk',
      'chunk',
      'metadata',
      'snapshot',
    ]);
  });
});

async function transcript(): Promise<string> {
  const response = await stage.request(`/api/sessions/${session.sessionId}`, { headers: bearer(session.token) });
  const { messages } = (await response.json()) as { messages: { metadata?: { feedback?: unknown } }[] };
  for (const { metadata } of messages) if (metadata) delete metadata.feedback;
  return JSON.stringify(messages);
}
