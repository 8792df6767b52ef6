import { describe, expect, it } from 'vitest';
import { createProblem } from '../problem.ts';
import type { ChatChunk, ChatMessage, StreamMessage } from '../protocol.ts';
import { UNANSWERED_TOOL_CALL } from './reply.ts';
import { EMPTY_SESSION, reduce, type SessionState } from './session.ts';

/** Folds messages, with ids that count up: what stands where is of no matter to the fold itself. */
function fold(messages: StreamMessage[], from: SessionState = EMPTY_SESSION): SessionState {
  return messages.map((message, index) => ({ id: `7-${index}`, message })).reduce(reduce, from);
}

function user(id: string, text = id): ChatMessage {
  return { id, role: 'user', parts: [{ type: 'text', text }] };
}

function prompt(runId: string, parentId?: string): StreamMessage {
  return { type: 'message', message: user(`u-${runId}`), runId, ...(parentId === undefined ? {} : { parentId }) };
}

type Status = Extract<StreamMessage, { type: 'metadata' }>['status'];

function metadata(runId: string, status: Status, more: Record<string, unknown> = {}): StreamMessage {
  return { type: 'metadata', status, runId, messageId: runId, attempt: 1, ...more };
}

function chunks(runId: string, ...list: ChatChunk[]): StreamMessage[] {
  return list.map((chunk) => ({ type: 'chunk', runId, chunk }));
}

const TEXT: ChatChunk[] = [
  { type: 'start' },
  { type: 'start-step' },
  { type: 'text-start', id: '1' },
  { type: 'text-delta', id: '1', delta: 'Hello' },
];

function finishedRun(runId: string): StreamMessage[] {
  return [prompt(runId), metadata(runId, 'started'), ...chunks(runId, ...TEXT), metadata(runId, 'completed')];
}

const ids = (state: SessionState): string[] => state.messages.map((message) => message.id);

describe('the fold of a run', () => {
  it('shows the prompt and a queued run, and no reply yet', () => {
    const state = fold([prompt('r')]);
    expect(ids(state)).toEqual(['u-r']);
    expect(state.run).toStrictEqual({ runId: 'r', messageId: 'r', status: 'queued', attempt: 1 });
  });

  it('shows the reply from the first start on, under the id that the start names', () => {
    const state = fold([prompt('r'), metadata('r', 'started', { messageId: 'reply' })]);
    expect(state.messages[1]).toStrictEqual({
      id: 'reply',
      role: 'assistant',
      metadata: { run: { runId: 'r', status: 'started', attempt: 1 } },
      parts: [],
    });
    expect(state.run).toStrictEqual({ runId: 'r', messageId: 'reply', status: 'started', attempt: 1 });
  });

  it('keeps its id whatever the chunks say, and merges their metadata without touching what is the relay’s own', () => {
    const state = fold([
      prompt('r'),
      metadata('r', 'started'),
      ...chunks(
        'r',
        { type: 'start', messageId: 'other', messageMetadata: { model: 'demo', run: { runId: 'evil' } } },
        { type: 'message-metadata', messageMetadata: { cost: { cents: 1 }, feedback: { rating: 'up' } } },
        { type: 'finish', messageMetadata: { cost: { saved: 2 }, run: null } },
      ),
    ]);
    expect(state.messages[1]).toMatchObject({ id: 'r', parts: [] });
    expect(state.messages[1]?.metadata).toStrictEqual({
      run: { runId: 'r', status: 'started', attempt: 1 },
      model: 'demo',
      cost: { cents: 1, saved: 2 },
    });
  });

  it('says how the run ended, and closes what is open', () => {
    const state = fold([
      prompt('r'),
      metadata('r', 'started'),
      ...chunks('r', ...TEXT, { type: 'tool-input-available', toolCallId: 'c', toolName: 't', input: { a: 1 } }),
      metadata('r', 'cancelled', { finishReason: 'interrupted', usage: { outputTokens: 2 } }),
    ]);
    expect(state.run).toBeNull();
    expect(state.reply).toBeNull();
    expect(state.messages[1]?.metadata?.run).toStrictEqual({
      runId: 'r',
      status: 'cancelled',
      attempt: 1,
      finishReason: 'interrupted',
      usage: { outputTokens: 2 },
    });
    expect(state.messages[1]?.parts).toStrictEqual([
      { type: 'step-start' },
      { type: 'text', text: 'Hello', state: 'done' },
      { type: 'tool-t', toolCallId: 'c', state: 'output-error', input: { a: 1 }, errorText: UNANSWERED_TOOL_CALL },
    ]);
  });

  it('says why a run failed', () => {
    const problem = createProblem('model-timeout');
    const failed = fold([prompt('r'), metadata('r', 'started'), { type: 'error', runId: 'r', problem }]);
    expect(failed.messages[1]?.metadata?.run).toStrictEqual({ runId: 'r', status: 'started', attempt: 1, problem });
    const ended = reduce(failed, { id: '8-0', message: metadata('r', 'failed') });
    expect(ended.messages[1]?.metadata?.run).toStrictEqual({ runId: 'r', status: 'failed', attempt: 1, problem });
  });

  it('forgets why an attempt failed when the next one starts', () => {
    const state = fold([
      prompt('r'),
      metadata('r', 'started'),
      { type: 'error', runId: 'r', problem: createProblem('model-timeout') },
      metadata('r', 'restarted', { attempt: 2 }),
    ]);
    expect(state.messages[1]?.metadata?.run).toStrictEqual({ runId: 'r', status: 'restarted', attempt: 2 });
  });

  it('leaves no reply when it was cancelled before it was started', () => {
    const state = fold([prompt('r'), metadata('r', 'cancelled')]);
    expect(ids(state)).toEqual(['u-r']);
    expect(state.run).toBeNull();
  });

  it('ignores entries of a run that is not the active one, but for the cursor', () => {
    const before = fold([...finishedRun('old'), prompt('r'), metadata('r', 'started'), ...chunks('r', ...TEXT)]);
    for (const message of [
      ...chunks('old', { type: 'text-delta', id: '1', delta: 'late' }),
      metadata('old', 'restarted', { reset: true, steps: 0 }),
      metadata('old', 'cancelled'),
      { type: 'error', runId: 'old', problem: createProblem('internal') } as const,
      { type: 'from-the-future', runId: 'r' } as unknown as StreamMessage,
    ]) {
      expect(reduce(before, { id: '9-9', message })).toStrictEqual({ ...before, cursor: '9-9' });
    }
  });

  it('shares what did not change', () => {
    const before = fold([...finishedRun('old'), prompt('r'), metadata('r', 'started'), ...chunks('r', ...TEXT)]);
    const after = reduce(before, {
      id: '9-9',
      message: { type: 'chunk', runId: 'r', chunk: { type: 'text-delta', id: '1', delta: '!' } },
    });
    expect(after.messages.slice(0, 3)).toSatisfy((messages: ChatMessage[]) =>
      messages.every((message, i) => message === before.messages[i]),
    );
    expect(after.messages[3]).not.toBe(before.messages[3]);
    expect(after.messages[3]?.parts[0]).toBe(before.messages[3]?.parts[0]);
    expect(before.messages[3]?.parts[1]).toMatchObject({ text: 'Hello' });
    expect(after.messages[3]?.parts[1]).toMatchObject({ text: 'Hello!' });
  });
});

