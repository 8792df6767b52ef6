import net from 'node:net';
import { once } from 'node:events';

/** `up`: from the client to the relay; `down`: from the relay to the client. */
export type Direction = 'up' | 'down';

/** A proxy between clients and a server that fails on demand, as networks do. */
export interface TcpProxy {
  readonly port: number;
  readonly origin: string;
  readonly counts: { connections: number; cuts: number; swallowedBytes: number };
  /** Resets every open connection; new ones work. */
  cut(): void;
  /** Resets every connection, open or new, until `restore`. */
  goDown(): void;
  /**
   * Swallows bytes without a sign, as a router does that forgot the connection: new connections are accepted and stay
   * silent. A connection that lost a byte stays silent for good, also after `restore`.
   */
  blackHole(direction?: Direction | 'both'): void;
  /** While on, requests pass, and the connection is reset in place of the response to a POST. */
  dropAnswers(on: boolean): void;
  /**
   * Closes each new connection after so many bytes from the server; `draw` is called for each connection. Null: no
   * limit.
   */
  limitAnswers(draw: (() => number) | null): void;
  /** Delays everything by so many ms, each way. */
  delay(ms: number): void;
  /** Ends all faults: new connections work again. */
  restore(): void;
  close(): Promise<void>;
}

interface Line {
  client: net.Socket;
  server: net.Socket;
  /** The directions that have lost a byte, and pass nothing any more. */
  lost: Record<Direction, boolean>;
  /** Whether the newest request is a POST. */
  isPost: boolean;
  /** Bytes that the server may still send. */
  left: number;
}

/** Opens a proxy to one port of this machine, or to one drawn for each connection, as a load balancer does. */
export async function openTcpProxy(target: number | (() => number)): Promise<TcpProxy> {
  const lines = new Set<Line>();
  const counts = { connections: 0, cuts: 0, swallowedBytes: 0 };
  const holes = { up: false, down: false };
  let down = false;
  let delayMs = 0;
  let droppingAnswers = false;
  let drawLimit: (() => number) | null = null;

  const listener = net.createServer({ pauseOnConnect: true }, (client) => {
    if (down) {
      client.resetAndDestroy();
      return;
    }
    counts.connections += 1;
    const server = net.connect(typeof target === 'number' ? target : target(), '127.0.0.1');
    const line: Line = {
      client,
      server,
      lost: { up: false, down: false },
      isPost: false,
      left: drawLimit?.() ?? Number.POSITIVE_INFINITY,
    };
    lines.add(line);
    client.setNoDelay();
    server.setNoDelay();
    pump(line, 'up', client, server);
    pump(line, 'down', server, client);
    client.resume();
  });

  function pump(line: Line, direction: Direction, source: net.Socket, sink: net.Socket): void {
    /** Delayed writes, in order: later ones wait even when the delay is gone. */
    const held: { at: number; pass: () => void }[] = [];
    const letGo = (): void => {
      while (held[0] && held[0].at <= Date.now()) held.shift()?.pass();
      if (held[0]) setTimeout(letGo, Math.max(1, held[0].at - Date.now()));
    };
    source.on('data', (bytes) => {
      const method = direction === 'up' ? /^(GET|POST|DELETE|OPTIONS) /.exec(bytes.toString('latin1', 0, 8)) : null;
      if (method) line.isPost = method[1] === 'POST';
      if (droppingAnswers && direction === 'down' && line.isPost) {
        reset(line);
        return;
      }
      if (holes[direction] || line.lost[direction]) {
        line.lost[direction] = true;
        counts.swallowedBytes += bytes.length;
        return;
      }
      const pass = (): void => {
        if (line.lost[direction] || sink.destroyed) return;
        if (direction === 'down' && bytes.length >= line.left) {
          counts.cuts += 1;
          sink.end(bytes.subarray(0, line.left));
          line.left = 0;
          source.destroy();
          return;
        }
        if (direction === 'down') line.left -= bytes.length;
        if (!sink.write(bytes)) source.pause();
      };
      if (delayMs === 0 && held.length === 0) {
        pass();
        return;
      }
      held.push({ at: Math.max(Date.now() + delayMs, held.at(-1)?.at ?? 0), pass });
      if (held.length === 1) setTimeout(letGo, delayMs);
    });
    sink.on('drain', () => source.resume());
    // A black hole swallows the end of a connection too.
    source.on('end', () => {
      if (holes[direction] || line.lost[direction]) line.lost[direction] = true;
      else sink.end();
    });
    source.on('error', () => {
      if (!holes[direction] && !line.lost[direction]) sink.resetAndDestroy();
    });
    source.on('close', () => {
      if (line.client.destroyed && line.server.destroyed) lines.delete(line);
      else if (!holes[direction] && !line.lost[direction]) sink.destroySoon();
    });
  }

  function reset(line: Line): void {
    counts.cuts += 1;
    line.client.resetAndDestroy();
    line.server.resetAndDestroy();
    lines.delete(line);
  }

  function cut(): void {
    for (const line of lines) reset(line);
  }

  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as net.AddressInfo;
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    counts,
    cut,
    goDown() {
      down = true;
      cut();
    },
    blackHole(direction = 'both') {
      if (direction !== 'down') holes.up = true;
      if (direction !== 'up') holes.down = true;
    },
    dropAnswers(on) {
      droppingAnswers = on;
    },
    limitAnswers(draw) {
      drawLimit = draw;
    },
    delay(ms) {
      delayMs = ms;
    },
    restore() {
      down = false;
      holes.up = false;
      holes.down = false;
      droppingAnswers = false;
      drawLimit = null;
      delayMs = 0;
    },
    async close() {
      cut();
      listener.close();
      await once(listener, 'close');
    },
  };
}
