import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../network/free-port.ts';

/** A redis-server of a test's own. */
export interface RedisProcess {
  readonly port: number;
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
  /** A client for what the test itself has to say or ask. */
  readonly admin: Redis;
  /** As SIGKILL does; nothing is saved. */
  kill(): Promise<void>;
  /** Starts it again: at the same port, with the files that are left. */
  restart(): Promise<void>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it and takes its files away. */
  destroy(): Promise<void>;
}

export interface RedisProcessOptions {
  /** Lines of redis.conf, as arguments: `['--appendonly', 'yes']`. */
  args?: string[];
  /** A file of settings that the server reads, and may write, besides them. */
  config?: string;
  /** Else any that is free. */
  port?: number;
  /** The URL for the admin's connection. */
  password?: string;
}

/** A server is up in a moment; on a machine that does much else it takes its time, as reading its files does. */
const START_MS = 60_000;

/** Starts a redis-server found on PATH, on a free port of this machine alone, with a folder of its own. */
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
  // Its server comes and goes.
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
    // It ends one day, when nobody waits any more.
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