describe('the fold of a takeover', () => {
  const interrupted = [
    prompt('r'),
    metadata('r', 'started'),
    ...chunks('r', ...TEXT, { type: 'text-end', id: '1' }, { type: 'finish-step' }),
    ...chunks(
      'r',
      { type: 'start-step' },
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'half' },
    ),
  ];

  it('with a reset keeps the finished steps and writes the rest anew', () => {
    const state = fold([
      ...interrupted,
      metadata('r', 'restarted', { attempt: 2, reset: true, steps: 1 }),
      ...chunks('r', { type: 'text-delta', id: '1', delta: 'of the cut part' }, { type: 'start-step' }),
    ]);
    expect(state.messages[1]?.parts).toStrictEqual([
      { type: 'step-start' },
      { type: 'text', text: 'Hello', state: 'done' },
      { type: 'step-start' },
    ]);
    expect(state.run).toMatchObject({ status: 'restarted', attempt: 2 });
    expect(state.messages[1]?.metadata?.run).toStrictEqual({ runId: 'r', status: 'restarted', attempt: 2 });
  });

  it('with a reset to no steps empties the reply', () => {
    const state = fold([...interrupted, metadata('r', 'restarted', { attempt: 2, reset: true, steps: 0 })]);
    expect(state.messages[1]?.parts).toEqual([]);
  });

  it('without a reset goes on in the open part', () => {
    const state = fold([
      ...interrupted,
      metadata('r', 'restarted', { attempt: 2 }),
      ...chunks('r', { type: 'text-delta', id: '1', delta: ' and half' }),
    ]);
    expect(state.messages[1]?.parts.at(-1)).toStrictEqual({ type: 'text', text: 'half and half', state: 'streaming' });
  });
});

describe('the fold of an edit or a regenerate', () => {
  const conversation = [...finishedRun('a'), ...finishedRun('b')];

  it.each([
    ['an edit of the second prompt', prompt('c', 'a'), ['u-a', 'a', 'u-c']],
    ['an edit of the first prompt', prompt('c', ''), ['u-c']],
    ['an edit with an unknown parent', prompt('c', 'nowhere'), ['u-a', 'a', 'u-b', 'b', 'u-c']],
    ['a regenerate of the second reply', metadata('c', 'queued', { parentId: 'u-b' }), ['u-a', 'a', 'u-b']],
    ['a regenerate of the first reply', metadata('c', 'queued', { parentId: 'u-a' }), ['u-a']],
  ])('%s drops what came after its parent', (_, message, expected) => {
    const state = fold([...conversation, message]);
    expect(ids(state)).toEqual(expected);
    expect(state.run).toStrictEqual({ runId: 'c', messageId: 'c', status: 'queued', attempt: 1 });
  });
});

describe('a snapshot', () => {
  it('replaces everything, and leaves no run until its entries come', () => {
    const before = fold([prompt('r'), metadata('r', 'started'), ...chunks('r', ...TEXT)]);
    const after = reduce(before, { id: '3-3', message: { type: 'snapshot', sessionId: 's', messages: [user('x')] } });
    expect(after).toStrictEqual({ messages: [user('x')], run: null, cursor: '3-3', reply: null });
  });
});
