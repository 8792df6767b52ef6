import net from 'node:net';
import { once } from 'node:events';

export type Direction = 'up' | 'down';

/** A line between clients and the relay that can fail in the ways lines fail. */
export interface TcpProxy {
  readonly port: number;
  readonly origin: string;
  readonly counts: { connections: number; cuts: number; swallowedBytes: number };
  /** Resets every open connection; new ones work. */
  cut(): void;
  /** No connection can be made, and the open ones are reset, until `restore`. */
  goDown(): void;
  /**
   * Bytes vanish without a sign, as in a tunnel or behind a router that forgot the connection: new connections are
   * accepted and stay silent. A connection that lost a byte never speaks again, not even after `restore`.
   */
  blackHole(direction?: Direction | 'both'): void;
  /** While on: requests pass, and in place of the answer to a POST its connection is reset. */
  dropAnswers(on: boolean): void;
  /**
   * Each connection made from now on ends once so many bytes have come down it: `draw` is asked for each. Null: as many
   * as there are.
   */
  limitAnswers(draw: (() => number) | null): void;
  /** Holds back everything by this many ms, each way. */
  delay(ms: number): void;
  /** New connections work again. */
  restore(): void;
  close(): Promise<void>;
}

interface Line {
  client: net.Socket;
  server: net.Socket;
  /** By direction: has lost a byte, and so is dead for ever. */
  lost: Record<Direction, boolean>;
  /** The request that was begun last. */
  isPost: boolean;
  /** Bytes that may still come down. */
  left: number;
}

/** To one port, or to the one that is drawn for each connection, as a balancer does. */
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
    /** In the order in which they came, also once the line is quicker again. */
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
    // In a black hole not even the end of a connection is heard of.
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
