import { newId } from '#shared/ids.ts';
import { createStage } from '#relay/generation/testing/stage.ts';
import { openRedisStore } from '#relay/store/redis/ioredis/open-redis-store.ts';
import { openUpstashStore } from '#relay/store/redis/upstash/open-upstash-store.ts';
import { startRestBridge } from '#testkit/processes/redis/rest-bridge.ts';
import type { SessionStore } from '#relay/store/session-store.ts';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import { workflow } from '#relay/engine/workflow.ts';
import type { Random } from '#testkit/random.ts';
import { openTcpProxy } from '#testkit/network/tcp-proxy.ts';
import { sleep } from '#testkit/wait.ts';
import { inParallel, type RowContext } from '../../harness/fault-row.ts';
import { mutateStore } from '../../harness/mutations.ts';
import { checkLog, readLog, untilItAnswers } from '../../harness/port.ts';

const AT_ONCE = 12;
const LENGTH = 60;
/** Bytes per connection: a few answers, and an end in the middle of the next pipeline. */
const BYTES_A_CONNECTION = { min: 40, max: 1_500 };
/** Fewer bytes would not even complete the handshake of a connection. */
const HELLO_BYTES = 9_000;

/** The share of executed writes that get no answer. */
const UNANSWERED = 0.2;

/**
 * A runner whose connection to Redis ends again and again in the middle of an answer, or whose requests to a REST
 * server are executed and not answered. Each write has landed by then.
 */
export async function cutReplies(context: RowContext): Promise<void> {
  const server = await startRedis();
  try {
    await inParallel(context.rounds, AT_ONCE, () => writeThroughCuts(context, server));
    if (context.counted('answers that did not arrive whole') === 0) context.violate('no answer was lost');
  } finally {
    await server.destroy();
  }
}

/** A store whose answers are lost on their way. */
interface LossyLine {
  store: SessionStore;
  lost(): number;
  close(): Promise<void>;
}

interface LineOptions {
  prefix: string;
  ttlMs: number;
}

async function openCutLine(server: RedisProcess, dice: Random, options: LineOptions): Promise<LossyLine> {
  const line = await openTcpProxy(server.port);
  const store = await openRedisStore({ url: `redis://127.0.0.1:${line.port}`, ...options });
  line.limitAnswers(() => HELLO_BYTES + dice.between(BYTES_A_CONNECTION.min, BYTES_A_CONNECTION.max));
  line.cut();
  return {
    store,
    lost: () => line.counts.cuts,
    async close() {
      await store.close();
      await line.close();
    },
  };
}

async function openUnansweredLine(server: RedisProcess, dice: Random, options: LineOptions): Promise<LossyLine> {
  const bridge = await startRestBridge(server.url);
  const { url, token } = bridge;
  const store = await openUpstashStore({ url, token, ...options });
  bridge.loseAnswers(UNANSWERED, () => dice.next());
  return {
    store,
    lost: () => bridge.counts.lostAnswers,
    async close() {
      await store.close();
      await bridge.close();
    },
  };
}

async function writeThroughCuts(
  { random, store, mutation, count, same, violate }: RowContext,
  server: RedisProcess,
): Promise<void> {
  const options = { prefix: newId(), ttlMs: 600_000 };
  const direct = await openRedisStore({ url: server.url, ...options });
  await untilItAnswers(direct);
  const open = store.name === 'upstash' ? openUnansweredLine : openCutLine;
  const line = await open(server, random.fork(), options);
  const body = workflow('talk', async (work, { runId }) => {
    await work.run('say', async (step) => {
      for (let index = 0; index < LENGTH; index += 1) {
        await step.emit({ type: 'chunk', runId, chunk: { type: 'data-n', data: index } });
        await sleep(4);
      }
    });
    await work.run('end', (step) => {
      step.endRun([{ type: 'metadata', status: 'completed', runId, messageId: runId, attempt: work.attempt }]);
    });
  });
  const stage = createStage({
    workflow: () => body,
    store: direct,
    wrap: () => mutateStore(line.store, mutation),
    engine: { leaseMs: 60_000, pollMs: 20 },
  });
  try {
    stage.start();
    await stage.prompt('Hi');
    const { messages } = await stage.ended(60_000);
    const log = await readLog(direct, stage.sessionId);
    violate(...checkLog(log));
    const found = messages.map((message) => {
      if (message.type !== 'chunk') return message.type === 'metadata' ? message.status : message.type;
      return message.chunk.type === 'data-n' ? message.chunk.data : message.chunk.type;
    });
    same('the log', found, ['message', 'started', ...Array.from({ length: LENGTH }, (_, index) => index), 'completed']);
    count('replies over lines that lose answers');
    count('answers that did not arrive whole', line.lost());
  } finally {
    await stage[Symbol.asyncDispose]();
    await Promise.all([direct.close(), line.close()]);
  }
}
