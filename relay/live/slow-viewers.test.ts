import { connect, type Socket } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import type { MintAnswer } from '#shared/protocol.ts';
import { bearer, openRelayStage, type RelayStage, type RunPen } from '../testing/relay-stage.ts';
import { openStream, type StreamReader } from '../testing/stream-reader.ts';
import type { HubTiming } from './hub.ts';

// Real sockets have to fill up, on busy machines.
vi.setConfig({ testTimeout: 30_000 });

let stage: RelayStage;
let url: URL;
let session: MintAnswer;
let pen: RunPen;
let reader: StreamReader | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await reader?.leave();
  reader = undefined;
  await stage.close();
});

/** A session whose run the test writes. */
async function begin(timing: Partial<HubTiming>): Promise<void> {
  stage = openRelayStage({ timing, limits: { streams: { perSession: 0, perAddress: 0, total: 0 } } });
  const origin = await stage.listen();
  session = await stage.mint();
  url = new URL(`${origin}/api/check-stream?sessionId=${session.sessionId}`);
  await stage.prompt(session);
  pen = await stage.write(session.sessionId);
}

/** Asks for the stream and reads nothing of it. */
function stall(): Socket {
  const socket = connect(Number(url.port), url.hostname);
  sockets.push(socket);
  socket.pause();
  // The relay may cut it.
  socket.on('error', () => undefined);
  socket.write(
    `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer ${session.token}\r\n\r\n`,
  );
  return socket;
}

async function follow(): Promise<StreamReader> {
  reader = await openStream(url.href, bearer(session.token));
  await reader.caughtUp();
  return reader;
}

/** Writes more text than the sockets of both sides buffer; returns it. */
async function writeMuch(blocks: number): Promise<string> {
  let written = '';
  for (let i = 0; i < blocks; i += 1) {
    const block = String.fromCharCode(97 + (i % 26)).repeat(60_000);
    await pen.text(block);
    written += block;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return written;
}

const open = () => stage.relay.streams;

it('drops a viewer that does not read, and serves the others', async () => {
  await begin({ unreadBytes: 100_000 });
  const other = await follow();
  const stalled = stall();
  await expect.poll(open).toBe(2);
  const written = await writeMuch(200);
  await pen.finish();
  await other.next('the terminal', ({ data }) => data.type === 'metadata' && data.status === 'completed');
  expect(other.text() === written).toBe(true);

  stalled.resume();
  let received = '';
  stalled.setEncoding('latin1').on('data', (text: string) => (received = (received + text).slice(-200)));
  await expect.poll(open, { timeout: 10_000 }).toBe(1);
  await expect.poll(() => received).toContain('event: bye\ndata: {"reason":"slow-consumer","retryAfterMs":0}\n\n');
});

it('cuts a dropped viewer that does not read its bye either', async () => {
  await begin({ unreadBytes: 100_000, lingerMs: 500 });
  stall();
  await expect.poll(open).toBe(1);
  await writeMuch(200);
  await expect.poll(open, { timeout: 10_000 }).toBe(0);
});

it('cuts the viewers with the most unread bytes when all together exceed the bound', async () => {
  await begin({ unreadBytes: Number.POSITIVE_INFINITY, allUnreadBytes: 200_000 });
  const other = await follow();
  for (let viewer = 0; viewer < 3; viewer += 1) stall();
  await expect.poll(open).toBe(4);
  const written = await writeMuch(120);
  await pen.finish();
  await other.next('the terminal', ({ data }) => data.type === 'metadata' && data.status === 'completed');
  expect(other.text() === written).toBe(true);
  await expect.poll(open, { timeout: 10_000 }).toBe(1);
  expect(stage.logged.some(({ fields }) => 'allUnreadBytes' in fields)).toBe(true);
});

it('cuts a viewer that reads nothing of its replay, and paces the replay of one that does', async () => {
  await begin({ blockedMs: 500, lingerMs: 500 });
  const written = await writeMuch(120);
  stall();
  const other = await follow();
  expect(other.text() === written).toBe(true);
  await expect.poll(open, { timeout: 10_000 }).toBe(1);
});
