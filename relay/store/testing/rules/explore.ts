/** A small model, of which `explore` searches every state. */
export interface Model<State> {
  readonly initial: State;
  /**
   * Everything that can happen next. A `step` happens sooner or later if nothing else does; a `fault` may or may not.
   * States are never changed in place, so that they can share their parts.
   */
  steps(state: State, take: Take<State>): void;
  /** Adds the state to `row` as whole numbers. States with equal rows are the same, or mirror each other. */
  encode(state: State, row: number[]): void;
  /** The violation in a state that may occur at any time, or null. */
  broken(state: State): Violation | null;
  /** The violation in a state in which only faults can still happen, or null. */
  unfinished(state: State): Violation | null;
}

/** Is called for each thing that can happen next. */
export type Take<State> = (label: string, next: State, kind?: 'step' | 'fault') => void;

/** Something that must not happen. */
export interface Violation {
  /** The violation, in the words of docs/rules.md. */
  kind: string;
  detail: string;
}

/** A violation, and a way to it. */
export interface Counterexample extends Violation {
  /** What happened, in order. */
  trace: string[];
}

/** Result of a search. */
export interface Outcome {
  states: number;
  transitions: number;
  /** Steps to the farthest state. */
  depth: number;
  /** States in which only faults could happen any more. */
  atRest: number;
  counterexample: Counterexample | null;
}

/**
 * Searches every state that a model can reach, breadth first, so that the first counterexample is a shortest one.
 *
 * @throws Error when there are more than `maxStates` states: an incomplete search proves nothing.
 */
export function explore<State>(model: Model<State>, { maxStates }: { maxStates: number }): Outcome {
  const seen = createRowSet();
  const row: number[] = [];
  const labels = createLabels();
  /** By number of state: the state that it was first reached from, and by which label. */
  const parents: number[] = [-1];
  const reachedBy: number[] = [-1];
  let transitions = 0;
  let depth = 0;
  let atRest = 0;

  function isNew(state: State): boolean {
    row.length = 0;
    model.encode(state, row);
    const { high, low } = hashRow(row);
    return seen.add(high, low);
  }

  function outcome(violation: Violation | null, at: number): Outcome {
    const trace: string[] = [];
    for (let number = at; number > 0; number = parents[number] ?? 0) trace.unshift(labels.text(reachedBy[number] ?? 0));
    const counterexample = violation && { ...violation, trace };
    return { states: parents.length, transitions, depth, atRest, counterexample };
  }

  isNew(model.initial);
  const atOnce = model.broken(model.initial);
  if (atOnce) return outcome(atOnce, 0);

  let frontier = [{ number: 0, state: model.initial }];
  while (frontier.length > 0) {
    const reached: typeof frontier = [];
    for (const { number, state } of frontier) {
      let goesOn = false;
      let found: { violation: Violation; at: number } | null = null;
      model.steps(state, (label, next, kind = 'step') => {
        transitions += 1;
        if (kind === 'step') goesOn = true;
        if (found || !isNew(next)) return;
        const at = parents.push(number) - 1;
        reachedBy.push(labels.number(label));
        reached.push({ number: at, state: next });
        const violation = model.broken(next);
        if (violation) found = { violation, at };
      });
      if (found) return outcome((found as { violation: Violation }).violation, (found as { at: number }).at);
      if (!goesOn) {
        atRest += 1;
        const violation = model.unfinished(state);
        if (violation) return outcome(violation, number);
      }
      if (parents.length > maxStates) throw new Error(`more than ${maxStates} states: choose smaller bounds`);
    }
    frontier = reached;
    if (reached.length > 0) depth += 1;
  }
  return outcome(null, 0);
}

/** Keeps each label once: labels are few and states are many. */
function createLabels(): { number(label: string): number; text(number: number): string } {
  const numbers = new Map<string, number>();
  const texts: string[] = [];
  return {
    number(label) {
      let number = numbers.get(label);
      if (number === undefined) {
        number = texts.push(label) - 1;
        numbers.set(label, number);
      }
      return number;
    },
    text: (number) => texts[number] ?? '',
  };
}

/** A hash of 64 bits: the odds that any two of a million rows share one are one in forty million. */
function hashRow(row: readonly number[]): { high: number; low: number } {
  let high = 0x9e3779b9;
  let low = 0x85ebca6b;
  for (const value of row) {
    high = Math.imul(high ^ value, 0xcc9e2d51);
    high = ((high << 15) | (high >>> 17)) + 0x52dce729;
    low = Math.imul(low ^ (value + 0x27d4eb2f), 0x1b873593);
    low = ((low << 13) | (low >>> 19)) ^ high;
  }
  return { high: finish(high ^ row.length), low: finish(low + high) };
}

function finish(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** A set of pairs of 32-bit numbers in two flat arrays: a Set of strings takes five times as much time and memory. */
function createRowSet(): { add(high: number, low: number): boolean } {
  let size = 0;
  let highs = new Int32Array(1 << 16);
  let lows = new Int32Array(1 << 16);

  /** Returns false when the pair is in the set already. The pair 0, 0 marks a free place. */
  function put(high: number, low: number): boolean {
    const mask = highs.length - 1;
    let place = (high ^ (low >>> 7)) & mask;
    while (highs[place] !== 0 || lows[place] !== 0) {
      if (highs[place] === high && lows[place] === low) return false;
      place = (place + 1) & mask;
    }
    highs[place] = high;
    lows[place] = low;
    return true;
  }

  return {
    add(high, low) {
      if (!put(high, high === 0 && low === 0 ? 1 : low)) return false;
      size += 1;
      if (size * 2 > highs.length) {
        const [oldHighs, oldLows] = [highs, lows];
        highs = new Int32Array(oldHighs.length * 2);
        lows = new Int32Array(oldHighs.length * 2);
        for (let place = 0; place < oldHighs.length; place += 1) {
          const [oldHigh = 0, oldLow = 0] = [oldHighs[place], oldLows[place]];
          if (oldHigh !== 0 || oldLow !== 0) put(oldHigh, oldLow);
        }
      }
      return true;
    },
  };
}
