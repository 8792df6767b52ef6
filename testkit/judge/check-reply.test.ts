import { expect, it } from 'vitest';
import { checkConversation } from './check-reply.ts';
import type { ModelCall, ModelServer } from '../model-server.ts';
import type { ReadMessage } from '../client/transcript.ts';

const FIRST: ModelCall = { prompt: 'Hi', text: 'Call 1: Hello', finished: true, finishedAt: 0, aborted: false };
const SECOND: ModelCall = { ...FIRST, text: 'Call 2: Good day' };

/** What is wrong with a conversation in which this stands as the reply, when the model was called like this. */
function judge(text: string, calls: ModelCall[]): string[] {
  const messages = [
    { id: 'u', role: 'user', text: 'Hi' },
    { id: 'r', role: 'assistant', text, status: 'completed' },
  ] as ReadMessage[];
  const model = { callsFor: () => calls } as Partial<ModelServer> as ModelServer;
  return checkConversation(messages, { turns: [{ messageId: 'u', prompt: 'Hi', runId: 'r' }] }, model).violations;
}

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
])('finds nothing wrong when %s', (_, text, calls) => {
  expect(judge(text, calls)).toEqual([]);
});

it.each<[string, string, ModelCall[]]>([
  ['a late call was heard to its end', FIRST.text, [FIRST, SECOND]],
  ['a late call is still open', FIRST.text, [FIRST, { ...SECOND, finished: false }]],
  ['the call that stands was not finished', 'Call 1:', [{ ...FIRST, text: 'Call 1:', finished: false, aborted: true }]],
  ['the reply is of two calls', 'Call 1: Good day', [FIRST, SECOND]],
])('sees it when %s', (_, text, calls) => {
  expect(judge(text, calls)).toHaveLength(1);
});
