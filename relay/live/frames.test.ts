import { createParser, type EventSourceMessage } from 'eventsource-parser';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeBye, encodeFrame, encodeSnapshot, PING } from './frames.ts';

function parse(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onError: (error) => expect.unreachable(error.message),
  });
  parser.feed(text);
  return events;
}

/** Text in which what has a meaning in event streams is frequent. */
const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      '\0',
      '\u2028',
      '\u2029',
      '\ufeff',
      'data: ',
      'id: 1-1\n',
      'event: bye\n',
      '"',
      '\\',
      '}',
      '\ud800',
    ),
    fc.string({ unit: 'binary', maxLength: 2 }),
  ),
});

it('carries any text in one event', () => {
  fc.assert(
    fc.property(fc.array(nasty, { minLength: 1, maxLength: 5 }), fc.boolean(), (texts, merged) => {
      const frames = texts.map((delta, i) => {
        const data = JSON.stringify({ type: 'chunk', runId: 'r', chunk: { type: 'text-delta', id: 't', delta } });
        return encodeFrame({ id: `1-${i + 5}`, data, ...(merged ? { from: `1-${i}` } : {}) });
      });
      const events = parse(frames.join(''));
      expect(events.map(({ id }) => id)).toEqual(texts.map((_, i) => `1-${i + 5}`));
      for (const [i, event] of events.entries()) {
        expect(event.event).toBeUndefined();
        expect(JSON.parse(event.data)).toMatchObject({
          type: 'chunk',
          chunk: { delta: texts[i] },
          ...(merged ? { from: `1-${i}` } : {}),
        });
      }
    }),
    { numRuns: 500 },
  );
});

it('puts the position of an entry into its message', () => {
  const [event] = parse(encodeFrame({ id: '2-0', prev: '1-7', data: '{"type":"metadata"}' }));
  expect(event).toMatchObject({ id: '2-0', data: '{"prev":"1-7","type":"metadata"}' });
});

it('encodes a snapshot as one event', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const messages = [{ id: 'm', role: 'user', parts: [{ type: 'text', text }] }];
      const [event, ...more] = parse(encodeSnapshot('a-session', '3-4', JSON.stringify(messages)));
      expect(more).toEqual([]);
      expect(event?.id).toBe('3-4');
      expect(JSON.parse(event?.data ?? '')).toEqual({ type: 'snapshot', sessionId: 'a-session', messages });
    }),
  );
});

it('encodes ping and bye without an id', () => {
  const text = new TextDecoder().decode(PING) + new TextDecoder().decode(encodeBye('shutdown', 1500));
  expect(parse(text)).toMatchObject([
    { event: 'ping', data: '{}', id: undefined },
    { event: 'bye', data: '{"reason":"shutdown","retryAfterMs":1500}', id: undefined },
  ]);
});
