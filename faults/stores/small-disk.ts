import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '#testkit/wait.ts';
import type { SmallPlace } from '../harness/store-under-test.ts';

/** More than a write-ahead log grows to before a checkpoint (16 MiB), with the database beside it. */
const DISK_BYTES = 48 * 1024 * 1024;

/** A file system of some tens of MiB, which commands see that are run by `runBy`. */
export interface SmallDisk extends Omit<SmallPlace, 'settings'> {
  readonly folder: string;
}

/** Ways to get a mount namespace: as any user in a user namespace, or as root. */
const NAMESPACES: readonly { flags: string[]; enter: string[]; who: string }[] = [
  {
    flags: ['--user', '--map-root-user', '--mount'],
    enter: ['--user', '--preserve-credentials', '--mount'],
    who: 'in a user namespace',
  },
  { flags: ['--mount'], enter: ['--mount'], who: 'as root, in a mount namespace' },
];

/**
 * Mounts a tmpfs in a mount namespace that ends with a process of the test, so that nothing stays mounted. Where no
 * namespace is allowed, the small disk is a limit on the size of each file that a relay writes.
 */
export async function openSmallDisk(): Promise<SmallDisk> {
  const folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-small-'));
  for (const { flags, enter, who } of NAMESPACES) {
    const holder = await holdMount(folder, flags);
    if (!holder) continue;
    const runBy = ['nsenter', '--target', String(holder.pid), ...enter, `--wd=${process.cwd()}`];
    return {
      folder,
      runBy,
      means: `a tmpfs of ${DISK_BYTES / 1024 / 1024} MiB, mounted ${who}, filled up by another file`,
      refusal: 'store-full',
      fill: (leftBytes) => fillDisk(runBy, folder, leftBytes),
      makeRoom: () => within(runBy, `rm -f "${folder}/ballast"`),
      async dispose() {
        holder.kill('SIGKILL');
        if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }
  return limitFiles(folder);
}

/** Opens the namespace; null where it is not allowed. */
async function holdMount(folder: string, flags: string[]): Promise<ChildProcess | null> {
  const script = `mount -t tmpfs -o size=${DISK_BYTES} tmpfs "${folder}" && echo mounted && exec sleep infinity`;
  const holder = spawn('unshare', [...flags, 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  let over = false;
  holder.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  holder.on('error', () => {
    over = true;
  });
  holder.on('exit', () => {
    over = true;
  });
  await until('the disk is mounted, or refused', () => over || output.includes('mounted'));
  return over ? null : holder;
}

/** Fills the disk with a file, down to so many free bytes. */
async function fillDisk(runBy: readonly string[], folder: string, leftBytes: number): Promise<void> {
  const script = `
    free=$(df --output=avail -B1 "${folder}" | tail -1)
    count=$((free - ${Math.round(leftBytes)}))
    [ "$count" -gt 0 ] && head -c "$count" /dev/zero >> "${folder}/ballast"
    true`;
  await within(runBy, script);
}

async function within([program = 'sh', ...args]: readonly string[], script: string): Promise<void> {
  const child = spawn(program, [...args, 'sh', '-c', script], { stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`A command on the small disk ended with ${code}: ${script}`);
}

/** A file size limit (RLIMIT_FSIZE), set on the relay's process while that runs. */
function limitFiles(folder: string): SmallDisk {
  const limit = (bytes: string): void => {
    // The relay is the process that holds the file.
    const found = spawnSync('sh', [
      '-c',
      `for p in /proc/[0-9]*; do ls -l $p/fd 2>/dev/null | grep -q "${folder}/relay.db$" && echo \${p#/proc/}; done`,
    ]);
    for (const pid of found.stdout.toString().split('\n').filter(Boolean)) {
      // The soft limit alone, which can be raised again.
      spawnSync('prlimit', ['--pid', pid, `--fsize=${bytes}:`]);
    }
  };
  return {
    folder,
    runBy: [],
    means: 'a limit on the size of the files of the relay (RLIMIT_FSIZE), since nothing may be mounted here',
    refusal: 'store-unavailable',
    // oxlint-disable-next-line require-await
    async fill(leftBytes) {
      const { stdout } = spawnSync('sh', [
        '-c',
        `stat -c %s "${folder}"/relay.db "${folder}"/relay.db-wal | sort -n | tail -1`,
      ]);
      limit(String(Number(stdout.toString().trim() || 0) + Math.round(leftBytes)));
    },
    // oxlint-disable-next-line require-await
    async makeRoom() {
      limit('unlimited');
    },
    // oxlint-disable-next-line require-await
    async dispose() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
