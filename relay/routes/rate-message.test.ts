import { describe, expect, it } from 'vitest';
import { MAX_COMMENT_LENGTH } from '#shared/protocol.ts';
import { sealSession } from '../store/seal-session.ts';
import { json, problemOf } from '../testing/relay-stage.ts';
import { useRelayStage } from '../testing/use-relay-stage.ts';

const visit = useRelayStage();

const rate = (body: object) =>
  visit.stage.request(`/api/sessions/${visit.session.sessionId}/feedback`, json(body, visit.session.token));

async function answer(): Promise<string> {
  await visit.stage.prompt(visit.session);
  return await visit.answer();
}

async function feedbackOf(messageId: string): Promise<unknown> {
  const { messages } = await visit.state();
  return messages.find(({ id }) => id === messageId)?.metadata?.feedback;
}

describe('POST /api/sessions/:sessionId/feedback', () => {
  it('shows as metadata.feedback of the message, the last word counting, until it is taken back', async () => {
    const messageId = await answer();
    expect(await feedbackOf(messageId)).toBeUndefined();
    const response = await rate({ messageId, rating: 'up' });
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(await feedbackOf(messageId)).toEqual({ rating: 'up' });
    await rate({ messageId, rating: 'down', comment: 'Wröng 👎' });
    expect(await feedbackOf(messageId)).toEqual({ rating: 'down', comment: 'Wröng 👎' });
    expect((await rate({ messageId, rating: null })).status).toBe(204);
    expect(await feedbackOf(messageId)).toBeUndefined();
    expect((await rate({ messageId, rating: null })).status).toBe(204);
  });

  it('stays when the conversation goes on and is sealed, and leaves the rest of the metadata alone', async () => {
    const messageId = await answer();
    await rate({ messageId, rating: 'up' });
    await answer();
    await sealSession(visit.stage.store, visit.session.sessionId);
    await answer();
    expect(await feedbackOf(messageId)).toEqual({ rating: 'up' });
    await rate({ messageId, rating: null });
    expect(await feedbackOf(messageId)).toBeUndefined();
    const { messages } = await visit.state();
    expect(messages.map(({ metadata }) => metadata?.run?.status)).toEqual([
      undefined,
      'completed',
      undefined,
      'completed',
      undefined,
      'completed',
    ]);
  });

  it('accepts a rating of an earlier reply during a run, and refuses one of the reply being written', async () => {
    const messageId = await answer();
    await visit.stage.prompt(visit.session);
    const pen = await visit.stage.write(visit.session.sessionId);
    expect((await rate({ messageId, rating: 'up' })).status).toBe(204);
    expect(await problemOf(await rate({ messageId: pen.runId, rating: 'up' }))).toBe('409 run-active');
    await pen.text('goes on');
    await pen.finish();
    expect((await rate({ messageId: pen.runId, rating: 'down' })).status).toBe(204);
    expect(await feedbackOf(messageId)).toEqual({ rating: 'up' });
    expect(await feedbackOf(pen.runId)).toEqual({ rating: 'down' });
  });

  it('is 404 for an unknown message, and 412 before the first prompt', async () => {
    expect(await problemOf(await rate({ messageId: 'm', rating: 'up' }))).toBe('412 stream-not-started');
    await visit.post({ prompt: 'Hello?', messageId: 'mine' });
    await (await visit.stage.write(visit.session.sessionId)).finish();
    expect(await problemOf(await rate({ messageId: 'nobody', rating: 'up' }))).toBe('404 not-found');
    expect(await problemOf(await rate({ messageId: 'mine', rating: 'up' }))).toBe('404 not-found');
  });

  it.each([
    {},
    { rating: 'up' },
    { messageId: 'm' },
    { messageId: '', rating: 'up' },
    { messageId: 'm', rating: 'sideways' },
    { messageId: 'm', rating: 'up', comment: 7 },
    { messageId: 'm', rating: 'up', comment: 'x'.repeat(MAX_COMMENT_LENGTH + 1) },
    { messageId: 'm', rating: 'up', comment: '\ud800' },
    { messageId: 'm', rating: 'up', more: true },
  ])('refuses the body %#', async (body) => {
    expect(await problemOf(await rate(body))).toBe('400 invalid-request');
  });
});
