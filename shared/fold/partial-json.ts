/** Which token may come next. */
type Expect = 'value' | 'key' | 'colon' | 'next';

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERALS = ['true', 'false', 'null'];

/**
 * Parses the beginning of a JSON text, so that a tool's input can be shown while it is being written: closes open
 * strings, arrays and objects, completes a literal, leaves out a key without a value and a sign without digits.
 * Undefined when there is nothing yet, or when the text is not JSON. Linear in the length of the text.
 *
 * Agrees with the AI SDK's `parsePartialJson` on every beginning of a JSON text, except for keys with a quotation mark
 * and exponents with a plus sign, which the SDK reads wrongly.
 */
export function parsePartialJson(text: string): unknown {
  const whole = tryParse(text);
  if (whole.ok) return whole.value;
  const repaired = complete(text);
  return repaired === null ? undefined : tryParse(repaired).value;
}

function tryParse(text: string): { ok: boolean; value: unknown } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, value: undefined };
  }
}

/** Completes the text in one scan. `keep` is the length that is valid once the open containers are closed. */
function complete(text: string): string | null {
  const closers: string[] = [];
  let expect: Expect = 'value';
  let keep = 0;
  let tail = '';

  let i = 0;
  scan: while (i < text.length) {
    const char = text.charAt(i);
    if (char === ' ' || char === '\n' || char === '\r' || char === '\t') {
      i += 1;
      continue;
    }
    const closer = closers.at(-1);
    switch (expect) {
      case 'colon':
        if (char !== ':') return null;
        i += 1;
        expect = 'value';
        break;
      case 'next':
        if (closer === undefined) break scan;
        i += 1;
        if (char === ',') {
          expect = closer === '}' ? 'key' : 'value';
        } else if (char === closer) {
          closers.pop();
          keep = i;
        } else {
          return null;
        }
        break;
      case 'key': {
        if (char === '}') {
          closers.pop();
          i += 1;
          keep = i;
          expect = 'next';
          break;
        }
        if (char !== '"') return null;
        const string = scanString(text, i);
        if (!string.closed) break scan;
        i = string.end;
        expect = 'colon';
        break;
      }
      case 'value': {
        if (char === '{' || char === '[') {
          closers.push(char === '{' ? '}' : ']');
          i += 1;
          keep = i;
          expect = char === '{' ? 'key' : 'value';
          break;
        }
        if (char === ']' && closer === ']') {
          closers.pop();
          i += 1;
          keep = i;
          expect = 'next';
          break;
        }
        expect = 'next';
        if (char === '"') {
          const string = scanString(text, i);
          i = string.end;
          keep = i;
          if (string.closed) break;
          tail = '"';
          break scan;
        }
        NUMBER.lastIndex = i;
        const number = NUMBER.exec(text)?.[0];
        if (number !== undefined) {
          i += number.length;
          keep = i;
          // The rest of an unfinished number (`1.`, `1e-`) can only stand at the end of the text.
          if (/[.eE]/.test(text.charAt(i))) break scan;
          break;
        }
        const rest = text.slice(i, i + 5);
        const literal = LITERALS.find((word) => rest.startsWith(word) || word.startsWith(rest));
        if (literal === undefined) break scan;
        tail = literal.slice(rest.length);
        i += Math.min(literal.length, rest.length);
        keep = i;
        break;
      }
    }
  }
  return keep === 0 ? null : text.slice(0, keep) + tail + closers.toReversed().join('');
}

/** Scans a string from its opening quotation mark. When it is not closed, `end` lies before an unfinished escape. */
function scanString(text: string, start: number): { end: number; closed: boolean } {
  let i = start + 1;
  while (i < text.length) {
    const char = text.charAt(i);
    if (char === '"') return { end: i + 1, closed: true };
    const width = char !== '\\' ? 1 : text.charAt(i + 1) === 'u' ? 6 : 2;
    if (i + width > text.length) break;
    i += width;
  }
  return { end: i, closed: false };
}
