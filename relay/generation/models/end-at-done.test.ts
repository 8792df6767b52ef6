import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { endAtDone } from './end-at-done.ts';

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
      expect(await new Response(endAtDone(body)).text()).toBe(before + done.trimEnd());
    }),
  );
});

test('a response that stays open is left after a while', async () => {
  const { body, seen } = bodyOf([encoder.encode('data: [DONE]\n\n')]);
  await new Response(endAtDone(body)).text();
  await expect.poll(() => seen.cancelled, { timeout: 10_000 }).toBe(true);
});

test('what never says it is passed on whole', async () => {
  const text = 'data: [DON\n\ndata: [\n\nx data: [DONE]\n\n';
  const { body } = bodyOf([encoder.encode(text)], 'ends');
  expect(await new Response(endAtDone(body)).text()).toBe(text);
});

test('fails as the response does, and lets go of it when it is left', async () => {
  const failure = new Error('cut');
  await expect(new Response(endAtDone(bodyOf([encoder.encode('data: 1\n\n')], failure).body)).text()).rejects.toBe(failure);
  const { body, seen } = bodyOf([encoder.encode('data: 1\n\n')]);
  await endAtDone(body).cancel();
  expect(seen.cancelled).toBe(true);
});
