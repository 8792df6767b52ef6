/**
 * The baseline for live streams: a plain `node:http` server that writes server-sent events, without a store, resuming,
 * tokens or limits. For the same text it sends the same bytes as the relay.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { simulateSdkStream } from '../harness/sdk-stream.ts';
import { serveCommands } from '../harness/commands.ts';
import { createTokenWheel, type TokenStream } from '../harness/token-wheel.ts';
import { deltaData, encodeFrame, SAMPLE_FENCE, SAMPLE_RUN_ID } from '../harness/wire.ts';

const wheel = createTokenWheel();
const channels = new Map<string, Set<ServerResponse>>();

const server = createServer((request, response) => {
  const channel = new URL(request.url ?? '/', 'http://localhost').searchParams.get('sessionId') ?? '';
  const viewers = viewersOf(channel);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' });
  response.flushHeaders();
  viewers.add(response);
  response.on('close', () => {
    viewers.delete(response);
    if (viewers.size === 0) channels.delete(channel);
  });
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
await new Promise((resolve) => server.once('listening', resolve));

const handlers = {
  port: (): number => (server.address() as AddressInfo).port,
  /** Starts to stream a reply to the viewers of a channel. */
  start: ({ channel, stream, source }: { channel: string; stream: TokenStream; source: 'wheel' | 'ai-sdk' }): void => {
    let seq = 0;
    const onToken = (text: string): void => {
      seq += 1;
      publish(channel, encodeFrame(`${SAMPLE_FENCE}-${seq}`, deltaData(SAMPLE_RUN_ID, text)));
    };
    if (source === 'wheel') wheel.start(stream, { onToken, onEnd: () => undefined });
    else void simulateSdkStream(wheel, stream, onToken);
  },
  /** Ends all replies. */
  stop: (): void => wheel.stopAll(),
};
/** The commands of this process. */
export type BareSse = typeof handlers;
serveCommands(handlers);

function viewersOf(channel: string): Set<ServerResponse> {
  let viewers = channels.get(channel);
  if (!viewers) channels.set(channel, (viewers = new Set()));
  return viewers;
}

function publish(channel: string, frame: string): void {
  const viewers = viewersOf(channel);
  // Encoding once pays from two viewers on; for one, a string is cheaper.
  const bytes = viewers.size > 1 ? Buffer.from(frame) : frame;
  for (const viewer of viewers) viewer.write(bytes);
}
