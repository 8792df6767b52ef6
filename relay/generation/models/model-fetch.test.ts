import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutOff, readEvents } from './model-fetch.ts';

const encoder = new TextEncoder();

/** A body of these pieces that then stays open, unless told otherwise. */
function bodyOf(pieces: Uint8Array[], end?: 'ends' | Error) {
  const seen = { cancelled: false };
  const left = [...pieces];
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = left.shift();
      if (piece !== undefined) controller.enqueue(piece);
      else if (end === 'ends') controller.close();
      else if (end !== undefined) controller.error(end);
      else await new Promise(() => {});
    },
    cancel() {
      seen.cancelled = true;
    },
  });
  return { body, seen };
}

/** The bytes cut into pieces at these places. */
function cutAt(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const sorted = [0, ...new Set(places.map((place) => place % bytes.length).filter((place) => place > 0)), bytes.length];
  sorted.sort((a, b) => a - b);
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

test.each(['data: [DONE]\n\n', 'data:[DONE]\r\n\r\n', 'data: [DONE]'])('ends at %j however it is cut, with the response left open', async (done) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 6 }), async (places) => {
      const before = 'data: {"text":"is data: [DONE] 🎉"}\n\n';
      const { body } = bodyOf(cutAt(encoder.encode(`${before}${done}data: {"text":"more"}\n\n`), places));
      expect(await new Response(readEvents(body)).text()).toBe(before + done.trimEnd());
    }),
  );
});

test('a response that stays open is left after a while', async () => {
  const { body, seen } = bodyOf([encoder.encode('data: [DONE]\n\n')]);
  await new Response(readEvents(body)).text();
  await expect.poll(() => seen.cancelled, { timeout: 10_000 }).toBe(true);
});

test('what never says it is passed on whole', async () => {
  const text = 'data: [DON\n\ndata: [\n\nx data: [DONE]\n\n';
  const { body } = bodyOf([encoder.encode(text)], 'ends');
  expect(await new Response(readEvents(body)).text()).toBe(text);
});

test('fails as the response does, and lets go of it when it is left', async () => {
  const failure = new Error('cut');
  await expect(new Response(readEvents(bodyOf([encoder.encode('data: 1\n\n')], failure).body)).text()).rejects.toBe(failure);
  const { body, seen } = bodyOf([encoder.encode('data: 1\n\n')]);
  await readEvents(body).cancel();
  expect(seen.cancelled).toBe(true);
});

/** 4 KiB pieces without an end. */
function endless(piece: string) {
  const seen = { cancelled: false, pieces: 0 };
  const bytes = encoder.encode(piece.repeat(4096 / piece.length));
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      seen.pieces += 1;
      controller.enqueue(bytes);
    },
    cancel() {
      seen.cancelled = true;
    },
  });
  return { body, seen };
}

test.each(['x', 'data: x\n'])('an event of %j without end is an error, and the response is left', async (piece) => {
  const { body, seen } = endless(piece);
  await expect(new Response(readEvents(body, 64 * 1024)).text()).rejects.toThrow('larger than 65536 bytes');
  expect(seen.cancelled).toBe(true);
  expect(seen.pieces).toBeLessThan(24);
});

test.each(['data: x\r\n\r\n', 'data: x\n\n', 'data: x\r\r'])('any number of events like %j is none', async (event) => {
  const pieces = Array.from({ length: 64 }, () => encoder.encode(event.repeat(256)));
  const text = await new Response(readEvents(bodyOf(pieces, 'ends').body, 64 * 1024)).text();
  expect(text).toHaveLength(64 * 256 * event.length);
});

test('of a refusal without end only the beginning is read', async () => {
  const { body, seen } = endless('x');
  expect(await new Response(cutOff(body, 10_000)).text()).toBe('x'.repeat(10_000));
  expect(seen.cancelled).toBe(true);
});
