import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { openSqliteStore } from '#relay/store/sqlite/open-sqlite-store.ts';
import type { LogEntry, SessionStore } from '#relay/store/session-store.ts';
import type { Random } from '#testkit/random.ts';
import { cleanEnvironment } from '#testkit/processes/clean-environment.ts';
import { ROOT } from '../../scripts/ensure-build.ts';
import { inParallel, type FaultRow, type RowContext } from '../harness/fault-row.ts';
import { checkLog, claimInput, completedText, isTerminalText, readLog, submitInput } from '../harness/port.ts';

const WRITER = 'faults/servers/store-writer.ts';
const AT_ONCE = 2;
/** Kills before a new file is begun: the whole file is read after each kill. */
const KILLS_A_FILE = 10;
const TTL_MS = 3_600_000;
/**
 * A little less than the write-ahead log holds before a checkpoint (relay/store/sqlite). What a checkpoint has moved
 * was synced first: no crash takes that away, and so the row does not either.
 */
const UNSYNCED_BYTES = 15 * 1024 * 1024;
const CUT = 0.7;
/** The share of cut logs that are padded with zeros: a crash may leave a file longer than what was written. */
const ZEROED = 0.3;

interface Acknowledged {
  /** The acknowledgements of the killed process, in order. */
  prompts: Map<string, string[]>;
  entries: Map<string, string[]>;
}

export const embeddedStore: FaultRow = {
  name: 'G17',
  promise: 'the embedded store: commit before the answer; a truncated tail is recovered',
  fault:
    "kill -9 of a process that writes as fast as it can, and bytes cut from the write-ahead log's end, or zeroed; a round is a kill",
  only: ['sqlite'],
  rounds: { full: 1_000, quick: 8 },
  async run(context) {
    const files = Math.ceil(context.rounds / KILLS_A_FILE);
    await inParallel(files, AT_ONCE, async (index) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'resumable-chat-cut-'));
      const random = context.random.fork();
      try {
        const kills = Math.min(KILLS_A_FILE, context.rounds - index * KILLS_A_FILE);
        for (let kill = 0; kill < kills; kill += 1) await killAndCut(context, random, folder, `${index}-${kill}`);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  },
};

async function killAndCut(context: RowContext, random: Random, folder: string, name: string): Promise<void> {
  const { count, atMost, violate } = context;
  const file = path.join(folder, 'relay.db');
  const acknowledged = await writeAndKill(file, name, random.between(1, 1_500), context.mutationName);
  count('kills');
  let whole: Map<string, LogEntry[]> | null = null;
  const walBytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (random.chance(CUT) && walBytes > 0 && walBytes < UNSYNCED_BYTES) {
    const copy = path.join(folder, `whole-${name}.db`);
    copyFileSync(file, copy);
    copyFileSync(`${file}-wal`, `${copy}-wal`);
    const store = openSqliteStore({ path: copy, ttlMs: TTL_MS });
    whole = await readLogs(store, acknowledged.entries.keys());
    await store.close();
    const bytes = random.chance(0.5) ? random.between(1, Math.min(walBytes, 20_000)) : random.between(1, walBytes);
    truncateSync(`${file}-wal`, walBytes - bytes);
    count('write-ahead logs cut');
    if (random.chance(ZEROED)) {
      appendFileSync(`${file}-wal`, Buffer.alloc(bytes));
      count('of them filled up with zeros');
    }
    atMost('bytes cut at most', bytes);
  }
  const store = openSqliteStore({ path: file, ttlMs: TTL_MS });
  try {
    const logs = await readLogs(store, acknowledged.entries.keys());
    for (const [sessionId, log] of logs) {
      violate(...checkLog(log));
      if (whole) violate(...checkPrefix(log, whole.get(sessionId) ?? []));
      else violate(...checkKept(log, acknowledged.entries.get(sessionId) ?? []));
      violate(...(await checkState(store, sessionId, log, acknowledged.prompts.get(sessionId) ?? [], whole === null)));
      count('entries that remained', log.length);
      if (whole) count('entries cut off', (whole.get(sessionId)?.length ?? 0) - log.length);
      count('entries acknowledged', acknowledged.entries.get(sessionId)?.length ?? 0);
    }
    violate(...(await goOn(store, logs)));
  } finally {
    await store.close();
  }
}

