import { AnswerBoundError } from '../../turn-errors.ts';

/**
 * The event that ends an OpenAI stream. It is looked for after a line end, so it matches no text of an answer: JSON has
 * its line ends escaped.
 */
const DONE = /[\r\n]data: ?\[DONE\]/;
/** Bytes kept of the chunks before, to find a `DONE` that is cut in two. */
const OVERLAP_BYTES = '\ndata: [DONE]'.length - 1;
/** What may end an event, by the specification of server-sent events. */
const EVENT_ENDS = ['\n\n', '\r\r', '\r\n\r\n'];
/** How long the response may stay open after `[DONE]`, in ms. A response that ends by then leaves its connection reusable. */
const LINGER_MS = 1000;
/** The longest event. The SDK buffers an event until it is whole; twice what a run's log may hold is no answer. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
/**
 * The longest response. The SDK keeps what it cannot emit yet, such as the input of a tool call that has no name, so
 * only a bound on what it is given bounds its memory. A run's log holds a quarter of this, and each piece of text comes
 * with some 200 bytes around it.
 */
const MAX_RESPONSE_BYTES = 32 * 1024 * 1024;
/** The longest body of a refusal, which the SDK reads whole. */
const MAX_REFUSAL_BYTES = 1024 * 1024;

const LATIN1 = new TextDecoder('latin1');

type Bytes = ReadableStream<Uint8Array>;
type BytesReader = ReadableStreamDefaultReader<Uint8Array>;

/**
 * `fetch` for a model's server, with bounds on what the SDK buffers, and without redirects. An answer ends at `[DONE]`, even when the server
 * leaves the response open: otherwise the watchdog would take it for a stalled one.
 */
export async function fetchModel(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  // A redirect by 307 or 308 would send the conversation, and the key, to wherever the server says.
  const response = await fetch(input, { ...init, redirect: 'manual' });
  if (response.body === null) return response;
  const { status, statusText, headers } = response;
  const body = response.ok ? readEvents(response.body) : truncate(response.body, MAX_REFUSAL_BYTES);
  return new Response(body, { status, statusText, headers });
}

/** The events of a body up to `[DONE]`. The stream fails when an event, or all of them, are longer than the bounds. */
export function readEvents(body: Bytes, maxEventBytes = MAX_EVENT_BYTES, maxResponseBytes = MAX_RESPONSE_BYTES): Bytes {
  const reader = body.getReader();
  // The beginning counts as a line end.
  let overlap = '\n';
  let eventBytes = 0;
  let responseBytes = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      responseBytes += value.byteLength;
      if (responseBytes > maxResponseBytes) {
        cancel(reader);
        throw new AnswerBoundError(`its response is larger than ${maxResponseBytes} bytes`);
      }
      const text = overlap + toAsciiText(value);
      const found = DONE.exec(text);
      if (found !== null) {
        controller.enqueue(value.subarray(0, found.index + found[0].length - overlap.length));
        controller.close();
        void drain(reader);
        return;
      }
      const lastEnd = Math.max(...EVENT_ENDS.map((end) => text.lastIndexOf(end)));
      eventBytes = lastEnd === -1 ? eventBytes + value.byteLength : text.length - lastEnd;
      if (eventBytes > maxEventBytes) {
        cancel(reader);
        throw new AnswerBoundError(`an event of its response is larger than ${maxEventBytes} bytes`);
      }
      controller.enqueue(value);
      overlap = text.slice(-OVERLAP_BYTES);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** The first `maxBytes` of a body. */
export function truncate(body: Bytes, maxBytes: number): Bytes {
  const reader = body.getReader();
  let left = maxBytes;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      controller.enqueue(value.subarray(0, left));
      left -= value.byteLength;
      if (left > 0) return;
      controller.close();
      cancel(reader);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** The bytes as text with one character per byte, so that places in it are places in the bytes. Only ASCII is looked for. */
function toAsciiText(bytes: Uint8Array): string {
  return LATIN1.decode(bytes);
}

/** Reads a response to its end for a while, then cancels it. How it ends does not matter: the answer is whole. */
async function drain(reader: BytesReader): Promise<void> {
  const timer = setTimeout(() => cancel(reader), LINGER_MS);
  try {
    while (!(await reader.read()).done);
  } catch {
    // The connection broke after the answer.
  } finally {
    clearTimeout(timer);
  }
}

function cancel(reader: BytesReader): void {
  // Fails when the connection has broken already.
  reader.cancel().catch(() => {});
}
