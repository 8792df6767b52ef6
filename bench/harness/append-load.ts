import type { SessionStore } from '#relay/store/session-store.ts';
import type { SeededRun } from './seed-run.ts';
import { deltaData, SAMPLE_RUN_ID } from './wire.ts';
import { plainToken } from './token-wheel.ts';

/** The load: `groups` times, each of `sessions` sessions appends `entries` entries, all in one tick. */
export interface AppendLoad {
  groups: number;
  sessions: number;
  entries: number;
}

/** What a load took. */
export interface AppendSpeed {
  /** Entries per second of wall time. */
  perSecond: number;
  /** CPU time of the process per entry, in microseconds. */
  cpuMicroseconds: number;
}

/** Appends entries to a session; resolves when they are written. */
export type Append = (session: number, entries: string[]) => Promise<void>;

/** Entries that are made beforehand, so that only writing is measured. A prime number of them, so that batches differ. */
const PAYLOADS = Array.from({ length: 997 }, (_, index) => deltaData(SAMPLE_RUN_ID, plainToken(index)));

/** Runs a load and measures it. */
export async function measureAppends({ groups, sessions, entries }: AppendLoad, append: Append): Promise<AppendSpeed> {
  const payload = (index: number): string => PAYLOADS[index % PAYLOADS.length] ?? '';
  const batches = PAYLOADS.map((_, start) =>
    Array.from({ length: entries }, (_entry, index) => payload(start + index)),
  );
  const before = process.cpuUsage();
  const startedAt = performance.now();
  let made = 0;
  for (let group = 0; group < groups; group += 1) {
    const writes: Promise<void>[] = [];
    for (let session = 0; session < sessions; session += 1) {
      writes.push(append(session, batches[(made += 1) % batches.length] ?? []));
    }
    await Promise.all(writes);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(before);
  const written = made * entries;
  return { perSecond: written / seconds, cpuMicroseconds: (user + system) / written };
}

/** Runs a load on the active runs of a store, one per session, and measures it. */
export function measureStoreAppends(
  store: SessionStore | null,
  runs: readonly SeededRun[],
  load: AppendLoad,
): Promise<AppendSpeed> {
  if (!store) throw new Error('open the store first');
  return measureAppends(load, async (session, entries) => {
    const run = runs[session];
    if (!run) throw new Error(`there is no session ${session}`);
    const answer = await store.append(run.sessionId, { fence: run.fence, seq: run.next, entries });
    if (answer.kind !== 'ok') throw new Error(`append answered ${answer.kind}`);
    run.next = answer.next;
  });
}
