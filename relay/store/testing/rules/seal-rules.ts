import { compareCursors, follows, formatCursor, START, type Cursor } from '#shared/cursor.ts';
import type { Model, Take } from './explore.ts';

/** The rules of sealing, each of which can be left out. */
export interface SealRules {
  /** A transcript is replaced only if it still stands for the cursor that it stood for when it was read. */
  compareAndSet: boolean;
  /** A sealer reads the transcript and the log in one view. */
  sealerReadsAtOnce: boolean;
  /** A viewer's snapshot and what follows it are read in one view. */
  snapshotAtOnce: boolean;
  /** Only runs that have ended are sealed. */
  finishedRunsOnly: boolean;
  /** Entries that are not in the transcript stay in the log. */
  trimWithinTranscript: boolean;
  /** A read gives entries only if they follow its cursor, else a snapshot. */
  readsFollow: boolean;
}

/** All rules kept, as in the product. */
export const SEALED_AS_BUILT: SealRules = {
  compareAndSet: true,
  sealerReadsAtOnce: true,
  snapshotAtOnce: true,
  finishedRunsOnly: true,
  trimWithinTranscript: true,
  readsFollow: true,
};

/** How far a search goes. */
export interface SealBounds {
  /** Each run is two entries: the prompt and the terminal message. */
  runs: number;
  /** Tries of each of the two sealers. */
  seals: number;
}

/** Entries are numbered 1, 2, 3 … over all runs: an odd one begins a run, an even one ends it. */
type Numbers = readonly number[];

interface View {
  readonly transcript: Numbers;
  readonly sealedTo: number;
  /** Entries of the log; null while only the transcript was read. */
  readonly log: Numbers | null;
}

interface SealState {
  readonly written: number;
  /** Entries up to this one were trimmed. */
  readonly trimmed: number;
  readonly transcript: Numbers;
  readonly sealedTo: number;
  readonly sealers: readonly [View | null, View | null];
  readonly sealsLeft: readonly [number, number];
  /** A viewer without a cursor: what it has read so far, and what it was shown. */
  readonly newcomer: { readonly view: View | null; readonly shown: Numbers | null };
  /** A viewer that starts at the first entry and reads one entry at a time. */
  readonly reader: Numbers;
}

