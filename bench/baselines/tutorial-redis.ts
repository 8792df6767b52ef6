/**
 * The baseline for replies kept in Redis, the way tutorials build it: each token is an `XADD` and a `PUBLISH`; each viewer
 * has its own consumer group on the stream and its own subscriber connection, and reads its group whenever it is
 * notified. Nothing is merged or checked, and the consumer groups of viewers that have left stay.
 */
import type { ServerResponse } from 'node:http';
import { Redis } from 'ioredis';
import { serveCommands } from '../harness/commands.ts';
import { serveViewers } from '../harness/serve-viewers.ts';
import { createTokenWheel, plainToken, type TokenStream } from '../harness/token-wheel.ts';
import { deltaData, encodeFrame, SAMPLE_RUN_ID } from '../harness/wire.ts';

const url = process.argv[2] ?? '';
const redis = new Redis(url);
const wheel = createTokenWheel();
let lastViewer = 0;

const { port } = await serveViewers((channel, response) => {
  view(channel, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
});

async function view(channel: string, response: ServerResponse): Promise<void> {
  const group = `viewer-${(lastViewer += 1)}`;
  const subscriber = new Redis(url);
  response.on('close', () => subscriber.disconnect());
  await redis.xgroup('CREATE', channel, group, '0', 'MKSTREAM');
  let reading = false;
  let again = false;
  const readNew = async (): Promise<void> => {
    again = true;
    if (reading) return;
    reading = true;
    while (again) {
      again = false;
      const streams = (await redis.xreadgroup('GROUP', group, 'one', 'STREAMS', channel, '>')) as
        | [string, [string, string[]][]][]
        | null;
      const entries = streams?.[0]?.[1] ?? [];
      for (const [id, fields] of entries) response.write(encodeFrame(id, fields[1] ?? ''));
      if (entries.length > 0) await redis.xack(channel, group, ...entries.map(([id]) => id));
    }
    reading = false;
  };
  const onMessage = (): void => {
    readNew().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  };
  subscriber.on('message', onMessage);
  await subscriber.subscribe(channel);
  onMessage();
}

const handlers = {
  port: (): number => port,
  start: ({ channel, stream }: { channel: string; stream: TokenStream; source: 'wheel' | 'ai-sdk' }): void => {
    wheel.start(stream, {
      onToken: (text) => {
        redis.xadd(channel, '*', 'd', deltaData(SAMPLE_RUN_ID, text)).catch(complain);
        redis.publish(channel, 'new').catch(complain);
      },
      onEnd: () => undefined,
    });
  },
  stop: (): void => wheel.stopAll(),
  /** Writes a reply of `tokens` tokens and an entry that marks its end. */
  fill: async ({ channel, tokens }: { channel: string; tokens: number }): Promise<void> => {
    for (let index = 0; index < tokens; index += 1000) {
      const some = Array.from({ length: Math.min(1000, tokens - index) }, (_, offset) =>
        deltaData(SAMPLE_RUN_ID, plainToken(index + offset)),
      );
      await Promise.all(some.map((data) => redis.xadd(channel, '*', 'd', data)));
    }
    await redis.xadd(channel, '*', 'd', 'the end');
  },
};
/** The commands of this process. */
export type TutorialRedis = typeof handlers;
serveCommands(handlers);

function complain(error: unknown): void {
  console.error('tutorial-redis:', error);
}
