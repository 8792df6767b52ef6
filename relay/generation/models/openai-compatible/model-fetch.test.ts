import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { fetchModel, readEvents, truncate } from './model-fetch.ts';

const encoder = new TextEncoder();
/** Turns of the event loop to wait for a read that should not come. Bytes that are only passed on need none. */
const PATIENCE_TURNS = 100;

/** A body of these chunks, which then stays open, ends or fails. */
function bodyOf(pieces: Uint8Array[], end?: 'ends' | Error) {
  const { promise: dry, resolve: runDry } = Promise.withResolvers<void>();
  const seen = { cancelled: false, dry };
  const left = [...pieces];
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = left.shift();
      if (piece !== undefined) controller.enqueue(piece);
      else if (end === 'ends') controller.close();
      else if (end !== undefined) controller.error(end);
      else {
        runDry();
        await new Promise(() => {});
      }
    },
    cancel() {
      seen.cancelled = true;
    },
  });
  return { body, seen };
}

/** The text that is read of a body that stays open. Fails at once when more is read than `[DONE]` allows. */
async function textBeforeEnd({ body, seen }: ReturnType<typeof bodyOf>): Promise<string> {
  const waited = seen.dry.then(async () => {
    for (let turn = 0; turn < PATIENCE_TURNS; turn += 1) await setImmediate();
    throw new Error('the response was read on after [DONE]');
  });
  return await Promise.race([new Response(readEvents(body)).text(), waited]);
}

/** The bytes cut into pieces at these places. */
function cutAt(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const sorted = [
    0,
    ...new Set(places.map((place) => place % bytes.length).filter((place) => place > 0)),
    bytes.length,
  ];
  sorted.sort((a, b) => a - b);
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

test.each(['data: [DONE]\n\n', 'data:[DONE]\r\n\r\n', 'data: [DONE]'])(
  'the answer ends at %j wherever its chunks are cut, though the response stays open',
  async (done) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 6 }), async (places) => {
        const before = 'data: {"text":"is data: [DONE] 🎉"}\n\n';
        const source = bodyOf(cutAt(encoder.encode(`${before}${done}data: {"text":"more"}\n\n`), places));
        expect(await textBeforeEnd(source)).toBe(before + done.trimEnd());
      }),
    );
  },
);

test('a response that stays open after [DONE] is cancelled after a while', async () => {
  const source = bodyOf([encoder.encode('data: [DONE]\n\n')]);
  await textBeforeEnd(source);
  await expect.poll(() => source.seen.cancelled, { timeout: 10_000 }).toBe(true);
});

test('a body without [DONE] is passed on whole', async () => {
  const text = 'data: [DON\n\ndata: [\n\nx data: [DONE]\n\n';
  const { body } = bodyOf([encoder.encode(text)], 'ends');
  expect(await new Response(readEvents(body)).text()).toBe(text);
});

test('the stream fails as the response does, and cancelling it cancels the response', async () => {
  const failure = new Error('cut');
  await expect(new Response(readEvents(bodyOf([encoder.encode('data: 1\n\n')], failure).body)).text()).rejects.toBe(
    failure,
  );
  const { body, seen } = bodyOf([encoder.encode('data: 1\n\n')]);
  await readEvents(body).cancel();
  expect(seen.cancelled).toBe(true);
});

/** 4 KiB chunks, four times as many as may be read: endless ones would never yield, so a test that reads on could not time out. */
function tooLong(piece: string, maxBytes: number) {
  const seen = { cancelled: false, pieces: 0 };
  const bytes = encoder.encode(piece.repeat(4096 / piece.length));
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      seen.pieces += 1;
      if (seen.pieces * bytes.length > 4 * maxBytes)
        controller.error(new Error(`read four times the limit of ${maxBytes} bytes`));
      else controller.enqueue(bytes);
    },
    cancel() {
      seen.cancelled = true;
    },
  });
  return { body, seen };
}

test.each(['x', 'data: x\n'])(
  'an event of %j without end is an error, and the response is cancelled',
  async (piece) => {
    const { body, seen } = tooLong(piece, 64 * 1024);
    await expect(new Response(readEvents(body, 64 * 1024)).text()).rejects.toThrow('larger than 65536 bytes');
    expect(seen.cancelled).toBe(true);
    expect(seen.pieces).toBeLessThan(24);
  },
);

test.each(['data: x\r\n\r\n', 'data: x\n\n', 'data: x\r\r'])(
  'any number of events like %j is no error',
  async (event) => {
    const pieces = Array.from({ length: 64 }, () => encoder.encode(event.repeat(256)));
    const text = await new Response(readEvents(bodyOf(pieces, 'ends').body, 64 * 1024)).text();
    expect(text).toHaveLength(64 * 256 * event.length);
  },
);

test('only the beginning of a refusal that is too long is read', async () => {
  const { body, seen } = tooLong('x', 10_000);
  expect(await new Response(truncate(body, 10_000)).text()).toBe('x'.repeat(10_000));
  expect(seen.cancelled).toBe(true);
});

/** Fetches an answer of this status and length, without a line end; resolves with the bytes that were read. */
async function fetchLong(status: number, mebibytes: number): Promise<string> {
  const piece = Buffer.alloc(1024 * 1024, 'x');
  const server = createServer((_, response) => {
    response.writeHead(status);
    Readable.from(Array.from({ length: mebibytes }, () => piece)).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const response = await fetchModel(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  let read = 0;
  for await (const part of response.body ?? []) read += part.byteLength;
  return `${read} bytes`;
}

test('an event may have 16 MiB', async () => {
  await expect(fetchLong(200, 64)).rejects.toThrow('larger than 16777216 bytes');
});

test('a refusal is read up to 1 MiB', async () => {
  expect(await fetchLong(500, 4)).toBe('1048576 bytes');
});
