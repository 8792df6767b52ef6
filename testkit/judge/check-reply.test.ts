import { describe, expect, it } from 'vitest';
import type { ReadMessage } from '../client/transcript.ts';
import type { ModelCall, ModelServer } from '../model/model-server.ts';
import { checkConversation, type Conversation, type ConversationVerdict } from './check-reply.ts';

const FIRST: ModelCall = {
  prompt: 'Hi',
  text: 'Call 1: Hello',
  ...{ turn: 0, reasoning: '', tool: null },
  finished: true,
  finishedAt: 0,
  aborted: false,
};
const SECOND: ModelCall = { ...FIRST, text: 'Call 2: Good day' };
const TURN = { messageId: 'u', prompt: 'Hi', runId: 'r' };

interface Scene extends Omit<Conversation, 'turns'> {
  /** Fields of the reply that differ from a completed one; null when there is no reply. */
  reply?: Partial<ReadMessage> | null;
  calls?: ModelCall[];
}

function judge({ reply = {}, calls = [FIRST], ...stops }: Scene): ConversationVerdict {
  const prompt = { id: 'u', role: 'user', text: 'Hi' };
  const completed = { id: 'r', role: 'assistant', text: FIRST.text, reasoning: '', tools: [], status: 'completed' };
  const messages = (reply === null ? [prompt] : [prompt, { ...completed, ...reply }]) as ReadMessage[];
  const model = { callsFor: () => calls } as Partial<ModelServer> as ModelServer;
  return checkConversation(messages, { turns: [TURN], ...stops }, model);
}

describe('a completed reply', () => {
  it.each<[string, string, ModelCall[]]>([
    ['the only call stands', FIRST.text, [FIRST]],
    [
      'the last call stands, and the relay of the first died before it had all',
      SECOND.text,
      [{ ...FIRST, finished: false, aborted: true }, SECOND],
    ],
    ['the last call stands, and the relay of the first died when it had all', SECOND.text, [FIRST, SECOND]],
    [
      'the first call stands, and a late one was hung up on',
      FIRST.text,
      [FIRST, { ...SECOND, finished: false, aborted: true }],
    ],
    [
      'the first call stands, and a late one was hung up on behind its last word',
      FIRST.text,
      [FIRST, { ...SECOND, aborted: true }],
    ],
  ])('passes when %s', (_, text, calls) => {
    expect(judge({ reply: { text }, calls })).toEqual({ violations: [], completed: 1, cancelled: 0, failed: 0 });
  });

  it.each<[string, string, ModelCall[]]>([
    ['a late call was heard to its end', FIRST.text, [FIRST, SECOND]],
    ['a late call is still open', FIRST.text, [FIRST, { ...SECOND, finished: false }]],
    [
      'the call that stands was not finished',
      'Call 1:',
      [{ ...FIRST, text: 'Call 1:', finished: false, aborted: true }],
    ],
    ['the reply is of two calls', 'Call 1: Good day', [FIRST, SECOND]],
  ])('is a violation when %s', (_, text, calls) => {
    expect(judge({ reply: { text }, calls }).violations).toHaveLength(1);
  });

  it('is a violation when it is the reply of another run', () => {
    expect(judge({ reply: { id: 'other' } }).violations[0]).toContain('not that of run r');
  });

  it('is a violation when the relay said that it had cancelled the run', () => {
    const stopped = new Set(['r']);
    expect(judge({ stopped }).violations).toEqual([]);
    expect(judge({ stopped, confirmed: stopped }).violations[0]).toContain('although the relay said it was cancelled');
  });
});

