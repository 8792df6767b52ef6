import * as fc from 'fast-check';
import type { ChatChunk } from '../protocol.ts';

/** Chunks of one part or call: they keep their order, and others may come in between. */
type Track = (place: { step: number; track: number }) => ChatChunk[];

/** Text with what breaks careless code: quotes, backslashes, line ends, controls, emoji and halves of emoji. */
export const arbitraryText = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'word ',
      '\ud83d',
      '\ude00',
      '👩‍👩‍👧',
      '"',
      '\\',
      '\\"',
      '"}}',
      '\n',
      '\r\n',
      '\u2028',
      '\0',
      '',
    ),
  },
);

/** No number between -1 and 0: one cut after `-0` is read as minus zero, for which JSON has no text of its own. */
const arbitraryJson = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1.5e10, 1e-7, '"quoted" \\ \n', [], {}, [1, [2, { a: null }]], {
    a: { b: ['c', false, -2.5] },
  }),
  fc.string({ unit: 'binary', maxLength: 5 }),
);
const arbitraryInput = fc.dictionary(fc.constantFrom('city', 'when', 'n', 'ü'), arbitraryJson, { maxKeys: 4 });
const arbitraryProviderMetadata = fc.option(
  fc.constantFrom({ openai: { itemId: 'i1' } }, { demo: { a: [1] } }, { demo: {} }),
  { nil: undefined, freq: 2 },
);
const sometimes = <T>(value: T): fc.Arbitrary<T | undefined> => fc.constantFrom(value, undefined);

/** As it would come over a wire: without fields that have no value. */
function clean(chunks: unknown[]): ChatChunk[] {
  return JSON.parse(JSON.stringify(chunks)) as ChatChunk[];
}

const arbitraryTextTrack: fc.Arbitrary<Track> = fc
  .record({
    kind: fc.constantFrom('text', 'text', 'reasoning'),
    deltas: fc.array(fc.tuple(arbitraryText, arbitraryProviderMetadata, fc.nat({ max: 9 })), { maxLength: 12 }),
    start: arbitraryProviderMetadata,
    end: arbitraryProviderMetadata,
    citations: sometimes([{ type: 'url', sourceId: 's1', url: 'https://example.com/' }]),
  })
  .map(({ kind, deltas, start, end, citations }) => ({ track }) => {
    const id = `${track}`;
    return clean([
      { type: `${kind}-start`, id, providerMetadata: start },
      ...deltas.map(([delta, providerMetadata, chance]) => ({
        type: `${kind}-delta`,
        id,
        delta,
        ...(chance === 0 ? { providerMetadata } : {}),
      })),
      { type: `${kind}-end`, id, providerMetadata: end, ...(kind === 'text' ? { citations } : {}) },
    ]);
  });

/** A call from its beginning to its answer, or to any place before. */
const arbitraryToolTrack: fc.Arbitrary<Track> = fc
  .record({
    toolName: fc.constantFrom('weather', 'search-web'),
    dynamic: sometimes(true),
    title: sometimes('Look it up'),
    toolMetadata: sometimes({ kind: 'lookup' }),
    providerExecuted: fc.constantFrom(true, false, undefined),
    providerMetadata: arbitraryProviderMetadata,
    input: arbitraryInput,
    inputEncoding: fc.constantFrom('json' as const, 'text' as const, undefined),
    cuts: fc.array(fc.nat({ max: 60 }), { maxLength: 8 }),
    streamed: fc.boolean(),
    /** Its id comes again in other steps. */
    sameId: fc.boolean(),
    /** Later chunks repeat what the first said about it. */
    repeats: fc.boolean(),
    /** It is answered before all of its input has come. */
    early: fc.boolean(),
    approval: fc.constantFrom('none', 'asked', 'given', 'refused'),
    outputs: fc.array(arbitraryJson, { minLength: 1, maxLength: 3 }),
    ending: fc.constantFrom('available', 'error', 'denied', 'input-error', 'none'),
    length: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
  })
  .map(
    ({ cuts, streamed, sameId, repeats, early, inputEncoding, approval, outputs, ending, length, ...call }) =>
      ({ step, track }) => {
        const { input, providerExecuted, providerMetadata, dynamic } = call;
        const toolCallId = sameId ? `call-${track}` : `call-${step}-${track}`;
        const about = { toolCallId, ...call, input: undefined };
        const answer = repeats ? { toolCallId, providerExecuted, providerMetadata, dynamic } : { toolCallId };
        const chunks: object[] = [];
        if (streamed) {
          chunks.push({ type: 'tool-input-start', ...about, inputEncoding });
          for (const inputTextDelta of pieces(JSON.stringify(input), cuts)) {
            chunks.push({ type: 'tool-input-delta', toolCallId, inputTextDelta });
          }
        }
        if (ending === 'input-error') {
          // A call that has begun stays of its kind, whatever the error says.
          const kind = outputs.length === 1 ? { dynamic: true } : {};
          chunks.push({ type: 'tool-input-error', ...about, ...kind, input, errorText: 'The input does not fit.' });
          return clean(chunks);
        }
        if (!streamed || !early) {
          chunks.push({
            type: 'tool-input-available',
            ...(repeats ? about : { toolCallId, toolName: call.toolName, dynamic }),
            input,
          });
        }
        if (approval !== 'none') {
          const approvalId = `approve-${toolCallId}`;
          chunks.push({
            type: 'tool-approval-request',
            toolCallId,
            approvalId,
            reason: 'Costs money',
            inputSchemaInput: input,
          });
          if (approval === 'asked') return clean(chunks);
          const approved = approval === 'given';
          chunks.push({
            type: 'tool-approval-response',
            approvalId,
            approved,
            reason: 'As you say',
            providerExecuted,
            providerMetadata,
          });
        }
        if (ending === 'available') {
          for (const [index, output] of outputs.entries()) {
            const last = index === outputs.length - 1;
            chunks.push({
              type: 'tool-output-available',
              ...answer,
              output,
              ...(last ? { toolMetadata: { kind: 'answer' } } : { preliminary: true }),
            });
          }
        }
        if (ending === 'error') chunks.push({ type: 'tool-output-error', ...answer, errorText: 'No such city' });
        if (ending === 'denied') chunks.push({ type: 'tool-output-denied', toolCallId });
        return clean(chunks).slice(0, length);
      },
  );

