import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../network/free-port.ts';
import { until } from '../../wait.ts';
import { startRedis, type RedisProcess } from './redis-process.ts';
import { tlsPeerArguments } from './tls/tls-files.ts';

/** A master, its replica, and a sentinel that takes a server for dead after 500 ms of silence. */
export interface SentinelGroup {
  /** `redis-sentinel://…/main`, over TLS if that was asked for. */
  readonly url: string;
  readonly master: RedisProcess;
  readonly replica: RedisProcess;
  readonly sentinel: RedisProcess;
  destroy(): Promise<void>;
}

/** A sentinel asks the master for its replicas every 10 s only. */
const FORM = { timeoutMs: 30_000, everyMs: 50 };

/** How the group is set up. */
export interface SentinelGroupOptions {
  /** The servers speak TLS, to each other too. Their plain ports stay open for the tests. */
  tls?: boolean;
}

/** Starts the three servers and waits until the sentinel knows the replica. */
export async function startSentinelGroup({ tls = false }: SentinelGroupOptions = {}): Promise<SentinelGroup> {
  const [masterTls, replicaTls, sentinelTls] = [await freePort(), await freePort(), await freePort()];
  const over = (port: number): string[] => (tls ? tlsPeerArguments(port) : []);
  const args = ['--repl-diskless-sync-delay', '0'];
  const master = await startRedis({ args: [...args, ...over(masterTls)] });
  const replica = await startRedis({ args: [...args, ...over(replicaTls)] });
  const masterPort = tls ? masterTls : master.port;
  await replica.admin.call('REPLICAOF', '127.0.0.1', String(masterPort));
  const isLinked = async (): Promise<boolean> =>
    (await replica.admin.info('replication')).includes('master_link_status:up');
  await until('the replica follows its master', isLinked, FORM);
  // The sentinel rewrites this file all the time.
  const folder = mkdtempSync(path.join(tmpdir(), 'sentinel-'));
  const file = path.join(folder, 'sentinel.conf');
  const lines = [
    `monitor main 127.0.0.1 ${masterPort} 1`,
    'down-after-milliseconds main 500',
    'failover-timeout main 2000',
  ];
  writeFileSync(file, lines.map((line) => `sentinel ${line}\n`).join(''));
  const sentinel = await startRedis({ config: file, args: ['--sentinel', ...over(sentinelTls)] });
  const isKnown = async (): Promise<boolean> =>
    String(await sentinel.admin.call('SENTINEL', 'REPLICAS', 'main')).includes(String(tls ? replicaTls : replica.port));
  await until('the sentinel knows the replica', isKnown, FORM);
  return {
    url: `redis-sentinel://127.0.0.1:${tls ? sentinelTls : sentinel.port}/main${tls ? '?tls=true' : ''}`,
    master,
    replica,
    sentinel,
    async destroy() {
      await Promise.all([sentinel, replica, master].map((server) => server.destroy()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
