import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { compareCursors, follows, START } from '#shared/cursor.ts';
import type { ChatChunk, Frame } from '#shared/protocol.ts';
import { EMPTY_SESSION, reduce } from '#shared/fold/session.ts';
import { arbitraryLog } from '#shared/testing/arbitrary-log.ts';
import { encodeMessage } from '../store/entries/encode-message.ts';
import type { LogEntry } from '../store/session-store.ts';
import { fromWire, toEntries } from '../store/testing/log-entries.ts';
import { MAX_MERGED_LENGTH, mergeDeltas } from './merge-deltas.ts';

// Generated cases take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

function entry(id: string, chunk: ChatChunk, runId = 'r'): LogEntry {
  return { id, data: encodeMessage({ type: 'chunk', runId, chunk }) };
}

function text(id: string, delta: string, part = '1'): LogEntry {
  return entry(id, { type: 'text-delta', id: part, delta });
}

function chunkOf(frame: LogEntry | undefined): ChatChunk | undefined {
  const { message } = fromWire(frame ?? { id: START, data: '{}' });
  return message.type === 'chunk' ? message.chunk : undefined;
}

describe('mergeDeltas', () => {
  it('merges adjacent deltas of one part into one frame with the last id, from the first', () => {
    expect(mergeDeltas([text('5-3', 'Hel'), text('5-4', 'lo'), text('5-5', ' "you"\n')])).toEqual([
      {
        id: '5-5',
        from: '5-3',
        data: String.raw`{"type":"chunk","runId":"r","chunk":{"type":"text-delta","id":"1","delta":"Hello \"you\"\n"}}`,
      },
    ]);
  });

  it('leaves a single delta as it is', () => {
    const alone = text('5-3', 'Hello');
    expect(mergeDeltas([alone])).toEqual([alone]);
  });

  it.each<[string, LogEntry[]]>([
    ['of another part', [text('5-3', 'a'), text('5-4', 'b', '2')]],
    ['of another kind', [text('5-3', 'a'), entry('5-4', { type: 'reasoning-delta', id: '1', delta: 'b' })]],
    ['of another run', [text('5-3', 'a'), entry('5-4', { type: 'text-delta', id: '1', delta: 'b' }, 's')]],
    ['under another fence', [text('5-3', 'a'), text('6-4', 'b')]],
    ['after a gap', [text('5-3', 'a'), text('5-5', 'b')]],
    ['before something else', [text('5-3', 'a'), entry('5-4', { type: 'start-step' }), text('5-5', 'b')]],
    [
      'with further fields after its text',
      [text('5-3', 'a'), entry('5-4', { type: 'text-delta', id: '1', delta: 'b', mood: 'odd' } as ChatChunk)],
    ],
    [
      'after one with further fields',
      [entry('5-3', { type: 'text-delta', id: '1', delta: 'b', mood: 'odd' } as ChatChunk), text('5-4', 'a')],
    ],
    [
      'in another form of the same JSON',
      [
        text('5-3', 'a'),
        { id: '5-4', data: '{"type":"chunk","runId":"r","chunk":{"type":"text-delta","delta":"b","id":"1"}}' },
      ],
    ],
    [
      'with further fields in its message',
      [
        text('5-3', 'a'),
        {
          id: '5-4',
          data: '{"type":"chunk","runId":"r","chunk":{"type":"text-delta","id":"1","delta":"b"},"x":{"y":"z"}}',
        },
      ],
    ],
    ['that names what came before it', [text('5-3', 'a'), { ...text('5-4', 'b'), prev: '5-3' }]],
  ])('does not merge deltas %s', (_, entries) => {
    expect(mergeDeltas(entries)).toEqual(entries);
  });

  it('keeps texts that look like the end of a delta, or end in backslashes', () => {
    const texts = [
      '"}}',
      '\\',
      '\\\\',
      '\\"',
      '"',
      '\\"}}',
      '"},"x":{"y":"',
      '","providerMetadata":{"a":{"b":"c"}}}}',
      '',
    ];
    const frames = mergeDeltas(texts.map((delta, index) => text(`5-${index + 1}`, delta)));
    expect(frames).toHaveLength(1);
    expect(chunkOf(frames[0])).toEqual({ type: 'text-delta', id: '1', delta: texts.join('') });
  });

  it('joins an emoji that was split over two deltas', () => {
    const frames = mergeDeltas([text('5-1', 'a\ud83d'), text('5-2', '\ude00b')]);
    expect(chunkOf(frames[0])).toEqual({ type: 'text-delta', id: '1', delta: 'a😀b' });
  });

  it('bounds the length of a merged frame, and leaves one long delta as it is', () => {
    const entries = Array.from({ length: 100 }, (_, index) => text(`5-${index + 1}`, 'x'.repeat(2000)));
    const frames = mergeDeltas([...entries, text('5-101', 'y'.repeat(100_000))]);
    const merged = frames.slice(0, -1);
    expect(merged).toHaveLength(4);
    for (const { data } of merged) expect(data.length).toBeLessThanOrEqual(MAX_MERGED_LENGTH);
    expect(frames.at(-1)).toEqual(text('5-101', 'y'.repeat(100_000)));
  });

  it('merges 100,000 deltas full of backslashes as fast as any others', () => {
    const entries = Array.from({ length: 100_000 }, (_, index) => text(`5-${index + 1}`, '\\"\\'));
    const frames = mergeDeltas(entries);
    const whole = frames.map((frame) => chunkOf(frame) as { delta: string }).map(({ delta }) => delta);
    expect(whole.join('')).toBe('\\"\\'.repeat(100_000));
  });
});

