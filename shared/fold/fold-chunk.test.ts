import { readUIMessageStream, type UIMessage } from 'ai';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { foldChunk } from './fold-chunk.ts';
import { mergeMetadata } from './merge-metadata.ts';
import type { ChatChunk, ChatPart, MessageMetadata } from '../protocol.ts';
import { closeReply, EMPTY_REPLY, keepSteps, UNANSWERED_TOOL_CALL, type Reply } from './reply.ts';
import { MAX_PARTIAL_INPUT } from './reply-draft.ts';
import { arbitraryReply } from '../testing/arbitrary-chunks.ts';

// Generated cases take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

function fold(...chunks: ChatChunk[]): Reply {
  return chunks.reduce(foldChunk, EMPTY_REPLY);
}

/** What the AI SDK's own client makes of the chunks. It only shows a message when something is written at the end. */
async function foldWithSdk(chunks: ChatChunk[]): Promise<UIMessage<MessageMetadata>> {
  const errors: unknown[] = [];
  const stream = new ReadableStream<ChatChunk>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(structuredClone(chunk));
      controller.enqueue({ type: 'message-metadata', messageMetadata: { last: true } });
      controller.close();
    },
  });
  let message: UIMessage<MessageMetadata> | undefined;
  for await (const next of readUIMessageStream<UIMessage<MessageMetadata>>({
    stream,
    onError: (error) => errors.push(error),
  })) {
    message = next;
  }
  expect(errors).toEqual([]);
  if (!message) throw new Error('the SDK has shown no message');
  return message;
}

