import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../network/free-port.ts';
import { startRedis, type RedisProcess } from './redis-process.ts';
import { tlsPeerArguments } from './tls/tls-files.ts';

/** A master, its replica, and a sentinel that takes a server for dead after half a second. */
export interface SentinelGroup {
  /** `redis-sentinel://…/main`, over TLS if that was asked for. */
  readonly url: string;
  readonly master: RedisProcess;
  readonly replica: RedisProcess;
  readonly sentinel: RedisProcess;
  destroy(): Promise<void>;
}

/** A sentinel asks the master for its replicas every ten seconds. */
const FORM_MS = 30_000;

export interface SentinelGroupOptions {
  /** The servers speak TLS, to each other too. Their own ports stay open for tests. */
  tls?: boolean;
}

export async function startSentinelGroup({ tls = false }: SentinelGroupOptions = {}): Promise<SentinelGroup> {
  const [masterTls, replicaTls, sentinelTls] = [await freePort(), await freePort(), await freePort()];
  const over = (port: number): string[] => (tls ? tlsPeerArguments(port) : []);
  const args = ['--repl-diskless-sync-delay', '0'];
  const master = await startRedis({ args: [...args, ...over(masterTls)] });
  const replica = await startRedis({ args: [...args, ...over(replicaTls)] });
  const masterPort = tls ? masterTls : master.port;
  await replica.admin.call('REPLICAOF', '127.0.0.1', String(masterPort));
  await eventually('the replica follows', async () =>
    (await replica.admin.info('replication')).includes('master_link_status:up'),
  );
  // It writes its own file anew all the time.
  const folder = mkdtempSync(path.join(tmpdir(), 'sentinel-'));
  const file = path.join(folder, 'sentinel.conf');
  const lines = [
    `monitor main 127.0.0.1 ${masterPort} 1`,
    'down-after-milliseconds main 500',
    'failover-timeout main 2000',
  ];
  writeFileSync(file, lines.map((line) => `sentinel ${line}\n`).join(''));
  const sentinel = await startRedis({ config: file, args: ['--sentinel', ...over(sentinelTls)] });
  const known = async (): Promise<boolean> =>
    String(await sentinel.admin.call('SENTINEL', 'REPLICAS', 'main')).includes(String(tls ? replicaTls : replica.port));
  await eventually('the sentinel knows the replica', known);
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

async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + FORM_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