describe('a replay of any log', () => {
  it('follows without a gap from any cursor, and folds to the same state as the whole', () => {
    let merged = 0;
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        const entries = toEntries(log);
        const whole = log.reduce(reduce, EMPTY_SESSION);
        let state = EMPTY_SESSION;
        for (let count = 0; count <= log.length; count += 1) {
          const frames = mergeDeltas(entries.slice(count));
          merged += log.length - count - frames.length;
          expect(apply(state, frames.map(fromWire))).toStrictEqual(whole);
          const next = log[count];
          if (next) state = reduce(state, next);
        }
      }),
      { numRuns: 60 },
    );
    expect(merged).toBeGreaterThan(1000);
  });

  it('folds to the same state however its frames were merged', () => {
    fc.assert(
      fc.property(arbitraryLog, fc.array(fc.nat()), (log, cuts) => {
        const entries = toEntries(log);
        const places = [0, ...cuts.map((cut) => cut % (log.length + 1)).toSorted((a, b) => a - b), log.length];
        const frames = places.slice(1).flatMap((place, index) => mergeDeltas(entries.slice(places[index], place)));
        expect(apply(EMPTY_SESSION, frames.map(fromWire))).toStrictEqual(log.reduce(reduce, EMPTY_SESSION));
      }),
    );
  });

  it('never lets a merged frame that begins before the cursor count as following it', () => {
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        const frames = mergeDeltas(toEntries(log)).map(fromWire);
        for (const { id: cursor } of log) {
          const next = frames.filter(({ id, message }) =>
            follows(cursor, { id, from: message.from, prev: message.prev }),
          );
          // Only when a frame begins right after the cursor; within a frame there is none, and the viewer asks again.
          const begins = frames.some(({ id }) => id === cursor) && cursor !== log.at(-1)?.id;
          expect(next).toHaveLength(begins ? 1 : 0);
          for (const { id } of next) expect(compareCursors(id, cursor)).toBeGreaterThan(0);
        }
      }),
      { numRuns: 30 },
    );
  });
});

/** What a client does with frames that must all follow. */
function apply(state: typeof EMPTY_SESSION, frames: Frame[]): typeof EMPTY_SESSION {
  let next = state;
  for (const frame of frames) {
    const { from, prev } = frame.message;
    expect(follows(next.cursor, { id: frame.id, from, prev })).toBe(true);
    next = reduce(next, frame);
  }
  return next;
}
