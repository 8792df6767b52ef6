import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { follows, START } from '../cursor.ts';
import { createProblem } from '../problem.ts';
import { streamMessageSchema, type ChatMessage, type Frame, type StreamMessage } from '../protocol.ts';
import { EMPTY_SESSION, reduce, reduceAll, type SessionState } from './session.ts';
import { arbitraryLog, terminalsOf } from '../testing/arbitrary-log.ts';

// Generated cases take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const ids = (state: SessionState): string[] => state.messages.map((message) => message.id);

describe('any log', () => {
  it('follows from its start to its end', () => {
    fc.assert(
      fc.property(arbitraryLog, (frames) => {
        let cursor = START;
        for (const { id, message } of frames) {
          expect(follows(cursor, { id, prev: message.prev })).toBe(true);
          cursor = id;
        }
      }),
    );
  });

  it('folds to the same state as the whole, from a snapshot at any time', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.nat(), fc.nat(), (frames, at, viewer) => {
        const states = prefixStates(frames);
        const count = at % (frames.length + 1);
        // What a relay sends at that time: the finished runs, and then the active run's entries.
        const finished = terminalsOf(frames.slice(0, count)).at(-1) ?? 0;
        const transcript = states[finished] ?? EMPTY_SESSION;
        const snapshot: Frame = {
          id: transcript.cursor,
          message: {
            type: 'snapshot',
            sessionId: 's',
            messages: structuredClone(transcript.messages) as ChatMessage[],
          },
        };
        const before = states[viewer % states.length] ?? EMPTY_SESSION;
        expect([snapshot, ...frames.slice(finished)].reduce(reduce, before)).toStrictEqual(states.at(-1));
      }),
    );
  });

  it('folds to the same state in one go as entry by entry', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.nat(), (frames, cut) => {
        const states = prefixStates(frames);
        const count = cut % (frames.length + 1);
        const half = reduceAll(EMPTY_SESSION, frames.slice(0, count));
        expect(half).toStrictEqual(states[count]);
        expect(reduceAll(half, frames.slice(count))).toStrictEqual(states.at(-1));
      }),
    );
  });

  it('ends every run: afterwards nothing is open, and each reply says how it ended', () => {
    fc.assert(
      fc.property(arbitraryLog, (frames) => {
        const states = prefixStates(frames);
        for (const count of terminalsOf(frames)) {
          const state = states[count];
          expect(state).toMatchObject({ run: null, reply: null });
          for (const message of state?.messages ?? []) {
            const status = message.role === 'user' ? 'completed' : message.metadata?.run?.status;
            expect(status).toMatch(/^(completed|cancelled|failed)$/);
            expect(JSON.stringify(message.parts)).not.toMatch(/"state":"(streaming|input-|approval-)/);
          }
        }
      }),
    );
  });

  it('never repeats the id of a visible message, and ends with the active reply while one is written', () => {
    fc.assert(
      fc.property(arbitraryLog, (frames) => {
        for (const state of prefixStates(frames)) {
          expect(new Set(ids(state)).size).toBe(state.messages.length);
          const last = state.reply && { id: state.messages.at(-1)?.id, parts: state.messages.at(-1)?.parts };
          expect(last).toEqual(state.reply && { id: state.run?.messageId, parts: state.reply.parts });
        }
      }),
    );
  });
});

describe('any frame that fits the schema', () => {
  const prompt: StreamMessage = {
    type: 'message',
    message: { id: 'u-r', role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
    runId: 'r',
  };
  const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('c', '1', 'weather', 'json', 'text', true));
  const chunkTypes = [
    ...['text', 'reasoning'].flatMap((kind) => [`${kind}-start`, `${kind}-delta`, `${kind}-end`]),
    ...['input-start', 'input-delta', 'input-available', 'input-error', 'approval-request', 'approval-response'].map(
      (step) => `tool-${step}`,
    ),
    ...['output-available', 'output-error', 'output-denied', 'unheard-of'].map((step) => `tool-${step}`),
    'start',
    'start-step',
    'finish-step',
    'reset-step',
    'finish',
    'message-metadata',
    'abort',
    'error',
    'source-url',
    'source-document',
    'file',
    'reasoning-file',
    'custom',
    'steering-message',
    'data-x',
    'data-',
    'novelty',
    '',
  ];
  const fields = [
    'id',
    'delta',
    'providerMetadata',
    'toolCallId',
    'toolName',
    'inputTextDelta',
    'input',
    'output',
    'dynamic',
    'data',
    'transient',
  ];
  const moreFields = [
    'approvalId',
    'approved',
    'messageMetadata',
    'url',
    'kind',
    'parts',
    'title',
    'inputEncoding',
    'citations',
    'errorText',
  ];
  const chunk = fc.tuple(
    fc.constantFrom(...chunkTypes),
    fc.record(Object.fromEntries([...fields, ...moreFields].map((field) => [field, value])), { requiredKeys: [] }),
  );
  const arbitraryMessage = fc.oneof(
    { weight: 6, arbitrary: chunk.map(([type, rest]) => ({ type: 'chunk', runId: 'r', chunk: { ...rest, type } })) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('metadata'),
        status: fc.constantFrom('queued', 'started', 'restarted', 'completed', 'cancelled', 'failed'),
        runId: fc.constantFrom('r', 'r', 'other'),
        messageId: fc.string(),
        attempt: fc.double(),
        reset: fc.boolean(),
        steps: fc.double(),
        parentId: fc.constantFrom('', 'u-r', 'nowhere'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        prompt,
        { ...prompt, parentId: '' },
        { type: 'error', runId: 'r', problem: createProblem('internal') },
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(
          fc.record({
            type: fc.constantFrom('text', 'tool-x', 'dynamic-tool', 'data-x', 'hm'),
            text: value,
            state: value,
          }),
        )
        .map((parts) => ({
          type: 'snapshot',
          sessionId: 's',
          messages: [{ id: 'm', role: 'assistant', metadata: 'odd', parts }],
        })),
    },
  );

  it('is folded without throwing, and moves the cursor', () => {
    const begin = [
      prompt,
      { type: 'metadata', status: 'started', runId: 'r', messageId: 'r', attempt: 1 } as const,
      { type: 'chunk', runId: 'r', chunk: { type: 'text-start', id: '1' } } as const,
    ].reduce((state, message, index) => reduce(state, { id: `7-${index}`, message }), EMPTY_SESSION);
    let folded = 0;
    fc.assert(
      fc.property(fc.array(arbitraryMessage, { maxLength: 40 }), (messages) => {
        let state = begin;
        for (const [index, message] of messages.entries()) {
          const { data, success } = streamMessageSchema.safeParse(JSON.parse(JSON.stringify(message)));
          if (!success) continue;
          folded += 1;
          state = reduce(state, { id: `9-${index}`, message: data });
          expect(state.cursor).toBe(`9-${index}`);
        }
        JSON.stringify(state.messages);
      }),
      { numRuns: 500 },
    );
    expect(folded).toBeGreaterThan(1000);
  });
});

/** The state after each entry; the first is that of an empty session. */
function prefixStates(frames: readonly Frame[]): SessionState[] {
  const states = [EMPTY_SESSION];
  for (const frame of frames) states.push(reduce(states.at(-1) ?? EMPTY_SESSION, frame));
  return states;
}
