import { RelayError } from '../util/relay-error.ts';

/**
 * Reads a body of at most `maxBytes` (0: any length), with or without `Content-Length`.
 *
 * @throws RelayError `payload-too-large`, or `invalid-request` when the body ends early.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (maxBytes > 0 && declared > maxBytes) throw tooLarge(maxBytes);
  if (!request.body) return new Uint8Array();

  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw new RelayError('invalid-request', { detail: 'The body ended early.', cause });
    });
    if (done) break;
    size += value.byteLength;
    if (maxBytes > 0 && size > maxBytes) {
      // The rest is not read. The answer is the same if the stream cannot be cancelled.
      reader.cancel().catch(() => undefined);
      throw tooLarge(maxBytes);
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/**
 * Parses a JSON object strictly: valid UTF-8, and no field twice.
 *
 * RFC 8259 (4) leaves open which of two equal fields counts. A filter or an audit log in front of the relay may read the
 * first, where `JSON.parse` takes the last: what they saw would not be what was done. Nested objects are not looked at,
 * because no request of the protocol has any.
 *
 * @throws RelayError `invalid-request`
 */
export function parseJsonObject(bytes: Uint8Array): object {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new RelayError('invalid-request', { detail: 'The body must be JSON in UTF-8.', cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RelayError('invalid-request', { detail: 'The body must be a JSON object.' });
  }
  if (countFields(text) !== Object.keys(value).length) {
    throw new RelayError('invalid-request', { detail: 'The body has a field twice.' });
  }
  return value;
}

/** Fields in the source text of a JSON object: the colons at depth 1, outside of strings. */
function countFields(text: string): number {
  let depth = 0;
  let fields = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') {
      i++;
      while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
    } else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === ':' && depth === 1) fields++;
  }
  return fields;
}

function tooLarge(maxBytes: number): RelayError {
  return new RelayError('payload-too-large', { detail: `The body may have at most ${maxBytes} bytes.` });
}