/** The model of a transcript, its log, two sealers and two viewers. */
export function createSealModel(changes: Partial<SealRules>, { runs, seals }: SealBounds): Model<SealState> {
  const rules: SealRules = { ...SEALED_AS_BUILT, ...changes };

  return {
    initial: {
      written: 1,
      trimmed: 0,
      transcript: [],
      sealedTo: 0,
      sealers: [null, null],
      sealsLeft: [seals, seals],
      newcomer: { view: null, shown: null },
      reader: [1],
    },
    steps(state, take) {
      if (state.written < 2 * runs) {
        const written = state.written + 1;
        take(written % 2 ? `run ${(written + 1) / 2} begins` : `run ${written / 2} ends`, { ...state, written });
      }
      for (const sealer of [0, 1] as const) stepsOfSealer(state, sealer, take);
      stepsOfNewcomer(state, take);
      stepsOfReader(state, take);
    },
    encode({ written, trimmed, transcript, sealedTo, sealers, sealsLeft, newcomer, reader }, row) {
      row.push(written, trimmed, sealedTo, ...sealsLeft);
      for (const numbers of [transcript, reader, newcomer.shown]) pushNumbers(row, numbers);
      for (const view of [...sealers, newcomer.view]) {
        row.push(view ? view.sealedTo : -1);
        pushNumbers(row, view?.transcript ?? null);
        pushNumbers(row, view?.log ?? null);
      }
    },
    broken(state) {
      const { written, transcript, sealedTo, newcomer, reader } = state;
      const whole = compose(transcript, sealedTo, logOf(state));
      const detail = `transcript ${show(transcript)}, log ${show(logOf(state))}`;
      if (whole.length !== written || !isBeginning(whole)) return { kind: 'lost history', detail };
      if (sealedTo % 2) return { kind: 'open run sealed', detail };
      if (newcomer.shown && !isBeginning(newcomer.shown))
        return { kind: 'gap', detail: `a new viewer sees ${show(newcomer.shown)}` };
      return isBeginning(reader) ? null : { kind: 'gap', detail: `a reading viewer sees ${show(reader)}` };
    },
    unfinished: ({ written, reader }) =>
      reader.length < written ? { kind: 'left behind', detail: show(reader) } : null,
  };

  function stepsOfSealer(state: SealState, sealer: 0 | 1, take: Take<SealState>): void {
    const view = state.sealers[sealer];
    const set = (next: SealState, change: View | null): SealState => ({
      ...next,
      sealers: sealer === 0 ? [change, next.sealers[1]] : [next.sealers[0], change],
    });
    if (!view) {
      if (state.sealsLeft[sealer] === 0) return;
      const [first, second] = state.sealsLeft;
      const sealsLeft = sealer === 0 ? ([first - 1, second] as const) : ([first, second - 1] as const);
      const { transcript, sealedTo } = state;
      const log = rules.sealerReadsAtOnce ? logOf(state) : null;
      take(
        `sealer ${sealer} reads${log ? '' : ' the transcript'}`,
        set({ ...state, sealsLeft }, { transcript, sealedTo, log }),
      );
    } else if (view.log) take(`sealer ${sealer} writes`, set(seal(state, view, view.log), null));
    else take(`sealer ${sealer} reads the log`, set(state, { ...view, log: logOf(state) }));
  }

  function seal(state: SealState, view: View, log: Numbers): SealState {
    const end = rules.finishedRunsOnly ? state.written - (state.written % 2) : state.written;
    const transcript = compose(view.transcript, view.sealedTo, log).filter(
      (number) => !rules.finishedRunsOnly || number <= lastEnd(log),
    );
    const to = transcript.at(-1) ?? 0;
    const isStale = view.sealedTo !== state.sealedTo || compareCursors(cursorOf(to), cursorOf(view.sealedTo)) <= 0;
    if (to === 0 || to > end || (rules.compareAndSet && isStale)) return state;
    // The last finished run stays in the log.
    const trimTo = rules.trimWithinTranscript ? to - 2 : state.written;
    return { ...state, transcript, sealedTo: to, trimmed: Math.max(state.trimmed, trimTo) };
  }

  function stepsOfNewcomer(state: SealState, take: Take<SealState>): void {
    const { view, shown } = state.newcomer;
    if (shown) return;
    const log = logOf(state);
    const { transcript, sealedTo } = view ?? state;
    if (view || rules.snapshotAtOnce) {
      const label = view ? 'a new viewer reads the log' : 'a new viewer reads';
      take(label, { ...state, newcomer: { view: null, shown: compose(transcript, sealedTo, log) } });
    } else {
      take('a new viewer reads the transcript', {
        ...state,
        newcomer: { view: { transcript, sealedTo, log: null }, shown: null },
      });
    }
  }

  function stepsOfReader(state: SealState, take: Take<SealState>): void {
    const { reader, transcript, sealedTo } = state;
    const last = reader.at(-1) ?? 0;
    if (last === state.written) return;
    const next = logOf(state).find((number) => number > last);
    const isExact = next !== undefined && (!rules.readsFollow || follows(cursorOf(last), positionOf(next)));
    if (isExact) take('a viewer reads on', { ...state, reader: [...reader, next] });
    else take('a viewer reads on: snapshot', { ...state, reader: compose(transcript, sealedTo, logOf(state)) });
  }
}

function cursorOf(number: number): Cursor {
  return number === 0 ? START : formatCursor(Math.ceil(number / 2), (number + 1) % 2);
}

function positionOf(number: number): { id: Cursor; prev?: Cursor } {
  const id = cursorOf(number);
  return number % 2 ? { id, prev: cursorOf(number - 1) } : { id };
}

function logOf({ trimmed, written }: SealState): Numbers {
  return Array.from({ length: Math.max(0, written - trimmed) }, (_, index) => trimmed + 1 + index);
}

function lastEnd(log: Numbers): number {
  return log.findLast((number) => number % 2 === 0) ?? 0;
}

function compose(transcript: Numbers, sealedTo: number, log: Numbers): Numbers {
  return [...transcript, ...log.filter((number) => number > sealedTo)];
}

function isBeginning(numbers: Numbers): boolean {
  return numbers.every((number, index) => number === index + 1);
}

function show(numbers: Numbers): string {
  return `[${numbers.map(cursorOf).join(', ')}]`;
}

function pushNumbers(row: number[], numbers: Numbers | null): void {
  row.push(numbers ? numbers.length : -1);
  if (numbers) row.push(...numbers);
}
