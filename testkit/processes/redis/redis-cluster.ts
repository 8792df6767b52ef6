import type { Redis } from 'ioredis';
import { freePort } from '../../network/free-port.ts';
import { until } from '../../wait.ts';
import { startRedis, type RedisProcess } from './redis-process.ts';
import { tlsPeerArguments } from './tls/tls-files.ts';

/** Three masters with a replica each, on this machine. */
export interface RedisCluster {
  /** `redis-cluster://…` with the addresses of all nodes, over TLS if that was asked for. */
  readonly url: string;
  readonly masters: readonly RedisProcess[];
  readonly replicas: readonly RedisProcess[];
  /** The master that holds the keys with a hash tag. */
  masterOf(tag: string): Promise<RedisProcess>;
  /** Ends all nodes and removes their files. */
  destroy(): Promise<void>;
}

export interface RedisClusterOptions {
  /** The servers speak TLS, to each other too. Their plain ports stay open for the tests. */
  tls?: boolean;
}

const MASTERS = 3;
/** Hash slots of a Redis Cluster. */
const SLOTS = 16_384;
/** How long a node may be silent before the others take it for dead. */
const NODE_TIMEOUT_MS = 1_000;
/** How often the state of the cluster is read while it forms. */
const POLL_MS = 50;
const FORM = { timeoutMs: 20_000, everyMs: POLL_MS };

interface Node {
  server: RedisProcess;
  /** Where the nodes speak to each other. */
  bus: number;
  /** Where clients connect: the TLS port if there is one. */
  clientPort: number;
}

/**
 * Starts six nodes and waits until every one of them knows all others and every replica follows its master.
 *
 * @throws WaitTimeoutError when the cluster does not form in time.
 */
export async function startCluster({ tls = false }: RedisClusterOptions = {}): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: 2 * MASTERS }, () => startNode(tls)));
  const servers = nodes.map(({ server }) => server);
  const [masters, replicas] = [servers.slice(0, MASTERS), servers.slice(MASTERS)];
  const [first] = nodes;
  if (!first) throw new Error('A cluster has nodes.');
  await assignSlots(masters);
  // Two nodes that claim the same epoch settle that later than they report a healthy cluster.
  await Promise.all(servers.map(({ admin }, index) => admin.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))));
  await meet(first, nodes.slice(1));
  await follow(masters, replicas);
  for (const { admin } of servers) await until('every node knows the cluster', () => isFormed(admin), FORM);
  await until('every replica follows its master', () => areLinked(replicas), FORM);
  const addresses = nodes.map(({ clientPort }) => `127.0.0.1:${clientPort}`).join(',');
  return {
    url: `redis-cluster://${addresses}${tls ? '?tls=true' : ''}`,
    masters,
    replicas,
    async masterOf(tag) {
      const slot = Number(await first.server.admin.call('CLUSTER', 'KEYSLOT', `{${tag}}`));
      return masters.find((_, index) => slot < firstSlot(index + 1)) ?? first.server;
    },
    async destroy() {
      await Promise.all(servers.map((server) => server.destroy()));
    },
  };
}

async function startNode(tls: boolean): Promise<Node> {
  const bus = await freePort();
  const tlsPort = tls ? await freePort() : null;
  const server = await startRedis({
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-announce-ip', '127.0.0.1'],
      ...['--cluster-node-timeout', String(NODE_TIMEOUT_MS), '--repl-diskless-sync-delay', '0'],
      ...(tlsPort === null ? [] : [...tlsPeerArguments(tlsPort), '--tls-cluster', 'yes']),
    ],
  });
  return { server, bus, clientPort: tlsPort ?? server.port };
}

/** The first slot of the master with this index. */
function firstSlot(index: number): number {
  return Math.floor((index * SLOTS) / MASTERS);
}

async function assignSlots(masters: readonly RedisProcess[]): Promise<void> {
  await Promise.all(
    masters.map(({ admin }, index) =>
      admin.call('CLUSTER', 'ADDSLOTSRANGE', String(firstSlot(index)), String(firstSlot(index + 1) - 1)),
    ),
  );
}

async function meet(first: Node, others: readonly Node[]): Promise<void> {
  for (const { server } of others) {
    await server.admin.call('CLUSTER', 'MEET', '127.0.0.1', String(first.clientPort), String(first.bus));
    const isKnown = async (): Promise<boolean> =>
      (await nodesOf(first.server.admin)).some((line) => line.includes(`127.0.0.1:${server.port}@`));
    await until('the first node knows the next', isKnown, FORM);
  }
}

async function follow(masters: readonly RedisProcess[], replicas: readonly RedisProcess[]): Promise<void> {
  await Promise.all(
    replicas.map(async ({ admin }, index) => {
      const id = String(await masters[index]?.admin.call('CLUSTER', 'MYID'));
      const isKnown = async (): Promise<boolean> => (await nodesOf(admin)).some((line) => line.startsWith(id));
      await until('the replica knows its master', isKnown, FORM);
      await admin.call('CLUSTER', 'REPLICATE', id);
    }),
  );
}

/** The node knows all replicas, and that every slot is served. */
async function isFormed(admin: Redis): Promise<boolean> {
  const replicas = (await nodesOf(admin)).filter((line) => line.includes('slave'));
  const info = String(await admin.call('CLUSTER', 'INFO'));
  return info.includes('cluster_state:ok') && replicas.length === MASTERS;
}

async function areLinked(replicas: readonly RedisProcess[]): Promise<boolean> {
  const infos = await Promise.all(replicas.map(({ admin }) => admin.info('replication')));
  return infos.every((info) => info.includes('master_link_status:up'));
}

async function nodesOf(admin: Redis): Promise<string[]> {
  return String(await admin.call('CLUSTER', 'NODES'))
    .trim()
    .split('\n');
}
