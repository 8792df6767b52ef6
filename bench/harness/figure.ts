import { median, summarise, type Sample } from './statistics.ts';

/** One line of the table: a ratio against a baseline of the same run, and the absolute figures behind it. */
export interface Figure {
  /** What was measured, in words that say which way is better. */
  what: string;
  ours: number;
  baseline: number;
  unit: string;
  /** The median of the rounds' own ratios, and how far they lay apart. */
  ratio: Sample;
  /** Null: for information only. */
  goal: Goal | null;
  /** Null when there is no goal. */
  met: boolean | null;
  note?: string;
}

export interface Goal {
  kind: 'at-most' | 'at-least';
  value: number;
}

export interface FigureInput {
  what: string;
  unit: string;
  /** One value per round, in the order of the rounds. */
  ours: readonly number[];
  baseline: readonly number[];
  /** `ours/baseline`: a cost. `baseline/ours`: a speed, when both were measured as costs. */
  as: 'ours/baseline' | 'baseline/ours';
  goal?: Goal | undefined;
  note?: string;
}

export const atMost = (value: number): Goal => ({ kind: 'at-most', value });
export const atLeast = (value: number): Goal => ({ kind: 'at-least', value });

export function createFigure(input: FigureInput): Figure {
  const ratios = input.ours.map((value, round) => {
    const other = input.baseline[round] ?? Number.NaN;
    return input.as === 'ours/baseline' ? value / other : other / value;
  });
  const ratio = summarise(ratios);
  const goal = input.goal ?? null;
  return {
    what: input.what,
    unit: input.unit,
    ours: median(input.ours),
    baseline: median(input.baseline),
    ratio,
    goal,
    met: goal === null ? null : goal.kind === 'at-most' ? ratio.median <= goal.value : ratio.median >= goal.value,
    ...(input.note === undefined ? {} : { note: input.note }),
  };
}
