import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProblem } from '#shared/problem.ts';
import { BrokenStreamError, createEventReader, type LineEvent } from './read-events.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function readAll(bytes: Uint8Array, cuts: readonly number[] = []): LineEvent[] {
  const reader = createEventReader();
  const ends = [...new Set(cuts)].filter((cut) => cut < bytes.length).toSorted((a, b) => a - b);
  return [...ends, bytes.length].flatMap((end, i) => reader.feed(bytes.subarray(ends[i - 1] ?? 0, end)));
}

const chunk = (delta: string, more: object = {}): object => ({
  type: 'chunk',
  runId: 'run',
  chunk: { type: 'text-delta', id: '1', delta },
  ...more,
});
const sse = (id: string, message: object): string => `id: ${id}\ndata: ${JSON.stringify(message)}\n\n`;

describe('the events of a stream', () => {
  it('are the messages of the log with their places, pings and goodbyes', () => {
    const bytes = encode(
      [
        sse('7-0', { prev: '3-9', type: 'error', runId: 'run', problem: createProblem('model-failed') }),
        sse('7-3', chunk('ab', { from: '7-1' })),
        'event: ping\ndata: {}\n\n',
        'event: bye\ndata: {"reason":"shutdown","retryAfterMs":250}\n\n',
      ].join(''),
    );
    const events = readAll(bytes);
    expect(events).toMatchObject([
      { type: 'frame', frame: { id: '7-0', prev: '3-9', from: undefined, message: { type: 'error' } } },
      { type: 'frame', frame: { id: '7-3', from: '7-1', prev: undefined, message: { type: 'chunk' } } },
      { type: 'ping' },
      { type: 'bye', reason: 'shutdown', retryAfterMs: 250 },
    ]);
  });

  it('are the same wherever the bytes are cut, whatever the line ends, with or without a byte order mark', () => {
    const message = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => chunk(text)),
      fc.string({ unit: 'grapheme', maxLength: 10 }).map((text) => chunk(text, { from: '5-1' })),
      fc.constant({ type: 'of-a-later-version', field: '🙂' }),
    );
    const event = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.nat(), message).map(([seq, json]) => sse(`5-${seq}`, json)) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('event: ping\ndata: {}\n\n', ': comment\n\n', 'retry: 50\n\n', 'retry: x\n\n'),
      },
      { weight: 1, arbitrary: fc.constant('event: bye\ndata: {"reason":"max-age"}\n\n') },
    );
    const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 8 }),
        lineEnd,
        fc.boolean(),
        fc.array(fc.nat(1_000), { maxLength: 12 }),
        (events, end, mark, cuts) => {
          const bytes = encode((mark ? '\uFEFF' : '') + events.join('').replaceAll('\n', end));
          expect(readAll(bytes, cuts)).toEqual(readAll(encode(events.join(''))));
        },
      ),
      { numRuns: 500 },
    );
  }, 60_000);

  it('come one byte at a time as well', () => {
    const bytes = encode(
      '\uFEFF' +
        [sse('5-0', chunk('naïve 🙂', { prev: '0-0' })), sse('5-1', chunk('\r\n\u2028\0'))]
          .join('')
          .replaceAll('\n', '\r\n'),
    );
    const events = readAll(
      bytes,
      Array.from(bytes, (_, at) => at),
    );
    expect(events.map((event) => event.type === 'frame' && event.frame.message)).toMatchObject([
      { chunk: { delta: 'naïve 🙂' } },
      { chunk: { delta: '\r\n\u2028\0' } },
    ]);
  });

  it('leave out what is unfinished at the end', () => {
    const whole = sse('5-0', chunk('a', { prev: '0-0' }));
    const bytes = encode(whole + sse('5-1', chunk('b')));
    for (let end = whole.length; end < bytes.length; end++) {
      expect(readAll(bytes.subarray(0, end))).toHaveLength(1);
    }
    expect(readAll(bytes)).toHaveLength(2);
  });

  it('keep the place of a message of an unknown type, or with an unknown status', () => {
    expect(
      readAll(encode(sse('5-0', { type: 'poll', prev: '4-4' }) + sse('5-1', { type: 'metadata', status: 'paused' }))),
    ).toEqual([
      { type: 'frame', frame: { id: '5-0', prev: '4-4', from: undefined, message: null } },
      { type: 'frame', frame: { id: '5-1', prev: undefined, from: undefined, message: null } },
    ]);
  });

  it('skip events of other names, and messages that stand nowhere', () => {
    expect(readAll(encode('event: presence\ndata: hi\n\ndata: {"type":"chunk"}\n\n'))).toEqual([]);
  });

  it.each([
    ['no JSON', 'id: 5-0\ndata: {"type":\n\n'],
    ['no object', 'id: 5-0\ndata: 5\n\n'],
    ['an id that is no cursor', 'id: five\ndata: {"type":"chunk"}\n\n'],
    ['a place that is no cursor', 'id: 5-0\ndata: {"type":"chunk","prev":"x"}\n\n'],
    ['a snapshot that cannot be read', 'id: 5-0\ndata: {"type":"snapshot","messages":7}\n\n'],
  ])('are refused when there is %s', (_, text) => {
    expect(() => readAll(encode(text))).toThrow(BrokenStreamError);
  });

  it('are refused when one is larger than any relay writes', () => {
    const reader = createEventReader();
    const piece = encode('x'.repeat(1024 * 1024));
    reader.feed(encode('id: 5-0\ndata: '));
    expect(() => {
      for (let i = 0; i < 70; i++) reader.feed(piece);
    }).toThrow(BrokenStreamError);
  });

  it('hold an answer of a million characters in one', () => {
    const text = 'word '.repeat(200_000);
    const [event] = readAll(encode(sse('5-1', chunk(text))), [1, 999, 65_536, 500_000]);
    expect(event).toMatchObject({ frame: { message: { chunk: { delta: text } } } });
  });
});
