/**
 * A baseline: the npm package `resumable-stream` with its Redis backend, set up as its README says, with one connection
 * to publish and one to subscribe. Each viewer resumes a reply that another request has made.
 */
import type { ServerResponse } from 'node:http';
import { Redis } from 'ioredis';
import { createResumableStreamContext } from 'resumable-stream/ioredis';
import { serveCommands } from '../harness/commands.ts';
import { serveViewers } from '../harness/serve-viewers.ts';
import { createTokenWheel, type TokenStream } from '../harness/token-wheel.ts';
import { deltaData, encodeFrame, SAMPLE_FENCE, SAMPLE_RUN_ID } from '../harness/wire.ts';

const url = process.argv[2] ?? '';
const subscriber = new Redis(url);
// The package adds a listener for each channel.
subscriber.setMaxListeners(0);
const context = createResumableStreamContext({ waitUntil: null, publisher: new Redis(url), subscriber });
const wheel = createTokenWheel();
/** Viewers that came before the reply began. */
const waiting = new Map<string, ServerResponse[]>();
const endings = new Set<() => void>();
let replies = 0;

const { port } = await serveViewers((channel, response) => {
  waiting.set(channel, [...(waiting.get(channel) ?? []), response]);
});

async function resume(id: string, response: ServerResponse): Promise<void> {
  const stream = await context.resumeExistingStream(id);
  if (!stream) throw new Error('the reply does not exist');
  const reader = stream.getReader();
  response.on('close', () => {
    reader.cancel().catch(complain);
  });
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    response.write(value);
  }
}

function createSource(stream: TokenStream): ReadableStream<string> {
  let seq = 0;
  let stop = (): void => undefined;
  return new ReadableStream<string>({
    start: (controller) => {
      const end = (): void => {
        stop();
        if (endings.delete(end)) controller.close();
      };
      endings.add(end);
      stop = wheel.start(stream, {
        onToken: (text) =>
          controller.enqueue(encodeFrame(`${SAMPLE_FENCE}-${(seq += 1)}`, deltaData(SAMPLE_RUN_ID, text))),
        onEnd: end,
      });
    },
  });
}

const handlers = {
  port: (): number => port,
  start: async ({
    channel,
    stream,
  }: {
    channel: string;
    stream: TokenStream;
    source: 'wheel' | 'ai-sdk';
  }): Promise<void> => {
    const id = `${channel}-${(replies += 1)}`;
    const own = await context.createNewResumableStream(id, () => createSource(stream));
    drain(own).catch(complain);
    for (const response of waiting.get(channel) ?? []) resume(id, response).catch(complain);
    waiting.delete(channel);
  },
  stop: (): void => {
    for (const end of [...endings]) end();
  },
};
/** The commands of this process. */
export type ResumableStreamServer = typeof handlers;
serveCommands(handlers);

/** Reads the reply to its end, as the request that made it does. */
async function drain(stream: ReadableStream<string> | null): Promise<void> {
  const reader = stream?.getReader();
  while (reader && !(await reader.read()).done);
}

function complain(error: unknown): void {
  console.error('resumable-stream:', error);
}