describe('a reply of several turns, with reasoning and tools', () => {
  const asks: ModelCall = {
    ...FIRST,
    reasoning: 'Thinking 1: a stamp',
    text: 'Call 1: Wait',
    tool: { name: 'stamp', input: { call: 1 } },
  };
  const ends: ModelCall = { ...SECOND, turn: 1, reasoning: 'Thinking 2: done', text: 'Call 2: Here' };
  const whole = {
    reasoning: 'Thinking 1: a stampThinking 2: done',
    text: 'Call 1: WaitCall 2: Here',
    tools: [{ name: 'stamp', input: { call: 1 }, output: { stamped: 'call 1' } }],
  };

  it('passes when each turn is all of one call, and each tool has its answer', () => {
    expect(judge({ reply: whole, calls: [asks, ends] }).violations).toEqual([]);
    const died: ModelCall = { ...ends, text: 'Call 3:', finished: false, aborted: true };
    expect(judge({ reply: whole, calls: [asks, died, ends] }).violations).toEqual([]);
  });

  it.each([
    ['reasoning is missing', { reasoning: 'Thinking 1: a stamp' }, 'not what the model wrote'],
    ['reasoning comes twice', { reasoning: `${whole.reasoning}Thinking 2: done` }, 'not what the model wrote'],
    ['a turn is missing', { text: 'Call 1: Wait', reasoning: asks.reasoning }, 'not what the model wrote'],
    ['a tool call is missing', { tools: [] }, 'not the tools'],
    ['a tool call comes twice', { tools: [...whole.tools, ...whole.tools] }, 'not the tools'],
    [
      'an answer is that of another call',
      { tools: [{ ...whole.tools[0], output: { stamped: 'call 2' } }] },
      'not the tools',
    ],
  ])('is a violation when %s', (_, fields, sentence) => {
    const reply = { ...whole, ...fields } as Partial<ReadMessage>;
    expect(judge({ reply, calls: [asks, ends] }).violations.join()).toContain(sentence);
  });

  it('is a violation when a turn was asked for twice and both were heard to their end', () => {
    const again: ModelCall = { ...asks, text: 'Call 3: Wait' };
    expect(judge({ reply: whole, calls: [asks, ends, again] }).violations).toHaveLength(1);
  });

  it('may end as a beginning in any of its turns', () => {
    const stopped = new Set(['r']);
    const beginnings = [
      { text: '', reasoning: 'Thinking' },
      { text: 'Call 1', reasoning: asks.reasoning },
      { text: asks.text, reasoning: `${asks.reasoning}Think` },
      { text: `${asks.text}Call 2:`, reasoning: whole.reasoning },
    ];
    for (const said of beginnings) {
      const reply = { status: 'cancelled', ...said };
      expect(judge({ reply, calls: [asks, ends], stopped }).violations).toEqual([]);
    }
    const mixed = { status: 'cancelled', text: 'Call 1: Wait', reasoning: 'Thinking 1' };
    expect(judge({ reply: mixed, calls: [asks, ends], stopped }).violations).toHaveLength(1);
  });
});

describe('a reply that is missing or cancelled', () => {
  const stopped = new Set(['r']);
  const cancelled = { status: 'cancelled', text: 'Call 1:' };

  it('counts as cancelled when its run was stopped', () => {
    for (const reply of [null, cancelled]) {
      expect(judge({ reply, stopped })).toMatchObject({ violations: [], cancelled: 1 });
    }
  });

  it.each([
    ['nobody stopped a run', new Set<string>()],
    ['another run was stopped', new Set(['other'])],
  ])('is a violation when %s', (_, stopped) => {
    expect(judge({ reply: null, stopped })).toMatchObject({
      cancelled: 0,
      violations: [/* lost */ expect.any(String)],
    });
    expect(judge({ reply: null, stopped }).violations[0]).toContain('the reply of run r is lost');
    expect(judge({ reply: cancelled, stopped }).violations[0]).toContain('run r was cancelled and nobody stopped it');
  });

  it('is a violation when it is no beginning of what the model wrote, or the reply of another run', () => {
    expect(judge({ reply: { ...cancelled, text: 'Call 2:' }, stopped }).violations[0]).toContain('not a beginning');
    expect(judge({ reply: { ...cancelled, id: 'other' }, stopped }).violations[0]).toContain('not that of run r');
  });
});

describe('a failed reply', () => {
  it('passes when it is a beginning of what the model wrote', () => {
    for (const text of ['', 'Call 1: He']) {
      expect(judge({ reply: { status: 'failed', text } })).toMatchObject({ violations: [], failed: 1 });
    }
  });

  it('is a violation when it is not', () => {
    expect(judge({ reply: { status: 'failed', text: 'He' } }).violations[0]).toContain('not a beginning');
  });
});

it('is a violation when a run has not ended, or a prompt or a message is where none should be', () => {
  expect(judge({ reply: { status: 'started' } }).violations[0]).toContain('run r has not ended');
  const model = { callsFor: () => [FIRST] } as Partial<ModelServer> as ModelServer;
  expect(checkConversation([], { turns: [TURN] }, model).violations[0]).toContain('prompt u is not where it should be');
  const extra = [{ id: 'x', role: 'user', text: 'Who?' }] as ReadMessage[];
  expect(checkConversation(extra, { turns: [] }, model).violations[0]).toContain('messages that nobody asked for');
});