/** A text in pieces, cut at these places. */
function pieces(text: string, cuts: number[]): string[] {
  const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).toSorted((a, b) => a - b), text.length];
  return places.slice(1).map((place, index) => text.slice(places[index], place));
}

const arbitrarySingleTrack: fc.Arbitrary<Track> = fc
  .tuple(
    fc.record({
      providerMetadata: arbitraryProviderMetadata,
      title: sometimes('A page'),
      id: fc.constantFrom('one', 'two', undefined),
      transient: fc.constantFrom(true, false, undefined),
      data: arbitraryJson,
      messageMetadata: fc.dictionary(
        fc.constantFrom('model', 'stats'),
        fc.oneof(arbitraryJson, fc.constantFrom({ x: 1 }, { y: { z: [2] } })),
      ),
    }),
    fc.constantFrom(
      'source-url',
      'source-document',
      'file',
      'reasoning-file',
      'custom',
      'steering',
      'data-chart',
      'data-note',
      'metadata',
    ),
  )
  .map(([{ providerMetadata, title, id, transient, data, messageMetadata }, kind]) => () => {
    const url = 'https://example.com/a';
    const chunks: Record<typeof kind, object> = {
      'source-url': { type: 'source-url', sourceId: 's1', url, title, providerMetadata },
      'source-document': {
        type: 'source-document',
        sourceId: 's2',
        mediaType: 'application/pdf',
        title: 'Paper',
        filename: title,
        providerMetadata,
      },
      file: { type: 'file', url, mediaType: 'text/plain', providerMetadata },
      'reasoning-file': { type: 'reasoning-file', url, mediaType: 'text/plain', providerMetadata },
      custom: { type: 'custom', kind: 'openai.compaction', providerMetadata },
      steering: { type: 'steering-message', id: 'steer', parts: [{ type: 'text', text: 'Shorter, please' }] },
      'data-chart': { type: 'data-chart', id, data, transient },
      'data-note': { type: 'data-note', id, data, transient },
      metadata: { type: 'message-metadata', messageMetadata },
    };
    return clean([chunks[kind]]);
  });

const arbitraryTrack = fc.oneof(
  { weight: 4, arbitrary: arbitraryTextTrack },
  { weight: 3, arbitrary: arbitraryToolTrack },
  { weight: 3, arbitrary: arbitrarySingleTrack },
);

/** Tracks woven into one another, each in its own order. */
function weave(tracks: ChatChunk[][], picks: number[]): ChatChunk[] {
  const rest = tracks.map((track) => [...track]);
  const woven: ChatChunk[] = [];
  for (let i = 0; rest.some((track) => track.length > 0); i += 1) {
    const live = rest.filter((track) => track.length > 0);
    const next = live[(picks[i % picks.length] ?? 0) % live.length]?.shift();
    if (next) woven.push(next);
  }
  return woven;
}

/** One model turn: `start-step`, its parts, `finish-step`. Ids of text parts come again in each, as with real models. */
const arbitraryStep = fc
  .record({
    tracks: fc.array(arbitraryTrack, { maxLength: 4 }),
    picks: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 10 }),
    withdrawn: fc.option(arbitraryTextTrack, { nil: undefined, freq: 6 }),
  })
  .map(({ tracks, picks, withdrawn }) => (step: number): ChatChunk[] => [
    { type: 'start-step' },
    ...(withdrawn ? [...withdrawn({ step, track: 9 }), { type: 'reset-step' } as const] : []),
    ...weave(
      tracks.map((of, track) => of({ step, track })),
      picks,
    ),
    { type: 'finish-step' },
  ]);

/** The chunks of one reply, turn by turn. */
export const arbitrarySteps: fc.Arbitrary<ChatChunk[][]> = fc
  .array(arbitraryStep, { minLength: 1, maxLength: 3 })
  .map((steps) => steps.map((of, step) => of(step)));

/** A whole reply as the AI SDK would stream it: valid from its `start` to its `finish`. */
export const arbitraryReply: fc.Arbitrary<ChatChunk[]> = arbitrarySteps.map((steps) =>
  [
    { type: 'start', messageMetadata: { model: 'demo', stats: { x: 1 } } } satisfies ChatChunk,
    steps,
    { type: 'finish', finishReason: 'stop', messageMetadata: { stats: { y: 2 } } } satisfies ChatChunk,
  ].flat(2),
);
