import type { Redis } from 'ioredis';
import { freePort } from '../../network/free-port.ts';
import { startRedis, type RedisProcess } from './redis-process.ts';
import { tlsPeerArguments } from './tls/tls-files.ts';

/** Three masters with a replica each, on this machine. */
export interface RedisCluster {
  /** `redis-cluster://…` of all of them, over TLS if that was asked for. */
  readonly url: string;
  readonly masters: readonly RedisProcess[];
  readonly replicas: readonly RedisProcess[];
  /** The master that a hash tag lies on. */
  masterOf(tag: string): Promise<RedisProcess>;
  destroy(): Promise<void>;
}

const SLOTS = 16_384;
const NODE_TIMEOUT_MS = 1_000;
const FORM_MS = 20_000;

export interface RedisClusterOptions {
  /** The servers speak TLS, to each other too. Their own ports stay open for tests. */
  tls?: boolean;
}

export async function startCluster({ tls = false }: RedisClusterOptions = {}): Promise<RedisCluster> {
  const ports = new Map<RedisProcess, NodePorts>();
  const nodes = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const own = { bus: await freePort(), tls: tls ? await freePort() : null };
      const node = await startNode(own);
      ports.set(node, own);
      return node;
    }),
  );
  const clientPort = (node: RedisProcess): number => ports.get(node)?.tls ?? node.port;
  const [masters, replicas] = [nodes.slice(0, 3), nodes.slice(3)];
  const [first] = masters;
  if (!first) throw new Error('a cluster has nodes');
  await Promise.all(
    masters.map(({ admin }, index) => {
      const [from, to] = [0, 1].map((step) => Math.floor(((index + step) * SLOTS) / masters.length));
      return admin.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String((to ?? 0) - 1));
    }),
  );
  // Else two nodes may claim the same epoch, and settle that later than they say that all is well.
  await Promise.all(nodes.map(({ admin }, index) => admin.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))));
  for (const { admin, port } of nodes.slice(1)) {
    await admin.call('CLUSTER', 'MEET', '127.0.0.1', String(clientPort(first)), String(ports.get(first)?.bus));
    await eventually(async () => (await nodesOf(first.admin)).some((line) => line.includes(`127.0.0.1:${port}@`)));
  }
  await Promise.all(
    replicas.map(async ({ admin }, index) => {
      const master = masters[index];
      if (!master) return;
      const id = String(await master.admin.call('CLUSTER', 'MYID'));
      await eventually(async () => (await nodesOf(admin)).some((line) => line.startsWith(id)));
      await admin.call('CLUSTER', 'REPLICATE', id);
    }),
  );
  // Each knows all of them, who follows whom, and that every slot is taken care of.
  for (const { admin } of nodes) {
    await eventually(async () => {
      const lines = await nodesOf(admin);
      const info = String(await admin.call('CLUSTER', 'INFO'));
      return (
        info.includes('cluster_state:ok') && lines.filter((line) => line.includes('slave')).length === replicas.length
      );
    });
  }
  await eventually(async () => {
    const infos = await Promise.all(replicas.map(({ admin }) => admin.info('replication')));
    return infos.every((info) => info.includes('master_link_status:up'));
  });
  return {
    url: `redis-cluster://${nodes.map((node) => `127.0.0.1:${clientPort(node)}`).join(',')}${tls ? '?tls=true' : ''}`,
    masters,
    replicas,
    async masterOf(tag) {
      const slot = Number(await first.admin.call('CLUSTER', 'KEYSLOT', `{${tag}}`));
      const index = masters.findIndex((_, master) => slot < Math.floor(((master + 1) * SLOTS) / masters.length));
      return masters[index] ?? first;
    },
    async destroy() {
      await Promise.all(nodes.map((node) => node.destroy()));
    },
  };
}

/** Where a node listens besides its own port. */
interface NodePorts {
  bus: number;
  tls: number | null;
}

function startNode({ bus, tls }: NodePorts): Promise<RedisProcess> {
  return startRedis({
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-announce-ip', '127.0.0.1'],
      ...['--cluster-node-timeout', String(NODE_TIMEOUT_MS), '--repl-diskless-sync-delay', '0'],
      ...(tls === null ? [] : [...tlsPeerArguments(tls), '--tls-cluster', 'yes']),
    ],
  });
}

async function nodesOf(admin: Redis): Promise<string[]> {
  return String(await admin.call('CLUSTER', 'NODES'))
    .trim()
    .split('\n');
}

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + FORM_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('the cluster did not come about');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
