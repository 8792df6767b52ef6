import * as fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import * as protocol from '#shared/protocol.ts';

vi.doMock('zod/mini', () => import('./lean-zod.ts'));
vi.resetModules();
const lean: typeof protocol = await import('#shared/protocol.ts');

const NAMES = (Object.keys(protocol) as (keyof typeof protocol)[]).filter((name) => name.endsWith('Schema'));

interface Parser {
  safeParse(value: unknown): { success: boolean; data?: unknown };
}

function parse(from: typeof protocol, name: string, value: unknown): { success: boolean; data?: unknown } {
  const { success, data } = (from as unknown as Record<string, Parser>)[name]?.safeParse(value) ?? { success: false };
  return success ? { success, data } : { success };
}

/** Every field that the contract knows, with values that fit it and values that do not. */
const message = fc.record(
  {
    id: fc.constantFrom<unknown>('m1', 1),
    role: fc.constantFrom<unknown>('user', 'assistant', 'robot'),
    metadata: fc.constantFrom<unknown>(null, { run: {} }, 'x'),
    parts: fc.constantFrom<unknown>([], [{ type: 'text', text: 'a', more: 1 }], [{}], {}, [[]]),
  },
  { requiredKeys: ['id', 'role', 'parts'] },
);
const problem = fc.record(
  {
    type: fc.constant('about:blank'),
    title: fc.constantFrom<unknown>('Title', 4),
    status: fc.constantFrom<unknown>(404, '404', Number.NaN, Number.POSITIVE_INFINITY),
    code: fc.constantFrom<unknown>('not-found', null),
    detail: fc.constantFrom<unknown>('detail', null),
    retryable: fc.constantFrom<unknown>(true, 'yes'),
    retryAfterMs: fc.constantFrom<unknown>(1, '1'),
  },
  { requiredKeys: ['type', 'title', 'status', 'code', 'retryable'] },
);
const run = fc.constantFrom<unknown>(
  null,
  { runId: 'r', messageId: 'm', status: 'started', attempt: 1 },
  { runId: 'r' },
  [],
);
const cursor = fc.constantFrom<unknown>('1-0', '12-34', '1-', '01-2', '', 7, null);
const value = fc.record(
  {
    type: fc.constantFrom<unknown>('snapshot', 'message', 'metadata', 'chunk', 'error', 'later', 5, null),
    prev: cursor,
    from: cursor,
    cursor,
    after: cursor,
    until: fc.constantFrom<unknown>('idle', 'end'),
    sessionId: fc.constantFrom<unknown>('s', 1),
    runId: fc.constantFrom<unknown>('r', 1, null),
    messageId: fc.constantFrom<unknown>('m', 'not an id!', ''),
    parentId: fc.constantFrom<unknown>('m', '', 'not an id!', 1),
    prompt: fc.constantFrom<unknown>('Hello', '  ', '\ud800', 1),
    message: fc.oneof(message, fc.constantFrom<unknown>(null, 'x', [])),
    messages: fc.oneof(fc.array(message, { maxLength: 3 }), fc.constantFrom<unknown>(null, {})),
    chunk: fc.constantFrom<unknown>({ type: 'text-delta', delta: 'a' }, {}, null, []),
    problem: fc.oneof(problem, fc.constant(null)),
    run,
    status: fc.constantFrom<unknown>('started', 'restarted', 'paused', 3),
    attempt: fc.constantFrom<unknown>(1, '1', Number.NaN),
    reset: fc.constantFrom<unknown>(true, 'true'),
    steps: fc.constantFrom<unknown>(0, null),
    finishReason: fc.constantFrom<unknown>('stop', 1),
    usage: fc.constantFrom<unknown>({ inputTokens: 1 }, { inputTokens: '1' }, null),
    at: fc.constantFrom<unknown>(1, '1'),
    token: fc.constantFrom<unknown>('t', 1),
    expiresAt: fc.constantFrom<unknown>(1, '1'),
    cancelled: fc.constantFrom<unknown>(true, 1),
    reason: fc.constantFrom<unknown>('shutdown', 1),
    retryAfterMs: fc.constantFrom<unknown>(5, '5'),
    rating: fc.constantFrom<unknown>('up', 'down', 'sideways', null),
    comment: fc.constantFrom<unknown>('why', 1, '', null),
    more: fc.anything(),
  },
  { requiredKeys: [] },
);

it('the two are not the same', () => {
  expect(protocol.byeSchema).toHaveProperty('_zod');
  expect(lean.byeSchema).not.toHaveProperty('_zod');
});

it('the widget’s schemas take what zod takes, and refuse what it refuses', () => {
  const counts = { taken: 0, refused: 0 };
  const judge = (value: unknown): void => {
    for (const name of NAMES) {
      const real = parse(protocol, name, value);
      expect([name, parse(lean, name, value)]).toEqual([name, real]);
      counts[real.success ? 'taken' : 'refused'] += 1;
    }
  };
  for (const other of [undefined, null, 0, '', '1-0', [], [{}], () => 0]) judge(other);
  fc.assert(fc.property(value, judge), { numRuns: 3000 });
  fc.assert(fc.property(problem, judge), { numRuns: 300 });
  expect(counts.taken).toBeGreaterThan(500);
  expect(counts.refused).toBeGreaterThan(5000);
});

it('a real session’s messages are taken by both', () => {
  const snapshot = {
    type: 'snapshot',
    sessionId: 's',
    messages: [{ id: 'm', role: 'user', parts: [{ type: 'text', text: 'a' }] }],
  };
  const position = { prev: '1-0', from: '1-0' };
  const metadata = {
    type: 'metadata',
    status: 'completed',
    runId: 'r',
    messageId: 'm',
    attempt: 1,
    usage: { totalTokens: 4 },
    ...position,
  };
  const chunk = { type: 'chunk', runId: 'r', chunk: { type: 'text-delta', id: '1', delta: 'a' } };
  for (const message of [snapshot, metadata, chunk]) {
    expect(parse(protocol, 'streamMessageSchema', message)).toEqual({ success: true, data: message });
    expect(parse(lean, 'streamMessageSchema', message)).toEqual({ success: true, data: message });
  }
});
