import { createParser } from 'eventsource-parser';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createParser as createLean } from './lean-events.ts';

const PIECES = [
  'data',
  'data:',
  'data: ',
  'id:',
  'id: 1-0',
  'event: ping',
  'event:',
  ':',
  ': comment',
  'retry: 1',
  'other: x',
  ' ',
  'a',
  '\0',
  '\n',
  '\n\n',
  '\r',
  '\r\n',
  '\r\n\r\n',
  '{"a":1}',
];

function read(create: typeof createParser | typeof createLean, chunks: readonly string[]): object[] {
  const events: object[] = [];
  const parser = create({
    maxBufferSize: 1000,
    onEvent: ({ id, event, data }: { id?: string | undefined; event?: string | undefined; data: string }) =>
      events.push({ id, event, data }),
    onError: () => undefined,
  });
  // A lone carriage return at the end may be half of a line's end: at the latest the next line tells.
  for (const chunk of [...chunks, ':\n\n']) parser.feed(chunk);
  return events;
}

it('reads the same events, in whatever pieces they come', () => {
  const chunk = fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }).map((pieces) => pieces.join(''));
  const whole = fc.constant('data: x\nid: 2-3\n\n');
  const property = fc.property(fc.array(fc.oneof(chunk, whole), { maxLength: 12 }), (chunks) => {
    expect(read(createLean, chunks)).toEqual(read(createParser, chunks));
  });
  fc.assert(property, { numRuns: 5000 });
});

it('says that an event is too large, whether its lines end or not', () => {
  for (const line of ['x'.repeat(100), 'data: yyyyyyyyyyyyyyyyyyyy\n']) {
    const errors: string[] = [];
    const parser = createLean({
      maxBufferSize: 1000,
      onEvent: () => undefined,
      onError: ({ type }) => errors.push(type),
    });
    for (let at = 0; at < 100 && errors.length === 0; at += 1) parser.feed(line);
    expect(errors).toEqual(['max-buffer-size-exceeded']);
  }
});
