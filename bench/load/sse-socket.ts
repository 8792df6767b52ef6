import { connect, type Socket } from 'node:net';

/** A GET request of the load. */
export interface SocketRequest {
  port: number;
  path: string;
  headers?: Readonly<Record<string, string>>;
}

/** An open response. */
export interface OpenSocket {
  socket: Socket;
  /** Bytes of the body that came with the head. */
  rest: Buffer;
}

const HEAD_END = Buffer.from('\r\n\r\n');
/** How long a server may take to answer, in ms: far longer than any does on one machine. */
const HEAD_TIMEOUT_MS = 60_000;

/** Sends a GET over a new socket and resolves with the head of its answer; rejects when that is not a 200. */
export function openStream({ port, path, headers = {} }: SocketRequest): Promise<OpenSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error(`no answer to GET ${path.split('?', 1)[0]}`)), HEAD_TIMEOUT_MS);
    let head: Buffer = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      const end = head.indexOf(HEAD_END);
      if (end < 0) return;
      clearTimeout(timer);
      socket.off('data', onData);
      socket.off('close', onClose);
      const status = head.subarray(0, head.indexOf('\r\n')).toString('latin1');
      if (!status.startsWith('HTTP/1.1 200')) {
        fail(new Error(`GET ${path.split('?', 1)[0]}: ${status} ${head.subarray(end + 4).toString()}`));
        return;
      }
      resolve({ socket, rest: head.subarray(end + HEAD_END.length) });
    };
    const onClose = (): void => {
      clearTimeout(timer);
      reject(new Error(`GET ${path.split('?', 1)[0]}: the connection closed before an answer came`));
    };
    socket.on('data', onData);
    socket.once('error', (error) => {
      clearTimeout(timer);
      fail(error);
    });
    socket.once('close', onClose);
    const lines = Object.entries({ host: 'localhost', accept: 'text/event-stream', ...headers });
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  });
}
