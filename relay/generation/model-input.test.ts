import { describe, expect, test } from 'vitest';
import type { ChatMessage } from '#shared/protocol.ts';
import { byteLength } from '../util/byte-length.ts';
import { DEFAULT_HISTORY, newestTurns, toModelInput } from './model-input.ts';

let count = 0;
const user = (text: string): ChatMessage => ({ id: `m${(count += 1)}`, role: 'user', parts: [{ type: 'text', text }] });
const assistant = (text: string, status: 'completed' | 'cancelled' | 'failed' = 'completed'): ChatMessage => ({
  id: `m${(count += 1)}`,
  role: 'assistant',
  metadata: { run: { runId: 'r', status, attempt: 1 } },
  parts: [{ type: 'step-start' }, { type: 'text', text, state: 'done' }],
});
const turns = (n: number, size = 1) =>
  Array.from({ length: n }, (_, i) => [user(`q${i}`), assistant('a'.repeat(size))]).flat();

describe('what the model is sent', () => {
  test('is the visible conversation, with cancelled and failed replies', async () => {
    const messages = [
      user('one'),
      assistant('half', 'cancelled'),
      user('two'),
      assistant('broken', 'failed'),
      user('three'),
    ];
    const input = await toModelInput(messages, {});
    expect(input.map(({ role, content }) => [role, (content as { text: string }[])[0]?.text])).toEqual([
      ['user', 'one'],
      ['assistant', 'half'],
      ['user', 'two'],
      ['assistant', 'broken'],
      ['user', 'three'],
    ]);
  });

  test('leaves out the oldest turns beyond 50 messages, and begins with a prompt', () => {
    const sent = newestTurns([...turns(40), user('now')]);
    expect(sent).toHaveLength(49);
    expect(sent[0]?.role).toBe('user');
    expect(sent.at(-1)?.parts).toEqual([{ type: 'text', text: 'now' }]);
  });

  test('leaves out the oldest turns beyond 64 KiB of UTF-8', () => {
    const sent = newestTurns([...turns(10, 10_000), user('now')]);
    expect(sent).toHaveLength(13);
    const wide = newestTurns([user('q'), assistant('語'.repeat(30_000)), user('q'), assistant('ok'), user('now')]);
    expect(wide).toHaveLength(3);
    for (const messages of [sent, wide]) {
      expect(messages[0]?.role).toBe('user');
      expect(messages.reduce((sum, { parts }) => sum + byteLength(JSON.stringify(parts)), 0)).toBeLessThanOrEqual(
        DEFAULT_HISTORY.maxBytes,
      );
    }
  });

  test('has the newest turn whole, however long it is', () => {
    const long = user('x'.repeat(100_000));
    expect(newestTurns([...turns(3), long])).toEqual([long]);
    const partial = assistant('y'.repeat(100_000));
    expect(newestTurns([...turns(3), long, partial])).toEqual([long, partial]);
  });

  test('has no empty replies and no unsigned reasoning', async () => {
    const thoughtful: ChatMessage = {
      ...assistant('answer'),
      parts: [
        { type: 'reasoning', text: 'hm', state: 'done' },
        { type: 'text', text: 'answer', state: 'done' },
      ],
    };
    const empty: ChatMessage = { ...assistant(''), parts: [] };
    const input = await toModelInput([user('a'), thoughtful, user('b'), empty, user('c')], {});
    expect(JSON.stringify(input)).not.toContain('hm');
    expect(input.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'user']);
  });
});

test('bytes are counted as UTF-8 has them', () => {
  for (const text of ['', 'abc', 'äöü', '語', '🎉', 'a\u2028b', 'x🎉语é']) {
    expect(byteLength(text)).toBe(new TextEncoder().encode(text).length);
  }
});
