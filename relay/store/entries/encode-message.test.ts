import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { ChatChunk } from '#shared/protocol.ts';
import { arbitraryText } from '#shared/testing/arbitrary-chunks.ts';
import { arbitraryLog } from '#shared/testing/arbitrary-log.ts';
import { encodeMessage, type LogMessage } from './encode-message.ts';

// Many generated cases: slow on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

describe('encodeMessage', () => {
  it('writes deltas in one exact form, whatever the order of their fields', () => {
    const chunk = { providerMetadata: undefined, delta: 'Hi "you"', id: '1', type: 'text-delta' };
    expect(encodeMessage({ chunk: chunk as ChatChunk, runId: 'r', type: 'chunk' })).toBe(
      String.raw`{"type":"chunk","runId":"r","chunk":{"type":"text-delta","id":"1","delta":"Hi \"you\""}}`,
    );
    expect(encodeMessage({ type: 'chunk', runId: 'r', chunk: { type: 'reasoning-delta', id: '1', delta: '' } })).toBe(
      '{"type":"chunk","runId":"r","chunk":{"type":"reasoning-delta","id":"1","delta":""}}',
    );
  });

  it('keeps every field of a delta', () => {
    const chunk = { type: 'text-delta', id: '1', delta: 'Hi', providerMetadata: { demo: { a: 1 } } } as const;
    expect(JSON.parse(encodeMessage({ type: 'chunk', runId: 'r', chunk }))).toEqual({
      type: 'chunk',
      runId: 'r',
      chunk,
    });
    const more = { type: 'chunk', runId: 'r', chunk: { type: 'text-delta', id: '1', delta: 'Hi' }, at: 7 } as const;
    expect(JSON.parse(encodeMessage(more))).toEqual(more);
  });

  it('writes the JSON of any message', () => {
    fc.assert(
      fc.property(arbitraryLog, (frames) => {
        for (const { message } of frames)
          expect(JSON.parse(encodeMessage(message as LogMessage))).toStrictEqual(message);
      }),
    );
    fc.assert(
      fc.property(arbitraryText, fc.string(), fc.string(), (delta, id, runId) => {
        const message: LogMessage = { type: 'chunk', runId, chunk: { type: 'text-delta', id, delta } };
        expect(encodeMessage(message)).toBe(JSON.stringify(message));
      }),
    );
  });
});
