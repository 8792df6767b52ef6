/**
 * The load: viewers with a socket each, in a process of their own. They read what they are sent and record the delay of
 * each stamped token.
 */
import type { Socket } from 'node:net';
import { serveCommands } from '../harness/commands.ts';
import { quantile } from '../harness/statistics.ts';
import { nowMicroseconds, STAMP_DIGITS, STAMP_MARK } from '../harness/token-wheel.ts';
import { openStream, type SocketRequest } from './sse-socket.ts';

/** Viewers that are measured together. */
interface Group {
  sockets: Set<Socket>;
  tokens: number;
  /** Delays from the model to this process, in microseconds; null when they are not recorded. */
  delays: number[] | null;
  recording: boolean;
  /** Connections that the server closed. */
  lost: number;
  leaving: boolean;
}

/** What a group has received since `record`; delays in microseconds. */
export interface GroupReading {
  tokens: number;
  p50: number;
  p99: number;
  /** Connections that the server closed. */
  lost: number;
}

/** What a series of replays took. */
export interface ReplayReading {
  /** Bytes of the last body, with those of the transfer encoding. */
  bytes: number;
  /** The time from the request to the last byte of each replay. */
  milliseconds: number[];
}

/** Connections that are opened at a time. */
const CONNECTING = 100;

const groups = new Map<string, Group>();

const handlers = {
  /** Adds a viewer per request to a group; resolves once all have been answered. */
  connect: async ({ group: name, requests }: { group: string; requests: SocketRequest[] }): Promise<void> => {
    const group = groupOf(name);
    for (let index = 0; index < requests.length; index += CONNECTING) {
      await Promise.all(
        requests.slice(index, index + CONNECTING).map(async (request) => {
          // Body bytes that came with the head are older than any recording.
          const { socket } = await openStream(request);
          watch(group, socket);
        }),
      );
    }
  },
  /** Starts to record, from zero. */
  record: ({ group: name, delays }: { group: string; delays: boolean }): void => {
    const group = groupOf(name);
    group.tokens = 0;
    group.delays = delays ? [] : null;
    group.recording = true;
  },
  /** Tokens since `record`. */
  tokens: ({ group: name }: { group: string }): number => groupOf(name).tokens,
  read: ({ group: name }: { group: string }): GroupReading => {
    const { tokens, delays, lost } = groupOf(name);
    return { tokens, lost, p50: quantile(delays ?? [], 0.5), p99: quantile(delays ?? [], 0.99) };
  },
  /** Closes the connections of a group. */
  disconnect: async ({ group: name }: { group: string }): Promise<void> => {
    const group = groupOf(name);
    groups.delete(name);
    group.leaving = true;
    const closing = [...group.sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of group.sockets) socket.destroy();
    await Promise.all(closing);
  },
  /** Fetches one replay after the other, each over a new connection. */
  replay: async ({ requests, until }: { requests: SocketRequest[]; until: Until }): Promise<ReplayReading> => {
    const reading: ReplayReading = { bytes: 0, milliseconds: [] };
    for (const request of requests) {
      const startedAt = performance.now();
      reading.bytes = await readUntil(request, until);
      reading.milliseconds.push(performance.now() - startedAt);
    }
    return reading;
  },
};
/** The commands of this process. */
export type Viewers = typeof handlers;
serveCommands(handlers);

/** When a replay is whole: at a number of bytes, or when a text has come. */
export type Until = { bytes: number } | { text: string };

function groupOf(name: string): Group {
  let group = groups.get(name);
  if (!group) {
    group = { sockets: new Set(), tokens: 0, delays: null, recording: false, lost: 0, leaving: false };
    groups.set(name, group);
  }
  return group;
}

function watch(group: Group, socket: Socket): void {
  group.sockets.add(socket);
  let rest = '';
  socket.on('data', (chunk) => {
    if (!group.recording) return;
    const at = nowMicroseconds();
    const text = rest + chunk.toString('latin1');
    // A chunk may end within a stamp: it is read with the next chunk. Frames end with an empty line.
    const end = text.lastIndexOf('\n\n');
    rest = text.slice(end < 0 ? 0 : end);
    if (end >= 0) noteStamps(group, text, end, at);
  });
  // A close follows each error, and is counted.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    group.sockets.delete(socket);
    if (!group.leaving) group.lost += 1;
  });
}

function noteStamps(group: Group, text: string, end: number, at: number): void {
  for (
    let mark = text.indexOf(STAMP_MARK);
    mark >= 0 && mark < end;
    mark = text.indexOf(STAMP_MARK, mark + STAMP_DIGITS)
  ) {
    group.tokens += 1;
    group.delays?.push(at - parseInt(text.slice(mark + 1, mark + 1 + STAMP_DIGITS), 36));
  }
}

async function readUntil(request: SocketRequest, until: Until): Promise<number> {
  const { socket, rest } = await openStream(request);
  return await new Promise((resolve, reject) => {
    let bytes = 0;
    let tail = '';
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      if ('text' in until) tail = (tail + chunk.subarray(-256).toString('latin1')).slice(-512);
      if ('text' in until ? tail.includes(until.text) : bytes >= until.bytes) {
        socket.removeAllListeners('close');
        socket.destroy();
        resolve(bytes);
      }
    };
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection closed in the middle of a replay')));
    socket.on('data', take);
    if (rest.length > 0) take(rest);
  });
}
