/**
 * The load: viewers on sockets of their own, in a process of their own. They read what they are sent and note, for
 * each stamped token, how long ago it was made.
 */
import type { Socket } from 'node:net';
import { serveCommands } from '../harness/commands.ts';
import { quantile } from '../harness/statistics.ts';
import { nowMicroseconds, STAMP_DIGITS, STAMP_MARK } from '../harness/token-wheel.ts';
import { openStream, type SocketRequest } from './sse-socket.ts';

/** Viewers that are counted together. */
interface Group {
  sockets: Set<Socket>;
  tokens: number;
  /** Microseconds from the model to this process; null: not wanted. */
  delays: number[] | null;
  recording: boolean;
  /** Connections that the server ended. */
  lost: number;
  leaving: boolean;
}

export interface GroupReading {
  tokens: number;
  p50: number;
  p99: number;
  /** Connections that the server ended. */
  lost: number;
}

export interface ReplayReading {
  /** Bytes of the last body, the transfer encoding's own included. */
  bytes: number;
  /** From the request to the last byte, for each request. */
  milliseconds: number[];
}

/** How many connections are opened at a time. */
const CONNECTING = 100;

const groups = new Map<string, Group>();

const handlers = {
  /** Adds a viewer per request to a group; resolves when all have been answered. */
  connect: async ({ group: name, requests }: { group: string; requests: SocketRequest[] }): Promise<void> => {
    const group = groupOf(name);
    for (let index = 0; index < requests.length; index += CONNECTING) {
      await Promise.all(
        requests.slice(index, index + CONNECTING).map(async (request) => {
          // What came with the head is older than any recording.
          const { socket } = await openStream(request);
          watch(group, socket);
        }),
      );
    }
  },
  /** Forgets what was noted and notes from now on. */
  record: ({ group: name, delays }: { group: string; delays: boolean }): void => {
    const group = groupOf(name);
    group.tokens = 0;
    group.delays = delays ? [] : null;
    group.recording = true;
  },
  /** How many tokens have come since `record`. */
  tokens: ({ group: name }: { group: string }): number => groupOf(name).tokens,
  read: ({ group: name }: { group: string }): GroupReading => {
    const { tokens, delays, lost } = groupOf(name);
    return { tokens, lost, p50: quantile(delays ?? [], 0.5), p99: quantile(delays ?? [], 0.99) };
  },
  disconnect: async ({ group: name }: { group: string }): Promise<void> => {
    const group = groupOf(name);
    groups.delete(name);
    group.leaving = true;
    const closing = [...group.sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of group.sockets) socket.destroy();
    await Promise.all(closing);
  },
  /** Fetches one after the other, each over a new connection. */
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
export type Viewers = typeof handlers;
serveCommands(handlers);

/** When an answer is whole: at a number of bytes, or with the bytes of a text. */
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
    // A stamp may be cut at the end of what has come; no frame of the bench holds two halves of one.
    const end = text.lastIndexOf('\n\n');
    rest = text.slice(end < 0 ? 0 : end);
    if (end >= 0) noteStamps(group, text, end, at);
  });
  // Its close comes after it, and is what counts.
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
