import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { LanguageModel } from 'ai';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRelay, type Relay } from '#relay/app.ts';
import { openTcpProxy, type TcpProxy } from '#testkit/network/tcp-proxy.ts';
import { createRandom } from '#testkit/random.ts';
import { createDemoModel } from '#relay/generation/models/demo/demo-model.ts';
import { createServer } from '#relay/node/create-server.ts';
import { openSqliteStore } from '#relay/store/sqlite/open-sqlite-store.ts';
import { sessionAnswerSchema } from '#shared/protocol.ts';
import { readTestSeed } from '#scripts/test-seed.ts';
import { createSharedStorage } from './shared-session.ts';
import { createFakeProfile, lastAnswer, openChat, type OpenChat } from './testing/open-chat.ts';
import type { ChatView } from './types.ts';

type Model = Exclude<LanguageModel, string> & { specificationVersion: 'v4' };

interface Stage {
  origin: string;
  relay: Relay;
  /** What the model wrote, one text for each call, in the order in which the calls began. */
  written: string[];
  logged: unknown[];
  close(): Promise<void>;
}

/** The relay on a socket, over a store in memory, with the demo model overheard. */
async function openStage(tokensPerSecond: number): Promise<Stage> {
  const logged: unknown[] = [];
  const written: string[] = [];
  const note = (fields: object, message: string): void => void logged.push({ fields, message });
  const logger = { debug() {}, info() {}, warn: note, error: note };
  const sessionTtlMs = 60_000;
  const store = openSqliteStore({ path: ':memory:', ttlMs: sessionTtlMs });
  const relay = createRelay({
    ...{ store, logger, sessionTtlMs, secret: 'a secret of at least thirty-two bytes', drainMs: 1_000 },
    model: overhear(createDemoModel({ tokensPerSecond }), written),
    limits: { streams: { perSession: 0, perAddress: 0, total: 0 } },
  });
  const server = createServer({ relay, maxStreams: 0, onError: (error) => logged.push(error) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  relay.start();
  return {
    ...{ relay, written, logged, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    async close() {
      await relay.close();
      server.closeAllConnections();
      server.close();
      await store.close();
    },
  };
}

function overhear(model: Model, written: string[]): Model {
  return {
    ...model,
    async doStream(options) {
      const { stream, ...rest } = await model.doStream(options);
      const call = written.push('') - 1;
      const listen = new TransformStream<typeof stream extends ReadableStream<infer Part> ? Part : never>({
        transform(part, controller) {
          if (part.type === 'text-delta') written[call] += part.delta;
          controller.enqueue(part);
        },
      });
      return { ...rest, stream: stream.pipeThrough(listen) };
    },
  };
}

let stage: Stage;
let proxies: TcpProxy[];

beforeEach(() => {
  proxies = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const proxy of proxies) await proxy.close();
  await stage.close();
});

const isAnswered =
  (turns: number) =>
  (view: ChatView): boolean =>
    view.run === null && view.pending === null && view.messages.length === 2 * turns;

/** What the relay itself says of a session. */
async function readState({ chat }: OpenChat): Promise<ReturnType<typeof sessionAnswerSchema.parse>> {
  const { sessionId, token } = chat.credentials ?? { sessionId: '', token: '' };
  const response = await fetch(`${stage.origin}/api/sessions/${sessionId}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return sessionAnswerSchema.parse(await response.json());
}

describe('with the relay', () => {
  it('a prompt is answered, to the letter', async () => {
    stage = await openStage(2_000);
    await using open = openChat({ relay: stage.origin });
    expect(await open.chat.send('/long 200')).toBe(true);
    const view = await open.until(isAnswered(1));
    expect(lastAnswer(view)).toBe(stage.written[0]);
    expect(view.messages).toEqual((await readState(open)).messages);
    expect(view).toMatchObject({ status: 'idle', problem: null, recoveries: 0 });
  });

  it('a refresh, a second tab, an edit, another answer and a stop do what they say', async () => {
    stage = await openStage(300);
    const profile = createFakeProfile();
    await using open = openChat({ relay: stage.origin, storage: profile.tab() });
    await open.chat.send('/long 300');
    await open.until((view) => lastAnswer(view).length > 100);
    await using second = openChat({ relay: stage.origin, storage: profile.tab() });
    await second.until((view) => view.status === 'streaming' && lastAnswer(view).length > 100);
    await second.chat.stop();
    const stopped = await open.until(isAnswered(1));
    expect(stopped.messages[1]?.metadata?.run?.status).toBe('cancelled');
    expect((await second.until(isAnswered(1))).messages).toEqual(stopped.messages);
    expect(stage.written[0]?.startsWith(lastAnswer(stopped))).toBe(true);

    expect(await second.chat.retry()).toBe(true);
    await open.until((view) => view.run !== null);
    const again = await open.until(isAnswered(1));
    expect(lastAnswer(again)).toBe(stage.written[1]);

    expect(await open.chat.send('/long 20', { parentId: '' })).toBe(true);
    const edited = await second.until((view) => isAnswered(1)(view) && lastAnswer(view) === stage.written[2]);
    expect(edited.messages[0]?.parts).toEqual([{ type: 'text', text: '/long 20' }]);

    await using refreshed = openChat({ relay: stage.origin, storage: profile.tab() });
    expect((await refreshed.until(isAnswered(1))).messages).toEqual(edited.messages);
  }, 20_000);

  it('an answer that is rated here shows it in another tab, after a refresh, and while the next one is written', async () => {
    stage = await openStage(200);
    const profile = createFakeProfile();
    const ratings = ({ messages }: ChatView) =>
      messages.flatMap(({ role, metadata }) => (role === 'assistant' ? [metadata?.feedback?.rating] : []));
    await using open = openChat({ relay: stage.origin, storage: profile.tab() });
    await open.chat.send('/long 20');
    const first = await open.until(isAnswered(1));
    await using second = openChat({ relay: stage.origin, storage: profile.tab() });
    await second.until(isAnswered(1));

    const messageId = first.messages[1]?.id ?? '';
    expect(await open.chat.rate(messageId, 'up')).toBe(true);
    await second.until((view) => ratings(view)[0] === 'up');

    await open.chat.send('/long 300');
    await second.until(({ status }) => status === 'streaming');
    expect(await second.chat.rate(messageId, 'down')).toBe(true);
    const done = await open.until((view) => isAnswered(2)(view) && ratings(view)[0] === 'down');
    expect(stage.written[1]).toBe(lastAnswer(done));

    await using refreshed = openChat({ relay: stage.origin, storage: profile.tab() });
    expect(ratings(await refreshed.until(isAnswered(2)))).toEqual(['down', undefined]);
  }, 20_000);

  it('a session that is shared is read live by others, who can do nothing else, until that is revoked', async () => {
    stage = await openStage(200);
    await using open = openChat({ relay: stage.origin });
    await open.chat.send('/long 20');
    await open.until(isAnswered(1));
    const { sessionId, token } = open.chat.credentials ?? { sessionId: '', token: '' };
    const url = `${stage.origin}/api/sessions/${sessionId}/share`;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const shared = (await (await fetch(url, { method: 'POST', headers, body: '{}' })).json()) as { token: string };

    const storage = createSharedStorage(createFakeProfile().tab(), { sessionId, token: shared.token });
    await using guest = openChat({ relay: stage.origin, storage });
    expect(await guest.until(isAnswered(1))).toMatchObject({ readOnly: true, problem: null });
    await open.chat.send('/long 200');
    await guest.until(({ status }) => status === 'streaming');
    expect(await guest.chat.send('Me too')).toBe(false);
    expect(guest.chat.view.problem?.code).toBe('read-only');
    const { messages } = await open.until(isAnswered(2));
    expect((await guest.until(isAnswered(2))).messages).toEqual(messages);

    await fetch(url, { method: 'DELETE', headers });
    expect(await guest.until(({ ended }) => ended)).toMatchObject({ readOnly: true, messages });
    expect(open.chat.view).toMatchObject({ ended: false, readOnly: false });
  }, 20_000);

  it('a session that is deleted elsewhere ends here, and the next prompt starts another', async () => {
    stage = await openStage(2_000);
    await using open = openChat({ relay: stage.origin });
    await open.chat.send('Hello');
    const { sessionId } = await open.until(isAnswered(1));
    const { token } = open.chat.credentials ?? { token: '' };
    const headers = { authorization: `Bearer ${token}` };
    await fetch(`${stage.origin}/api/sessions/${sessionId}`, { method: 'DELETE', headers });
    expect(await open.until(({ ended }) => ended)).toMatchObject({ problem: { code: 'session-expired' } });
    expect(await open.chat.send('Hello again')).toBe(true);
    expect((await open.until(isAnswered(1))).sessionId).not.toBe(sessionId);
  });
});

it('a thousand cuts lose nothing and repeat nothing', async () => {
  const seed = readTestSeed();
  const random = createRandom(seed).next;
  stage = await openStage(300);
  // Mostly within a few messages, now and then late enough for a long one to get through.
  const nextCut = (): number => Math.floor(random() * (random() < 0.75 ? 900 : 8_000));
  const proxy = await openTcpProxy(Number(new URL(stage.origin).port));
  proxy.limitAnswers(nextCut);
  proxies.push(proxy);
  // A hundredth of what visitors wait: the longer the wait, the fewer and larger the messages that are left to cut.
  vi.spyOn(Math, 'random').mockImplementation(() => random() / 100);

  const SESSIONS = 16;
  const MOST_TURNS = 20;
  async function converse(): Promise<{ turns: number; open: OpenChat }> {
    const open = openChat({ relay: proxy.origin });
    let turns = 0;
    while (proxy.counts.cuts < 1_000 && turns < MOST_TURNS) {
      turns += 1;
      expect(await open.chat.send(`/long ${200 + Math.floor(random() * 400)}`)).toBe(true);
      await open.until(isAnswered(turns));
    }
    return { turns, open };
  }

  const conversations = await Promise.all(Array.from({ length: SESSIONS }, converse));
  const answers: string[] = [];
  for (const { open, turns } of conversations) {
    const { messages } = await open.until(isAnswered(turns));
    expect(messages).toEqual((await readState(open)).messages);
    answers.push(
      ...messages
        .filter(({ role }) => role === 'assistant')
        .map(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : '')).join('')),
    );
    open.chat.close();
  }
  console.info(`${answers.length} answers over ${proxy.counts.cuts} cuts, TEST_SEED=${seed}`);
  // One call of the model for each prompt, and each text arrived as it was written.
  expect(answers.toSorted()).toEqual(stage.written.toSorted());
  expect(answers).toHaveLength(conversations.reduce((all, { turns }) => all + turns, 0));
  expect(stage.logged).toEqual([]);
  expect(Math.min(...answers.map(({ length }) => length))).toBeGreaterThan(500);
  expect(proxy.counts.cuts, `cuts, with TEST_SEED=${seed}`).toBeGreaterThanOrEqual(1_000);
}, 120_000);
