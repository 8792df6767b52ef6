/** Behind the end of a line, or at the very beginning: JSON holds no bare line ends, so this is in no answer's text. */
const DONE = /[\r\n]data: ?\[DONE\]/;
/** Of the text before, what could still become a match. */
const TAIL_LENGTH = '\ndata: [DONE]'.length - 1;
/** How long the response may take to end by itself, so that its connection can be used again. */
const LINGER_MS = 1000;

/**
 * As `fetch`, but an event stream ends where the server says `[DONE]`. The SDK reads to the end of the response: of a
 * server that leaves it open, the whole answer would be there and yet be taken for a stalled one.
 */
export async function fetchUntilDone(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  if (response.body === null || !response.headers.get('content-type')?.includes('text/event-stream')) return response;
  const { status, statusText, headers } = response;
  return new Response(endAtDone(response.body), { status, statusText, headers });
}

export function endAtDone(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let tail = '\n';
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      // What is looked for is ASCII, so a byte may stand for a character.
      const text = tail + Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
      const found = DONE.exec(text);
      if (found === null) {
        controller.enqueue(value);
        tail = text.slice(-TAIL_LENGTH);
        return;
      }
      controller.enqueue(value.subarray(0, found.index + found[0].length - tail.length));
      controller.close();
      void leave(reader);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** Nobody reads on: whatever comes now, and how it ends, is of no interest. */
async function leave(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const late = setTimeout(() => void reader.cancel().catch(() => {}), LINGER_MS);
  try {
    while (!(await reader.read()).done);
  } catch {
    // The line was cut behind the answer.
  } finally {
    clearTimeout(late);
  }
}
