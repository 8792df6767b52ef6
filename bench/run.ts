import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startRedis, type RedisProcess } from '#testkit/processes/redis/redis-process.ts';
import { startChild, type Child } from './harness/child.ts';
import type { Bench, BenchContext } from './harness/bench.ts';
import type { Handlers } from './harness/commands.ts';
import { createReport, formatReport, type BenchResult } from './harness/report.ts';
import { costGrowth } from './rows/cost-growth.ts';
import { deltaShortcut } from './rows/delta-shortcut.ts';
import { fanOut } from './rows/fan-out.ts';
import { idleMemory } from './rows/idle-memory.ts';
import { latency } from './rows/latency.ts';
import { redisAppends } from './rows/redis-appends.ts';
import { redisCommands } from './rows/redis-commands.ts';
import { redisLatency } from './rows/redis-latency.ts';
import { redisMemory } from './rows/redis-memory.ts';
import { redisReplay } from './rows/redis-replay.ts';
import { replay } from './rows/replay.ts';
import { sinks } from './rows/sinks.ts';
import { sqliteAppends } from './rows/sqlite-appends.ts';
import { unwatchedMemory } from './rows/unwatched-memory.ts';
import { widgetMarkdown } from './rows/widget-markdown.ts';
import { widgetPeers } from './rows/widget-peers.ts';

const BENCHES: readonly Bench[] = [
  fanOut,
  sinks,
  replay,
  sqliteAppends,
  latency,
  idleMemory,
  unwatchedMemory,
  costGrowth,
  deltaShortcut,
  redisAppends,
  redisCommands,
  redisLatency,
  redisReplay,
  redisMemory,
  widgetMarkdown,
  widgetPeers,
];

const USAGE = `Measures the relay against plain code that does the same work (docs/bench.md).

  --only a,b      only these of: ${BENCHES.map((bench) => bench.name).join(', ')}
  --quick         small loads and few rounds: shows that the benches work, not how fast the relay is
  --json FILE     writes the figures there too
  --profile DIR   writes a V8 CPU profile of each measured process there`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(USAGE);
} else {
  const chosen = choose(values.only);
  if (chosen === null) {
    console.error(USAGE);
    process.exitCode = 1;
  } else {
    const results: BenchResult[] = [];
    for (const bench of chosen) results.push(await runBench(bench));
    const report = createReport(results, values.quick);
    console.log(formatReport(report));
    if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
    // A missed goal is no failure: it depends on the machine. A bench that fails is one.
    if (results.some((result) => result.error !== undefined)) process.exitCode = 1;
  }
}

function choose(only: string | undefined): readonly Bench[] | null {
  if (only === undefined) return BENCHES;
  const names = only.split(',').map((name) => name.trim());
  const known = names.every((name) => BENCHES.some((bench) => bench.name === name));
  return known ? BENCHES.filter((bench) => names.includes(bench.name)) : null;
}

async function runBench(bench: Bench): Promise<BenchResult> {
  const children: Child<Handlers>[] = [];
  const folders: string[] = [];
  const servers: RedisProcess[] = [];
  const context: BenchContext = {
    quick: values.quick,
    start: async (file, options) => {
      const child = await startChild<never>(file, { ...options, profileDir: values.profile });
      children.push(child);
      return child;
    },
    folder: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'resumable-chat-bench-'));
      folders.push(folder);
      return folder;
    },
    redis: async () => {
      const server = await startRedis();
      servers.push(server);
      return server;
    },
    progress: (text) => console.error(`${bench.name}: ${text}`),
  };
  const startedAt = performance.now();
  const seconds = (): number => Math.round((performance.now() - startedAt) / 100) / 10;
  try {
    return { name: bench.name, figures: await bench.run(context), seconds: seconds() };
  } catch (error) {
    console.error(error);
    return { name: bench.name, figures: [], seconds: seconds(), error: String(error) };
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    await Promise.all(servers.map((server) => server.destroy()));
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }
}
