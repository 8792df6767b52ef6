import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  anyMessageSchema,
  isTerminal,
  lastEventIdSchema,
  mintRequestSchema,
  promptRequestSchema,
  sessionAnswerSchema,
  stopQuerySchema,
  STREAM_STATUSES,
  streamMessageSchema,
  streamQuerySchema,
} from './protocol.ts';
import { arbitraryLog } from './testing/arbitrary-log.ts';

// Generated cases take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const SESSION = 'session-of-a-test';

describe('requests', () => {
  it.each([
    ['a prompt', { sessionId: SESSION, prompt: 'Hi' }],
    ['a prompt with an id', { sessionId: SESSION, prompt: 'Hi', messageId: 'm-1' }],
    ['an edit', { sessionId: SESSION, prompt: 'Hi', messageId: 'm-2', parentId: 'm-1' }],
    ['an edit of the first prompt', { sessionId: SESSION, prompt: 'Hi', parentId: '' }],
    ['a regenerate', { sessionId: SESSION, parentId: 'm-1' }],
    ['a session id that is none, which is for the token to judge', { sessionId: '', prompt: 'Hi' }],
  ])('take %s', (_, body) => {
    expect(promptRequestSchema.parse(body)).toStrictEqual(body);
  });

  it('keep a prompt byte for byte', () => {
    const prompt = '  \n Ça va? 😀\r\n\u2028\0 e\u0301 ';
    expect(promptRequestSchema.parse({ sessionId: SESSION, prompt }).prompt).toBe(prompt);
  });

  it.each([
    ['neither prompt nor parent', { sessionId: SESSION }],
    ['no session', { prompt: 'Hi' }],
    ['a blank prompt', { sessionId: SESSION, prompt: ' \n\t\u00a0' }],
    ['a blank prompt of a regenerate', { sessionId: SESSION, prompt: '', parentId: 'm-1' }],
    ['a prompt that is no text', { sessionId: SESSION, prompt: 7 }],
    ['an empty message id', { sessionId: SESSION, prompt: 'Hi', messageId: '' }],
    ['a message id that is too long', { sessionId: SESSION, prompt: 'Hi', messageId: 'x'.repeat(65) }],
    ['a message id that reaches elsewhere', { sessionId: SESSION, prompt: 'Hi', messageId: 'a:b' }],
    ['a parent that is no id', { sessionId: SESSION, prompt: 'Hi', parentId: 'a b' }],
    ['an unknown field', { sessionId: SESSION, prompt: 'Hi', model: 'other' }],
    ['a list', []],
    ['null', null],
  ])('refuse %s', (_, body) => {
    expect(promptRequestSchema.safeParse(body).success).toBe(false);
  });

  it('mint takes an empty body and nothing else', () => {
    expect(mintRequestSchema.safeParse({}).success).toBe(true);
    expect(mintRequestSchema.safeParse({ sessionId: SESSION }).success).toBe(false);
    expect(mintRequestSchema.safeParse([]).success).toBe(false);
  });

  it.each([
    [{ sessionId: SESSION }, true],
    [{ sessionId: SESSION, after: '0-0' }, true],
    [{ sessionId: SESSION, after: '12-3', until: 'idle' }, true],
    [{ sessionId: SESSION, after: '' }, false],
    [{ sessionId: SESSION, after: '012-3' }, false],
    [{ sessionId: SESSION, until: 'never' }, false],
    [{ sessionId: SESSION, since: '0-0' }, false],
    [{}, false],
  ])('a stream is asked for with %j: %s', (query, accepted) => {
    expect(streamQuerySchema.safeParse(query).success).toBe(accepted);
  });

  it('Last-Event-ID is a cursor', () => {
    expect(lastEventIdSchema.safeParse('5-3').success).toBe(true);
    expect(lastEventIdSchema.safeParse('').success).toBe(false);
    expect(lastEventIdSchema.safeParse('5').success).toBe(false);
  });

  it('a stop names a session, and a run where it means one', () => {
    expect(stopQuerySchema.safeParse({ sessionId: SESSION }).success).toBe(true);
    expect(stopQuerySchema.safeParse({ sessionId: SESSION, runId: 'r' }).success).toBe(true);
    expect(stopQuerySchema.safeParse({ sessionId: SESSION, runId: '' }).success).toBe(false);
    expect(stopQuerySchema.safeParse({ sessionId: SESSION, force: 'yes' }).success).toBe(false);
  });
});

describe('messages of the log', () => {
  it('are read as they are, every one of any log', () => {
    fc.assert(
      fc.property(arbitraryLog, (frames) => {
        for (const { message } of frames) {
          expect(streamMessageSchema.parse(message)).toStrictEqual(message);
          expect(anyMessageSchema.parse(message)).toStrictEqual(message);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('keep fields that a newer relay may add, and chunk types it may know', () => {
    const chunk = {
      type: 'chunk',
      runId: 'r',
      chunk: { type: 'hologram', depth: 3 },
      prev: '5-3',
      from: '5-4',
      mood: 'good',
    };
    expect(streamMessageSchema.parse(chunk)).toStrictEqual(chunk);
    const snapshot = {
      type: 'snapshot',
      sessionId: SESSION,
      messages: [{ id: 'm', role: 'user', parts: [{ type: 'odd', a: 1 }], x: 1 }],
      y: 2,
    };
    expect(streamMessageSchema.parse(snapshot)).toStrictEqual(snapshot);
    const metadata = {
      type: 'metadata',
      status: 'completed',
      runId: 'r',
      messageId: 'r',
      attempt: 1,
      usage: { cachedTokens: 1 },
    };
    expect(streamMessageSchema.parse(metadata)).toStrictEqual(metadata);
  });

  it('of an unknown type still say where they stand', () => {
    const message = { type: 'from-the-future', prev: '5-3' };
    expect(streamMessageSchema.safeParse(message).success).toBe(false);
    expect(anyMessageSchema.parse(message)).toStrictEqual(message);
  });

  it.each([
    ['a status it does not know', { type: 'metadata', status: 'paused', runId: 'r', messageId: 'r', attempt: 1 }],
    ['a cursor that is none', { type: 'error', runId: 'r', prev: '5', problem: {} }],
    ['a chunk without a type', { type: 'chunk', runId: 'r', chunk: {} }],
    ['a message without parts', { type: 'message', runId: 'r', message: { id: 'm', role: 'user' } }],
    ['a message of nobody', { type: 'message', runId: 'r', message: { id: 'm', role: 'tool', parts: [] } }],
    ['an error without a problem', { type: 'error', runId: 'r' }],
    ['no object', 'chunk'],
  ])('refuse %s', (_, message) => {
    expect(streamMessageSchema.safeParse(message).success).toBe(false);
  });
});

describe('answers', () => {
  it('of a session say whether a run is active', () => {
    const run = { runId: 'r', messageId: 'r', status: 'started', attempt: 1 };
    expect(sessionAnswerSchema.parse({ sessionId: SESSION, messages: [], run, cursor: '5-3' }).run).toEqual(run);
    expect(sessionAnswerSchema.parse({ sessionId: SESSION, messages: [], run: null, cursor: '5-3' }).run).toBeNull();
    expect(sessionAnswerSchema.safeParse({ sessionId: SESSION, messages: [], cursor: '5-3' }).success).toBe(false);
  });
});

describe('isTerminal', () => {
  it('is true of the three ends of a run', () => {
    expect(STREAM_STATUSES.filter(isTerminal)).toEqual(['completed', 'cancelled', 'failed']);
    expect(isTerminal('from-the-future')).toBe(false);
  });
});
