import { expect, it } from 'vitest';
import { checkSession, type SessionHistory } from './check-session.ts';
import type { ModelCall, ModelServer } from '../model/model-server.ts';
import { createTranscript } from '../client/transcript.ts';
import type { Viewer } from '../client/viewer.ts';
import { START, type WireFrame } from '../client/wire.ts';

const CALL: ModelCall = {
  prompt: 'Hi',
  text: 'Hello',
  ...{ turn: 0, reasoning: '', tool: null },
  finished: true,
  finishedAt: 0,
  aborted: false,
};
const message = { id: 'u', role: 'user', parts: [{ type: 'text', text: 'Hi' }] };
const chunk = (seq: number, chunk: object): WireFrame => ({
  id: `20-${seq}`,
  message: { type: 'chunk', runId: 'r', chunk },
});
const begin = (status: string): WireFrame => ({
  id: '20-0',
  message: { type: 'metadata', status, runId: 'r', messageId: 'r', prev: '10-0' },
});
const LOG: WireFrame[] = [
  { id: '10-0', message: { type: 'message', prev: START, runId: 'r', message } },
  begin('started'),
  chunk(1, { type: 'text-start', id: '1' }),
  chunk(2, { type: 'text-delta', id: '1', delta: 'Hello' }),
  { id: '20-3', message: { type: 'metadata', status: 'completed', runId: 'r', messageId: 'r' } },
];

function see(frames: readonly WireFrame[]): Pick<Viewer, 'received' | 'transcript'> {
  const transcript = createTranscript();
  for (const frame of frames) transcript.apply(frame);
  const received = frames.map((frame, position) => ({
    frame,
    position,
    connection: 1,
    at: frames[position - 1]?.id ?? START,
    seenAt: position,
  }));
  return { received, transcript };
}

function judge(over: {
  calls?: ModelCall[];
  frames?: WireFrame[];
  text?: string;
  run?: SessionHistory['state']['run'];
  ended?: object;
}): string[] {
  const { calls = [CALL], frames = LOG, text = 'Hello', run = null, ended = { status: 'completed' } } = over;
  const reply = {
    id: 'r',
    role: 'assistant',
    parts: [{ type: 'text', text }],
    metadata: { run: { runId: 'r', attempt: 1, ...ended } },
  };
  const model = { callsFor: (prompt: string) => calls.filter((call) => call.prompt === prompt) } as ModelServer;
  const turns = [{ messageId: 'u', prompt: 'Hi', runId: 'r' }];
  const state = { messages: [message, reply], run, cursor: '20-3' };
  return checkSession({ viewers: [see(LOG), see(frames)], state, turns, model }).violations;
}

it('finds nothing wrong with a whole session', () => {
  expect(judge({})).toEqual([]);
});

it.each([
  ['the model was asked twice in one attempt', { calls: [{ ...CALL }, CALL] }, '2 model calls for 1 attempts'],
  ['a viewer missed the end', { frames: LOG.slice(0, -1) }, 'another state'],
  ['a run was seen to begin and not to end', { frames: LOG.slice(0, -1) }, 'not to end'],
  ['a viewer missed a message', { frames: LOG.toSpliced(3, 1) }, 'a gap'],
  [
    'two viewers saw different texts',
    { frames: LOG.with(3, chunk(2, { type: 'text-delta', id: '1', delta: 'Bye' })) },
    'two messages with the id',
  ],
  ['the answer is not what the model wrote', { text: 'Hell' }, 'not what the model wrote'],
  ['the prompt was never asked', { calls: [] }, 'not what the model wrote'],
  [
    'a run is active when all is over',
    { run: { runId: 'r', messageId: 'r', status: 'started', attempt: 1 } },
    'still active',
  ],
  [
    'a run ended for a reason that it may not have',
    { ended: { status: 'failed', problem: { code: 'internal' } } },
    'failed with internal',
  ],
  [
    'a run was given up too early',
    { ended: { status: 'failed', attempt: 2, problem: { code: 'attempts-exhausted' } } },
    'after attempt 2 of 3',
  ],
])('sees it when %s', (_, over, sentence) => {
  expect(judge(over).some((violation) => violation.includes(sentence))).toBe(true);
});
