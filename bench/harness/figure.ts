import { median, summarise, type Sample } from './statistics.ts';

/** One line of the table: a ratio against a baseline of the same run, and the values behind it. */
export interface Figure {
  /** Name of the measurement. */
  what: string;
  /** The median of the rounds. */
  ours: number;
  /** The median of the rounds. */
  baseline: number;
  unit: string;
  /** The ratios of the rounds. */
  ratio: Sample;
  /** Null for a figure that is for information only. */
  goal: Goal | null;
  /** Null without a goal. */
  met: boolean | null;
  note?: string;
}

/** A bound on the ratio's median, or on that of our own values, in the figure's unit. */
export interface Goal {
  kind: 'at-most' | 'at-least';
  of: 'ratio' | 'ours';
  value: number;
}

/** The values of a figure. */
export interface FigureInput {
  what: string;
  unit: string;
  /** A value per round, in the order of the rounds. */
  ours: readonly number[];
  baseline: readonly number[];
  /** `ours/baseline` for a ratio of costs or of speeds; `baseline/ours` for a ratio of speeds from measured costs. */
  as: 'ours/baseline' | 'baseline/ours';
  goal?: Goal | undefined;
  note?: string;
}

/** A ratio of `value` or less. */
export const atMost = (value: number): Goal => ({ kind: 'at-most', of: 'ratio', value });
/** A ratio of `value` or more. */
export const atLeast = (value: number): Goal => ({ kind: 'at-least', of: 'ratio', value });
/** Our own value, `value` or less, in the figure's unit. */
export const oursAtMost = (value: number): Goal => ({ kind: 'at-most', of: 'ours', value });

/** A figure from the values of its rounds. */
export function createFigure({ what, unit, as, note, ...input }: FigureInput): Figure {
  const ratio = summarise(
    input.ours.map((value, round) => {
      const other = input.baseline[round] ?? Number.NaN;
      return as === 'ours/baseline' ? value / other : other / value;
    }),
  );
  const ours = median(input.ours);
  const goal = input.goal ?? null;
  return {
    what,
    ours,
    baseline: median(input.baseline),
    unit,
    ratio,
    goal,
    met: goal && isMet(goal, goal.of === 'ratio' ? ratio.median : ours),
    ...(note === undefined ? {} : { note }),
  };
}

function isMet({ kind, value: bound }: Goal, value: number): boolean {
  return kind === 'at-most' ? value <= bound : value >= bound;
}
