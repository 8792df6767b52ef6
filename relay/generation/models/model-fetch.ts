/** Behind the end of a line, or at the very beginning: JSON holds no bare line ends, so this is in no answer's text. */
const DONE = /[\r\n]data: ?\[DONE\]/;
/** Of the text before, what could still become a match. */
const TAIL_LENGTH = '\ndata: [DONE]'.length - 1;
/** How long the response may take to end by itself, so that its connection can be used again. */
const LINGER_MS = 1000;
/** The SDK gathers an event until it ends; twice what a run's log may hold is no part of an answer. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
/** Of a refusal, which the SDK reads whole. */
const MAX_REFUSAL_BYTES = 1024 * 1024;

/**
 * As `fetch`, for what the SDK asks of a model's server and reads to the end: an answer ends where the server says
 * `[DONE]`, or it would be taken for a stalled one when the response is left open, and nothing is gathered without bound.
 */
export async function fetchModel(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  if (response.body === null) return response;
  const { status, statusText, headers } = response;
  const body = response.ok ? readEvents(response.body) : cutOff(response.body, MAX_REFUSAL_BYTES);
  return new Response(body, { status, statusText, headers });
}

/** The events up to `[DONE]`; an error when one of them outgrows the bound. */
export function readEvents(
  body: ReadableStream<Uint8Array>,
  maxEventBytes = MAX_EVENT_BYTES,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let tail = '\n';
  let eventBytes = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      // What is looked for is ASCII, so a byte may stand for a character.
      const text = tail + Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
      const found = DONE.exec(text);
      if (found !== null) {
        controller.enqueue(value.subarray(0, found.index + found[0].length - tail.length));
        controller.close();
        void leave(reader);
        return;
      }
      const lastEnd = Math.max(...['\n\n', '\r\r', '\r\n\r\n'].map((end) => text.lastIndexOf(end)));
      eventBytes = lastEnd === -1 ? eventBytes + value.byteLength : text.length - lastEnd;
      if (eventBytes > maxEventBytes) {
        drop(reader);
        throw new Error(`an event of the model's server is larger than ${maxEventBytes} bytes`);
      }
      controller.enqueue(value);
      tail = text.slice(-TAIL_LENGTH);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** The beginning of a body. */
export function cutOff(body: ReadableStream<Uint8Array>, maxBytes: number): ReadableStream<Uint8Array> {
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
      drop(reader);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** Nobody reads on: whatever comes now, and how it ends, is of no interest. */
async function leave(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const late = setTimeout(() => drop(reader), LINGER_MS);
  try {
    while (!(await reader.read()).done);
  } catch {
    // The line was cut behind the answer.
  } finally {
    clearTimeout(late);
  }
}

function drop(reader: ReadableStreamDefaultReader<Uint8Array>): void {
  reader.cancel().catch(() => {});
}
