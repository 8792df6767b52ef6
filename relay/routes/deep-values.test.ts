import { expect, it } from 'vitest';
import { newId } from '#shared/ids.ts';
import { EMPTY_SESSION, reduceAll } from '#shared/fold/session.ts';
import { DEFAULT_HISTORY, toModelInput } from '../generation/model-input.ts';
import { readSession } from '../store/read-session.ts';
import { sealSession } from '../store/seal-session.ts';
import { useRelayStage } from '../testing/use-relay-stage.ts';

/** Far beyond the 4,000 to 5,000 levels at which `JSON.stringify` overflows the stack. */
const LEVELS = 20_000;
const ARRAYS = '['.repeat(LEVELS) + ']'.repeat(LEVELS);
const OBJECTS = '{"a":'.repeat(LEVELS) + '1' + '}'.repeat(LEVELS);

const visit = useRelayStage();

const call = (type: string, rest: object): object => ({ type, toolCallId: 'c', ...rest });
const begun = call('tool-input-available', { toolName: 'weather', input: {} });
const DEEP = '@deep';

/** Chunks as an older relay may have written them, by the place of the deep value. */
const chunks: Record<string, object[]> = {
  'a tool call’s input': [call('tool-input-available', { toolName: 'weather', input: DEEP })],
  'the input of a call that is answered': [
    call('tool-input-available', { toolName: 'weather', input: DEEP }),
    call('tool-output-available', { output: 'sunny' }),
  ],
  'the input of a refused call': [call('tool-input-error', { toolName: 'weather', input: DEEP, errorText: 'No' })],
  'the text of an input': [
    call('tool-input-start', { toolName: 'weather' }),
    call('tool-input-delta', { inputTextDelta: '['.repeat(8192) }),
  ],
  'a tool’s output': [begun, call('tool-output-available', { output: DEEP })],
  'a tool’s error text': [begun, call('tool-output-error', { errorText: DEEP })],
  'the metadata of a tool': [begun, call('tool-output-available', { output: 1, toolMetadata: DEEP })],
  'an approval': [begun, call('tool-approval-request', { approvalId: 'a', inputSchemaInput: DEEP })],
  'a data part': [{ type: 'data-chart', id: 'd', data: DEEP }],
  'a data part’s id': [{ type: 'data-chart', id: DEEP, data: 1 }],
  'message metadata': [{ type: 'message-metadata', messageMetadata: { nested: DEEP } }],
  'metadata of the start': [{ type: 'start', messageMetadata: DEEP }],
  'provider metadata of a text': [{ type: 'text-start', id: 't', providerMetadata: { p: DEEP } }],
  'provider metadata of a delta': [
    { type: 'text-start', id: 't' },
    { type: 'text-delta', id: 't', delta: 'x', providerMetadata: { p: DEEP } },
  ],
  citations: [
    { type: 'text-start', id: 't' },
    { type: 'text-end', id: 't', citations: DEEP },
  ],
  'a source’s title': [{ type: 'source-url', sourceId: 's', url: 'https://example.com/', title: DEEP }],
  'a source’s provider metadata': [
    { type: 'source-document', sourceId: 's', mediaType: 'text/plain', title: 't', providerMetadata: { p: DEEP } },
  ],
  'a file’s provider metadata': [{ type: 'file', url: 'data:,', mediaType: 'text/plain', providerMetadata: DEEP }],
  'a custom part': [{ type: 'custom', kind: 'k', providerMetadata: DEEP }],
  'a steering message': [{ type: 'steering-message', id: 's', parts: [{ type: 'text', text: DEEP }] }],
  'a chunk of a type of tomorrow': [{ type: 'novelty', payload: DEEP }],
};

const cases = Object.entries(chunks).flatMap(([place, list]) =>
  Object.entries({ arrays: ARRAYS, objects: OBJECTS }).map(([kind, deep]) => [place, kind, list, deep] as const),
);

it.each(cases)(
  'a log with a deep value in %s (%s) is shown, streamed, sealed and sent on',
  async (_, __, list, deep) => {
    const { stage, session } = visit;
    const { sessionId } = session;
    await visit.stage.prompt(session);
    const answer = await stage.store.claim(sessionId, {
      token: newId(),
      owner: 'old relay',
      leaseMs: 60_000,
      maxAttempts: 3,
      takeover: { kind: 'restart' },
    });
    if (answer.kind !== 'lease') throw new Error(`the run cannot be claimed: ${answer.kind}`);
    const { fence, runId, next } = answer.lease;
    const entries = list.map((chunk) => JSON.stringify({ type: 'chunk', runId, chunk }).replaceAll(`"${DEEP}"`, deep));
    await stage.store.append(sessionId, { fence, seq: next, entries });

    // While the run is active, and once more when it has ended.
    expect((await visit.state()).messages).toHaveLength(2);
    const end = { type: 'metadata', status: 'completed', runId, messageId: runId, attempt: 1 };
    await stage.store.finish(sessionId, { fence, seq: next + entries.length, entries: [JSON.stringify(end)] });
    const shown = await visit.state();
    expect(shown.messages).toHaveLength(2);

    const stream = await visit.get(`/api/check-stream?sessionId=${sessionId}&after=0-0&until=idle`);
    expect(await stream.text()).toContain('"status":"completed"');

    await sealSession(stage.store, sessionId);
    const sealed = await readSession(stage.store, sessionId);
    if (sealed.kind !== 'open') throw new Error(`the session is ${sealed.kind}`);
    expect(sealed.sealed).toBe(shown.cursor);
    expect((await visit.state()).messages).toStrictEqual(shown.messages);
    const snapshot = await visit.get(`/api/check-stream?sessionId=${sessionId}&until=idle`);
    expect(await snapshot.text()).toContain('"type":"snapshot"');

    const input = await toModelInput(sealed.state.messages, {}, { ...DEFAULT_HISTORY, maxBytes: 1e9 });
    expect(JSON.stringify(input)).toContain('Hello?');
    // A snapshot that an older relay sent is folded as the log is.
    const message = { id: 'm', role: 'assistant', metadata: { m: DEEP }, parts: list };
    const text = JSON.stringify({ type: 'snapshot', sessionId, messages: [message] }).replaceAll(`"${DEEP}"`, deep);
    JSON.stringify(reduceAll(EMPTY_SESSION, [{ id: '1-1', message: JSON.parse(text) }]).messages);
  },
);
