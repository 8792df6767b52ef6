import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../network/free-port.ts';

/** A redis-server with a temporary folder of its own. */
export interface RedisProcess {
  readonly port: number;
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
  /** A client for the test's own commands. */
  readonly admin: Redis;
  /** SIGKILL: nothing is saved. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and with the files it has left. */
  restart(): Promise<void>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Kills it and deletes its files. */
  destroy(): Promise<void>;
}

/** How to start a redis-server. */
export interface RedisProcessOptions {
  /** Settings of redis.conf as arguments: `['--appendonly', 'yes']`. */
  args?: string[];
  /** A configuration file, which the server reads and may rewrite. */
  config?: string;
  /** A free one when not given. */
  port?: number;
  /** The password of `admin`. */
  password?: string;
}

/** A server starts at once, unless it has large files to read or the machine is overloaded. */
const START_MS = 60_000;

/**
 * Starts the redis-server on PATH, listening on 127.0.0.1 alone.
 *
 * @throws Error when it cannot be run, ends, or does not answer in time.
 */
export async function startRedis({
  args = [],
  config,
  port,
  password,
}: RedisProcessOptions = {}): Promise<RedisProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), 'redis-'));
  const where = port ?? (await freePort());
  let child = launch();
  const admin = new Redis({
    port: where,
    host: '127.0.0.1',
    lazyConnect: true,
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
    ...(password === undefined ? {} : { password }),
  });
  // The client reconnects by itself when the test restarts the server.
  admin.on('error', () => undefined);

  function launch(): ChildProcess {
    const own = [
      '--port',
      String(where),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--loglevel',
      'warning',
    ];
    return spawn('redis-server', [...(config === undefined ? [] : [config]), ...own, ...args], { stdio: 'ignore' });
  }

  async function started(): Promise<void> {
    const answered = admin.ping();
    const failed = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(new Error('redis-server did not start')), START_MS);
      timer.unref();
      child.once('error', (error) => reject(new Error('redis-server cannot be run: is it on PATH?', { cause: error })));
      child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
    });
    // The server ends sooner or later, when nothing awaits this promise any more.
    failed.catch(() => undefined);
    await Promise.race([answered, failed]);
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  await started();
  return {
    port: where,
    url: `redis://127.0.0.1:${where}`,
    admin,
    kill,
    async restart() {
      await kill();
      child = launch();
      await started();
    },
    signal: (name) => void child.kill(name),
    async destroy() {
      admin.disconnect();
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
