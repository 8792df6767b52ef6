import type { Cursor } from '#shared/cursor.ts';
import type { LogRecord } from './log/log-record.ts';

/** One pull of a lever, and what came of it. */
export interface Trial {
  /** `performance.now()` of the pull. */
  readonly startedAt: number;
  /** The same by the clock on the wall, ms since the epoch. */
  readonly pulledAt: number;
  /** Its outcome has been told. */
  readonly isSaid: boolean;
  /** Where the line was; `2-57`. */
  place(): string;
  moveTo(cursor: Cursor): void;
  /** What was lost and what came twice since. */
  tally(): string;
  /** Tells how it stands. */
  say(text: string): void;
  /** Tells the outcome, also to those who listen. */
  conclude(text: string): void;
  /** Adds a sentence to the outcome. */
  add(text: string): void;
}

/** Trials of the steps under `root`; a step shows the newest of its own. */
export function createTrials(root: HTMLElement, record: LogRecord): { begin(step: string): Trial } {
  const announcer = root.querySelector<HTMLElement>('.announcer');
  const newest = new Map<string, object>();

  return {
    begin(step) {
      const item = root.querySelector<HTMLElement>(`[data-step="${step}"]`);
      const result = item?.querySelector<HTMLElement>('.result');
      const { lost, doubled } = record.counts;
      const { lanes } = record;
      const token = {};
      newest.set(step, token);
      let cursor = record.cursor;
      let isSaid = false;

      function show(text: string): void {
        if (!item || !result || newest.get(step) !== token || result.textContent === text) return;
        result.textContent = text;
        item.classList.add('tried');
      }

      function conclude(text: string): void {
        isSaid = true;
        show(text);
        item?.classList.add('done');
        if (announcer) announcer.textContent = text;
      }

      return {
        startedAt: performance.now(),
        pulledAt: Date.now(),
        get isSaid() {
          return isSaid;
        },
        place: () => lanes.shorten(cursor),
        moveTo(to) {
          cursor = to;
        },
        tally: () => `${record.counts.lost - lost} lost, ${record.counts.doubled - doubled} doubled`,
        say: show,
        conclude,
        add(text) {
          const told = newest.get(step) === token ? (result?.textContent ?? '') : '';
          conclude(`${told} ${text}`.trim());
        },
      };
    },
  };
}
