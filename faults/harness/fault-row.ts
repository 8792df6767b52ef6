import { createRandom, type Random } from '#testkit/random.ts';
import type { StoreHarness } from '#relay/store/testing/conformance/store-harness.ts';
import { sqliteUnderTest } from '../stores/sqlite.ts';
import { openFaultStage, type FaultStage, type FaultStageOptions } from './fault-stage.ts';
import { findMutation, mutateStore, type Mutation } from './mutations.ts';
import { untilItAnswers } from './port.ts';
import { PORT_OPTIONS, type StoreName, type StoreUnderTest } from './store-under-test.ts';

const ROOT_URL = new URL('../../', import.meta.url).href;

/** One promise, and the faults it is held against. */
export interface FaultRow {
  /** As docs/faults.md names it: `G4`. */
  readonly name: string;
  readonly promise: string;
  /** The faults injected, and the meaning of a round. */
  readonly fault: string;
  /** The stores that it is about; any when not given. */
  readonly only?: readonly StoreName[];
  /** Rounds of a full run, and of the small one that is part of the tests. */
  readonly rounds: { full: number; quick: number };
  run(context: RowContext): Promise<void>;
}

/** What a row is given, and where it says what happened. */
export interface RowContext {
  readonly rounds: number;
  /** Small loads too, where a row has one besides its rounds. */
  readonly quick: boolean;
  readonly random: Random;
  readonly store: StoreUnderTest;
  /** The rule that is broken, for negative controls; what the row opens is opened broken. Nothing is: `{}`. */
  readonly mutation: Mutation;
  readonly mutationName: string | undefined;
  /** The store at its port, in this process. */
  openPort(options?: Partial<typeof PORT_OPTIONS>): Promise<StoreHarness>;
  /** Relays over the store. */
  openStage(options?: FaultStageOptions): Promise<FaultStage>;
  count(what: string, by?: number): void;
  /** The count so far under this name. */
  counted(what: string): number;
  /** The largest of what is given under one name. */
  atMost(what: string, value: number): void;
  time(what: string, ms: number): void;
  /** How long something promised within so many ms may take here: a small run is no measure of how quick a machine is. */
  within(ms: number): number;
  violate(...sentences: string[]): void;
  /** Violates unless the two are the same as JSON. */
  same(what: string, found: unknown, expected: unknown): void;
}

export interface RowResult {
  name: string;
  store: StoreName;
  seed: number;
  rounds: number;
  seconds: number;
  counts: Record<string, number>;
  /** The largest of what was seen, by name. */
  maxima: Record<string, number>;
  /** By name, in ms. */
  times: Record<string, number[]>;
  /** The first hundred. */
  violations: string[];
  violationCount: number;
  /** It came to the end of its rounds. */
  isWhole: boolean;
}

const KEPT_VIOLATIONS = 100;
const LENIENCE = 10;

export interface RunRowOptions {
  seed: number;
  quick: boolean;
  rounds?: number | undefined;
  store?: StoreUnderTest;
  /** By its name in mutations.ts. */
  mutation?: string | undefined;
  /** Ends at the first violation: for a control there is nothing more to learn. */
  endOnFirst?: boolean;
}

/** Ends a row that has seen enough. */
class SeenEnough extends Error {}

/** Runs one row to its end. Never rejects: what it throws is a violation too. */
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
      const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
      result.violations.push(withoutPlace(`the row ended early: ${told}`));
    }
  }
  result.seconds = (performance.now() - startedAt) / 1000;
  return result;
}

/** The same on every machine: what is recorded goes into the docs. */
function withoutPlace(sentence: string): string {
  return sentence.replaceAll(ROOT_URL, '');
}

/** Runs `work` for 0 to `count` − 1, so many at a time. */
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