async function writeAndKill(
  file: string,
  name: string,
  entries: number,
  mutation: string | undefined,
): Promise<Acknowledged> {
  const child = spawn(process.execPath, [WRITER, file, name], {
    cwd: ROOT,
    env: { ...cleanEnvironment(), ...(mutation === undefined ? {} : { FAULTS_MUTATION: mutation }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: Acknowledged = { prompts: new Map(), entries: new Map() };
  let left = entries;
  for await (const line of createInterface({ input: child.stdout })) {
    const [kind = '', sessionId = '', what, end] = line.split(' ');
    // The last line may be cut, so that it names another cursor or prompt.
    if (what === undefined || end !== undefined) continue;
    const list = kind === 'prompt' ? acknowledged.prompts : acknowledged.entries;
    list.set(sessionId, [...(list.get(sessionId) ?? []), what]);
    if (kind === 'entry' && (left -= 1) === 0) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  if (child.signalCode !== 'SIGKILL') throw new Error(`the writer ended by itself, with ${child.exitCode}`);
  return acknowledged;
}

async function readLogs(store: SessionStore, sessionIds: Iterable<string>): Promise<Map<string, LogEntry[]>> {
  const logs = new Map<string, LogEntry[]>();
  for (const sessionId of sessionIds) {
    const head = await store.head(sessionId);
    logs.set(sessionId, head.kind === 'open' ? await readLog(store, sessionId) : []);
  }
  return logs;
}

/** Judges that what remained is the beginning of what was there, to the letter. */
function checkPrefix(log: readonly LogEntry[], whole: readonly LogEntry[]): string[] {
  const differs = log.findIndex((entry, index) => JSON.stringify(entry) !== JSON.stringify(whole[index]));
  return differs < 0
    ? []
    : [`after a cut there is ${JSON.stringify(log[differs])} in place of ${JSON.stringify(whole[differs])}`];
}

function checkKept(log: readonly LogEntry[], acknowledged: readonly string[]): string[] {
  const kept = new Set(log.map(({ id }) => id));
  // The very last line may be cut.
  const lost = acknowledged.slice(0, -1).filter((cursor) => !kept.has(cursor));
  return lost.length === 0 ? [] : [`${lost.length} acknowledged entries were lost, ${lost[0]} first`];
}

/** Judges that the run, the known prompts and the log are of one moment. */
async function checkState(
  store: SessionStore,
  sessionId: string,
  log: readonly LogEntry[],
  prompts: readonly string[],
  isWhole: boolean,
): Promise<string[]> {
  const violations: string[] = [];
  const head = await store.head(sessionId);
  const last = log.at(-1);
  if (head.kind === 'open') {
    if (head.head !== last?.id)
      violations.push(`the head is ${head.head} and the log ends with ${last?.id ?? 'nothing'}`);
    const ended = last !== undefined && isTerminalText(last.data);
    if (ended !== (head.run === null))
      violations.push(`the run is ${head.run ? 'active' : 'over'} after ${last?.data ?? 'nothing'}`);
    const { due } = await store.take(1_000);
    if (due.includes(sessionId) !== (head.run !== null))
      violations.push(`the run of ${sessionId} is ${head.run ? 'not ' : ''}due`);
  }
  for (const messageId of prompts.slice(0, isWhole ? -1 : undefined)) {
    const isInLog = log.some(({ data }) => data.includes(`"id":"${messageId}"`));
    const answer = await store.submit(sessionId, { ...submitInput(), messageId, hash: 'other', dryRun: true });
    if ((answer.kind === 'mismatch') !== isInLog)
      violations.push(`the prompt ${messageId} is ${isInLog ? '' : 'not '}in the log, and answered ${answer.kind}`);
    if (isWhole && !isInLog) violations.push(`an acknowledged prompt was lost: ${messageId}`);
  }
  return violations;
}

/** Takes over and ends each run that was cut off, and submits the next prompt. */
async function goOn(store: SessionStore, logs: ReadonlyMap<string, readonly LogEntry[]>): Promise<string[]> {
  const violations: string[] = [];
  for (const [sessionId, before] of logs) {
    const head = await store.head(sessionId);
    if (head.kind !== 'open' || head.run === null) await store.submit(sessionId, submitInput());
    const claimed = await store.claim(sessionId, claimInput());
    if (claimed.kind !== 'lease') {
      violations.push(`the run of ${sessionId} could not be taken over: ${claimed.kind}`);
      continue;
    }
    const { fence, runId } = claimed.lease;
    const ended = await store.finish(sessionId, { fence, seq: 1, entries: [completedText(runId)] });
    if (ended.kind !== 'ok') violations.push(`the run of ${sessionId} could not be ended: ${ended.kind}`);
    const after = await readLog(store, sessionId);
    violations.push(...checkLog(after), ...checkPrefix(before, after));
  }
  return violations;
}
