import { afterEach, beforeEach, expect, test } from 'vitest';
import { newId } from '#shared/ids.ts';
import type { ChatChunk } from '#shared/protocol.ts';
import { openSqliteStore, type SqliteStore } from '../store/sqlite/open-sqlite-store.ts';
import { encodeMessage } from '../store/entries/encode-message.ts';
import { planTakeover } from './plan-takeover.ts';

let store: SqliteStore;
let sessionId: string;

beforeEach(async () => {
  store = openSqliteStore({ path: ':memory:', ttlMs: 60_000 });
  sessionId = newId();
  const message = { id: 'm', role: 'user' as const, parts: [{ type: 'text' as const, text: 'Hello?' }] };
  const entries = [encodeMessage({ type: 'message', message, runId: 'r' })];
  await store.submit(sessionId, { messageId: 'm', hash: 'h', runId: 'r', entries });
});
afterEach(() => store.close());

/** Claims the run and writes part of its reply, as a relay does that dies then; answers the end of the log. */
async function half(...chunks: ChatChunk[]): Promise<string> {
  const claim = {
    token: newId(),
    owner: 'test',
    leaseMs: 1,
    maxAttempts: 3,
    takeover: { kind: 'restart' as const },
  };
  const answer = await store.claim(sessionId, claim);
  if (answer.kind !== 'lease') throw new Error(answer.kind);
  const { fence, next } = answer.lease;
  const entries = chunks.map((chunk) => encodeMessage({ type: 'chunk', runId: 'r', chunk }));
  await store.append(sessionId, { fence, seq: next, entries });
  const head = await store.head(sessionId);
  return head.kind === 'open' ? head.head : '';
}

const step: ChatChunk = { type: 'start-step' };
const text: ChatChunk[] = [step, { type: 'text-start', id: 't' }, { type: 'text-delta', id: 't', delta: 'Good ' }];
const call: ChatChunk = { type: 'tool-input-available', toolCallId: 'c', toolName: 'weather', input: {} };
const answer: ChatChunk = { type: 'tool-output-available', toolCallId: 'c', output: 'rain' };

test('restart begins every reply anew', async () => {
  await half(...text);
  expect(await planTakeover(store, sessionId, 'restart')).toEqual({ kind: 'restart' });
});

test.each(['continue', 'fail'] as const)('%s begins a run that was never executed', async (setting) => {
  expect(await planTakeover(store, sessionId, setting)).toEqual({ kind: 'restart' });
});

test.each(['continue', 'fail'] as const)(
  'under %s a reply without a word begins anew: nothing is lost by it',
  async (setting) => {
    await half({ type: 'start' });
    expect(await planTakeover(store, sessionId, setting)).toEqual({ kind: 'restart' });
  },
);

test('fail keeps a half-written reply', async () => {
  await half(...text);
  expect(await planTakeover(store, sessionId, 'fail')).toEqual({ kind: 'fail' });
});

test.each<[string, ChatChunk[]]>([
  ['that is all there is', text],
  ['after a tool that has answered', [step, call, answer, ...text.slice(1)]],
])('under continue an open text goes on at the end of the log: %s', async (_, chunks) => {
  const head = await half(...chunks);
  expect(await planTakeover(store, sessionId, 'continue')).toEqual({ kind: 'continue', head });
});

test.each<[string, ChatChunk[]]>([
  ['its text is closed', [...text, { type: 'text-end', id: 't' }]],
  ['its text has no word yet', text.slice(0, 2)],
  ['it is thinking', [step, { type: 'reasoning-start', id: 'x' }, { type: 'reasoning-delta', id: 'x', delta: 'Hm' }]],
  ['it thinks beside its text', [step, { type: 'reasoning-start', id: 'x' }, ...text.slice(1)]],
  ['a tool it called has not answered', [step, call, ...text.slice(1)]],
  ['a tool call comes after its text', [...text, call]],
])('under continue a reply begins anew when %s', async (_, chunks) => {
  await half(...chunks);
  expect(await planTakeover(store, sessionId, 'continue')).toEqual({ kind: 'restart' });
});