describe('foldChunk', () => {
  it('makes the same parts and metadata as the AI SDK of every beginning of a reply', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryReply, fc.double({ min: 0, max: 1, noNaN: true }), async (reply, share) => {
        const chunks = reply.slice(0, Math.ceil(reply.length * share));
        const theirs = await foldWithSdk(chunks);
        const metadata = chunks.reduce<MessageMetadata>(
          (so, chunk) => mergeMetadata(so, 'messageMetadata' in chunk ? chunk.messageMetadata : undefined),
          {},
        );
        // JSON leaves out the fields that the SDK sets to undefined.
        expect(fold(...chunks).parts).toStrictEqual(JSON.parse(JSON.stringify(theirs.parts)));
        expect({ ...metadata, last: true }).toStrictEqual(theirs.metadata);
      }),
      { numRuns: 200 },
    );
  });

  const begun = (dynamic: boolean): ChatChunk[] => [
    { type: 'tool-input-start', toolCallId: 'c', toolName: 't', dynamic },
    { type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: '{"a":[1,' },
  ];
  it.each<[string, ChatChunk[]]>([
    ...[true, false].flatMap((dynamic): [string, ChatChunk[]][] => [
      [
        `a call (dynamic: ${dynamic}) that fails before its input is whole`,
        [...begun(dynamic), { type: 'tool-output-error', toolCallId: 'c', errorText: 'no' }],
      ],
      [
        `an input error of the other kind than the call (dynamic: ${dynamic})`,
        [
          ...begun(dynamic),
          { type: 'tool-input-error', toolCallId: 'c', toolName: 't', input: 1, errorText: 'no', dynamic: !dynamic },
        ],
      ],
      [
        `an id that comes again in the next step (dynamic: ${dynamic})`,
        [...begun(dynamic), { type: 'start-step' }, ...begun(dynamic)],
      ],
    ]),
    [
      'an answer to a call of an earlier step',
      [...begun(false), { type: 'start-step' }, { type: 'tool-output-available', toolCallId: 'c', output: 1 }],
    ],
    ['an answer that is denied', [...begun(true), { type: 'tool-output-denied', toolCallId: 'c' }]],
  ])('makes the same of %s', async (_, chunks) => {
    const { parts } = await foldWithSdk([{ type: 'start-step' }, ...chunks]);
    expect(fold({ type: 'start-step' }, ...chunks).parts).toStrictEqual(JSON.parse(JSON.stringify(parts)));
  });

  it('leaves what it was given untouched', () => {
    fc.assert(
      fc.property(arbitraryReply, (chunks) => {
        let reply = EMPTY_REPLY;
        for (const chunk of chunks) {
          const before = structuredClone(reply);
          const was = reply;
          reply = foldChunk(reply, chunk);
          expect(was).toStrictEqual(before);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('makes parts that are the same after JSON', () => {
    fc.assert(
      fc.property(arbitraryReply, (chunks) => {
        const { parts } = fold(...chunks);
        expect(JSON.parse(JSON.stringify(parts))).toStrictEqual(parts);
      }),
    );
  });

  it('skips deltas and ends of parts that are not open', () => {
    const reply = fold(
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'a' },
      { type: 'text-end', id: '1' },
    );
    for (const chunk of [
      { type: 'text-delta', id: '1', delta: 'late' },
      { type: 'text-end', id: '1' },
      { type: 'reasoning-delta', id: '1', delta: 'other kind' },
      { type: 'tool-input-delta', toolCallId: 'none', inputTextDelta: '{' },
      { type: 'tool-output-available', toolCallId: 'none', output: 1 },
      { type: 'tool-approval-response', approvalId: 'none', approved: true },
    ] satisfies ChatChunk[]) {
      expect(foldChunk(reply, chunk)).toBe(reply);
    }
  });

  it('skips a file or a source that lacks what it needs, whatever stands there instead', () => {
    for (const chunk of [
      { type: 'file', url: 'https://a.example/x' },
      { type: 'file', url: 'https://a.example/x', mediaType: {} },
      { type: 'reasoning-file', mediaType: 'image/png' },
      { type: 'source-url', sourceId: 'a', url: 1 },
      { type: 'source-url', url: 'https://a.example/x' },
      { type: 'source-document', sourceId: 'a', title: 'A title' },
      { type: 'source-document', sourceId: 'a', mediaType: 'text/plain', title: { strings: ['<b>'] } },
    ] as unknown as ChatChunk[]) {
      expect(foldChunk(EMPTY_REPLY, chunk), JSON.stringify(chunk)).toBe(EMPTY_REPLY);
    }
  });

  it('leaves out names that are no texts: an object could pose as a template where it is drawn', () => {
    const posing = { strings: ['<img src=x onerror=alert(1)>'], values: [] };
    const { parts } = fold(
      ...([
        { type: 'source-url', sourceId: 'a', url: 'https://a.example/x', title: posing },
        { type: 'source-document', sourceId: 'b', mediaType: 'text/plain', title: 'B', filename: posing },
        { type: 'tool-input-available', toolCallId: 'c', toolName: 't', input: {}, title: posing },
        { type: 'tool-output-error', toolCallId: 'c', errorText: posing },
      ] as unknown as ChatChunk[]),
    );
    expect(parts).toHaveLength(3);
    expect(JSON.stringify(parts)).not.toContain('onerror');
  });

  it('closes every part with a reset of the step, those of earlier steps too', () => {
    const reply = fold(
      { type: 'start-step' },
      { type: 'text-start', id: '1' },
      { type: 'start-step' },
      { type: 'text-start', id: '2' },
      { type: 'reset-step' },
    );
    expect(reply.parts.map(({ type }) => type)).toEqual(['step-start', 'text', 'step-start']);
    for (const id of ['1', '2']) expect(foldChunk(reply, { type: 'text-delta', id, delta: 'late' })).toBe(reply);
  });

  it('skips chunk types it does not know, and those that are not about parts', () => {
    const reply = fold({ type: 'text-start', id: '1' });
    for (const type of ['hologram', 'tool-teleport', 'abort', 'error', 'finish', 'finish-step', 'message-metadata']) {
      expect(foldChunk(reply, { type, errorText: 'x' } as unknown as ChatChunk)).toBe(reply);
    }
  });

  it('skips text and reasoning whose id is no string', () => {
    const reply = fold({ type: 'text-start', id: '1' });
    for (const id of [{ toString: 0 }, 1, null, undefined, ['1']]) {
      for (const type of ['text', 'reasoning'].flatMap((kind) => [`${kind}-start`, `${kind}-delta`, `${kind}-end`])) {
        expect(foldChunk(reply, { type, id, delta: 'x' } as unknown as ChatChunk)).toBe(reply);
      }
    }
  });

  it('does not fold transient data, and replaces data of the same type and id', () => {
    const { parts } = fold(
      { type: 'data-progress', id: 'p', data: 1 },
      { type: 'data-note', data: 'a' },
      { type: 'data-progress', id: 'p', data: 2, transient: true },
      { type: 'data-progress', id: 'p', data: 3 },
      { type: 'data-note', data: 'b' },
    );
    expect(parts).toStrictEqual([
      { type: 'data-progress', id: 'p', data: 3 },
      { type: 'data-note', data: 'a' },
      { type: 'data-note', data: 'b' },
    ]);
  });

  it('parses only the beginning of a very long input', () => {
    const start: ChatChunk = { type: 'tool-input-start', toolCallId: 'c', toolName: 't' };
    const long = `{"a":"${'x'.repeat(MAX_PARTIAL_INPUT)}`;
    const once = fold(start, { type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: `${long}more` });
    const twice = fold(
      start,
      { type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: long },
      { type: 'tool-input-delta', toolCallId: 'c', inputTextDelta: 'more' },
    );
    expect(once).toStrictEqual(twice);
    expect(once.parts[0]).toMatchObject({
      input: { a: 'x'.repeat(MAX_PARTIAL_INPUT - '{"a":"'.length) },
      rawInput: `${long}more`,
    });
  });
});

describe('mergeMetadata', () => {
  it('never touches what the relay says about the run', () => {
    const run = { runId: 'r', status: 'started', attempt: 1 } as const;
    expect(mergeMetadata({ run }, { run: { runId: 'evil' }, a: 1 })).toStrictEqual({ run, a: 1 });
  });

  it('ignores what is no object, and keys that reach into prototypes', () => {
    const hostile = JSON.parse(
      '{"__proto__":{"polluted":1},"a":{"constructor":{"prototype":{"polluted":1}},"b":2}}',
    ) as unknown;
    expect(mergeMetadata({ a: { c: 1 } }, hostile)).toStrictEqual({ a: { c: 1, b: 2 } });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    for (const said of [undefined, null, 'text', 7, ['list']])
      expect(mergeMetadata({ a: 1 }, said)).toStrictEqual({ a: 1 });
  });

  it('stands objects nested deeper than the stack', () => {
    let nested: Record<string, unknown> = {};
    for (let i = 0; i < 100_000; i += 1) nested = { a: nested };
    expect(Object.keys(mergeMetadata({ a: nested }, { a: nested }))).toEqual(['a']);
  });
});

describe('keepSteps', () => {
  const steps = fold(
    { type: 'data-note', data: 0 },
    { type: 'start-step' },
    { type: 'text-start', id: '1' },
    { type: 'start-step' },
    { type: 'text-start', id: '2' },
  );

  it.each([
    [0, 0, []],
    [1, 3, ['text:1']],
    [2, 5, ['text:1', 'text:2']],
    [7, 5, ['text:1', 'text:2']],
  ])('with %i steps keeps %i parts, and of the open ones %j', (count, length, open) => {
    const kept = keepSteps(steps, count);
    expect(kept.parts).toEqual(steps.parts.slice(0, length));
    expect([...kept.open.keys()]).toEqual(open);
  });
});

describe('keepSteps of nothing', () => {
  it('leaves no part open, not even one that stood first', () => {
    expect(keepSteps(fold({ type: 'text-start', id: '1' }), 0)).toStrictEqual(EMPTY_REPLY);
  });
});

describe('closeReply', () => {
  it('ends open text and reasoning, and fails tool calls without an answer', () => {
    const parts = closeReply(
      fold(
        { type: 'reasoning-start', id: '1' },
        { type: 'text-start', id: '1' },
        { type: 'text-delta', id: '1', delta: 'half' },
        { type: 'tool-input-start', toolCallId: 'a', toolName: 't', inputEncoding: 'json' },
        { type: 'tool-input-delta', toolCallId: 'a', inputTextDelta: '{"city":"Ber' },
        { type: 'tool-input-available', toolCallId: 'b', toolName: 't', dynamic: true, input: { n: 1 } },
        { type: 'tool-approval-request', toolCallId: 'b', approvalId: 'x' },
        { type: 'tool-input-available', toolCallId: 'c', toolName: 't', input: {} },
        { type: 'tool-output-available', toolCallId: 'c', output: 'done' },
      ),
    );
    expect(parts).toStrictEqual([
      { type: 'reasoning', id: '1', text: '', state: 'done' },
      { type: 'text', text: 'half', state: 'done' },
      {
        type: 'tool-t',
        toolCallId: 'a',
        state: 'output-error',
        input: { city: 'Ber' },
        rawInput: '{"city":"Ber',
        errorText: UNANSWERED_TOOL_CALL,
      },
      {
        type: 'dynamic-tool',
        toolName: 't',
        toolCallId: 'b',
        state: 'output-error',
        input: { n: 1 },
        errorText: UNANSWERED_TOOL_CALL,
      },
      { type: 'tool-t', toolCallId: 'c', state: 'output-available', input: {}, output: 'done' },
    ]);
  });

  it('leaves nothing open, whatever came before', () => {
    fc.assert(
      fc.property(arbitraryReply, fc.nat(), (chunks, cut) => {
        const parts: ChatPart[] = closeReply(fold(...chunks.slice(0, cut % (chunks.length + 1))));
        const states = parts.map((part) => ('state' in part ? part.state : undefined));
        expect(
          states.filter(
            (state) => state && !['done', 'output-available', 'output-error', 'output-denied'].includes(state),
          ),
        ).toEqual([]);
      }),
    );
  });
});
