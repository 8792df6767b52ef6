import { createRandom, type Random } from '#testkit/random.ts';
import type { StoreHarness } from '#relay/store/testing/conformance/store-harness.ts';
import { sqliteUnderTest } from '../stores/sqlite.ts';
import { openFaultStage, type FaultStage, type FaultStageOptions } from './fault-stage.ts';
import { findMutation, mutateStore, type Mutation } from './mutations.ts';
import { untilItAnswers } from './port.ts';
import { PORT_OPTIONS, type StoreName, type StoreUnderTest } from './store-under-test.ts';

const ROOT_URL = new URL('../../', import.meta.url).href;

/** A promise, and the faults that it is tested with. */
export interface FaultRow {
  /** Its name in docs/faults.md: `G4`. */
  readonly name: string;
  readonly promise: string;
  /** The faults, and what a round is. */
  readonly fault: string;
  /** The stores it applies to; all when not given. */
  readonly only?: readonly StoreName[];
  /** Rounds of a full run, and of the small one that `npm test` has. */
  readonly rounds: { full: number; quick: number };
  run(context: RowContext): Promise<void>;
}

/** What a row gets, and where it reports what happened. */
export interface RowContext {
  readonly rounds: number;
  /** Whether loads are small too, where a row has a load besides its rounds. */
  readonly quick: boolean;
  readonly random: Random;
  readonly store: StoreUnderTest;
  /** The broken rule of a negative control; `{}` when none is. What the row opens is already broken. */
  readonly mutation: Mutation;
  readonly mutationName: string | undefined;
  /** Opens the store through its port, in this process. */
  openPort(options?: Partial<typeof PORT_OPTIONS>): Promise<StoreHarness>;
  /** Starts relays over the store. */
  openStage(options?: FaultStageOptions): Promise<FaultStage>;
  /** Adds to a count of the report. */
  count(what: string, by?: number): void;
  /** The count so far. */
  counted(what: string): number;
  /** Reports the largest value given under a name. */
  atMost(what: string, value: number): void;
  /** Reports how long something took. */
  time(what: string, ms: number): void;
  /** A limit in ms as it applies here: ten times as long in a small run, which does not measure the machine. */
  within(ms: number): number;
  /** Reports violations, one sentence each. */
  violate(...sentences: string[]): void;
  /** Reports a violation unless both are the same JSON. */
  same(what: string, found: unknown, expected: unknown): void;
}

/** What a run of a row has counted. */
export interface RowResult {
  name: string;
  store: StoreName;
  seed: number;
  rounds: number;
  seconds: number;
  counts: Record<string, number>;
  /** Largest values, by name. */
  maxima: Record<string, number>;
  /** Durations in ms, by name. */
  times: Record<string, number[]>;
  /** The first hundred violations. */
  violations: string[];
  violationCount: number;
  /** Whether all rounds were run. */
  isWhole: boolean;
}

const KEPT_VIOLATIONS = 100;
const LENIENCE = 10;

/** How to run a row. */
export interface RunRowOptions {
  seed: number;
  quick: boolean;
  rounds?: number | undefined;
  store?: StoreUnderTest;
  /** The name of a mutation in mutations.ts. */
  mutation?: string | undefined;
  /** Ends at the first violation, which is all that a control has to show. */
  endOnFirst?: boolean;
}

/** Ends a row at its first violation. */
class SeenEnough extends Error {}

/** Runs a row to its end. Never rejects: an error of the row is a violation. */
export async function runRow(
  row: FaultRow,
  { seed, quick, rounds, store = sqliteUnderTest, mutation: mutationName, endOnFirst = false }: RunRowOptions,
): Promise<RowResult> {
  const mutation = findMutation(mutationName);
  const startedAt = performance.now();
  const result: RowResult = {
    name: row.name,
    store: store.name,
    seed,
    rounds: rounds ?? (quick ? row.rounds.quick : row.rounds.full),
    seconds: 0,
    counts: {},
    maxima: {},
    times: {},
    violations: [],
    violationCount: 0,
    isWhole: false,
  };
  const violate = (...sentences: string[]): void => {
    result.violationCount += sentences.length;
    const kept = sentences.slice(0, KEPT_VIOLATIONS - result.violations.length);
    result.violations.push(...kept.map(withoutPlace));
    if (endOnFirst && sentences.length > 0) throw new SeenEnough();
  };
  try {
    await row.run({
      rounds: result.rounds,
      quick,
      random: createRandom(seed),
      store,
      mutation,
      mutationName,
      async openPort(options = {}) {
        const opened = await store.openPort({ ...PORT_OPTIONS, ...options });
        await untilItAnswers(opened.store);
        return { ...opened, store: mutateStore(opened.store, mutation) };
      },
      openStage: (options = {}) => openFaultStage(store, { ...options, seed, mutation: mutationName }),
      violate,
      count(what, by = 1) {
        result.counts[what] = (result.counts[what] ?? 0) + by;
      },
      counted: (what) => result.counts[what] ?? 0,
      atMost(what, value) {
        result.maxima[what] = Math.max(result.maxima[what] ?? 0, value);
      },
      within: (ms) => (quick ? ms * LENIENCE : ms),
      time(what, ms) {
        (result.times[what] ??= []).push(ms);
      },
      same(what, found, expected) {
        const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
        if (left !== right) violate(`${what}: ${left?.slice(0, 500)} and not ${right?.slice(0, 500)}`);
      },
    });
    result.isWhole = true;
  } catch (error) {
    if (!(error instanceof SeenEnough)) {
      result.violationCount += 1;
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      result.violations.push(withoutPlace(`the row ended early: ${message}`));
    }
  }
  result.seconds = (performance.now() - startedAt) / 1000;
  return result;
}

/** Makes paths relative: what is recorded goes into the docs. */
function withoutPlace(sentence: string): string {
  return sentence.replaceAll(ROOT_URL, '');
}

/** Runs `work` for 0 to `count` − 1, `atOnce` at a time. */
export async function inParallel(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, worker));
}
