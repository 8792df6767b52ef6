import { parsePartialJson as parseWithSdk } from 'ai';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parsePartialJson } from './partial-json.ts';

// Generated cases take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const json = fc.jsonValue({
  stringUnit: fc.constantFrom('a', 'é', '\\', '\n', '\ud83d', '😀', ' ', ':', ',', '}', ']', '-', '"'),
});

const ODD = '{}[]":,\\u0-1.eE tfn a';

/** Keys with a quotation mark and exponents with a plus sign trip the SDK up, so they are left out of the comparison. */
function tripsTheSdkUp(text: string): boolean {
  return /\\"[^"]*"\s*:|\de\+|__proto__/.test(text);
}

describe('parsePartialJson', () => {
  it.each<[string, unknown]>([
    ['', undefined],
    ['  ', undefined],
    ['{', {}],
    ['[', []],
    ['{"city', {}],
    ['{"city"', {}],
    ['{"city":', {}],
    ['{"city": "Ber', { city: 'Ber' }],
    ['{"a":1,', { a: 1 }],
    ['{"a":1,"b', { a: 1 }],
    ['{"a":-', {}],
    ['{"a":1.', { a: 1 }],
    ['{"a":1e-', { a: 1 }],
    ['[1, tr', [1, true]],
    ['[nul', [null]],
    ['{"a":{"b":[{"c":"d', { a: { b: [{ c: 'd' }] } }],
    [String.raw`{"a":"x\u00`, { a: 'x' }],
    [String.raw`{"a":"x\ `.trim(), { a: 'x' }],
    ['{"a\\":1":2', { 'a":1': 2 }],
    ['-', undefined],
    ['tr', true],
    ['no json', undefined],
    ['{"a" 1}', undefined],
    ['{]', undefined],
    ['[1}', undefined],
    ['{"a":1} and more', { a: 1 }],
  ])('reads %j as %j', (text, value) => {
    expect(parsePartialJson(text)).toEqual(value);
  });

  it('reads every beginning of a JSON text as the AI SDK does', async () => {
    await fc.assert(
      fc.asyncProperty(json, fc.constantFrom(undefined, 1), async (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        fc.pre(!tripsTheSdkUp(text));
        for (let length = 0; length <= text.length; length += 1) {
          const beginning = text.slice(0, length);
          expect([beginning, parsePartialJson(beginning)]).toEqual([beginning, (await parseWithSdk(beginning)).value]);
        }
      }),
      { numRuns: 80 },
    );
  });

  it('reads a whole text as JSON does, and no text makes it throw', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(parsePartialJson(text))).toBe(text);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...ODD.split('')) }), (text) => void parsePartialJson(text)),
      { numRuns: 5000 },
    );
  });

  it('stands brackets nested deeper than the stack', () => {
    expect(parsePartialJson('['.repeat(100_000))).toBeInstanceOf(Array);
  });
});
