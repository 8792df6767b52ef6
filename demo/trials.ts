import type { Cursor } from '#shared/cursor.ts';
import type { LogRecord } from './log/log-record.ts';

/** One click on a button that breaks something, and its outcome. */
export interface Trial {
  /** `performance.now()` of the click. */
  readonly startedAt: number;
  /** The time of the click, ms since the epoch. */
  readonly pulledAt: number;
  /** The outcome has been shown. */
  readonly isSaid: boolean;
  /** The cursor at that time, as `2-57`. */
  place(): string;
  moveTo(cursor: Cursor): void;
  /** Entries lost and doubled since. */
  tally(): string;
  /** Shows a text while it goes on. */
  say(text: string): void;
  /** Shows the outcome, and has it read out. */
  conclude(text: string): void;
  /** Adds a sentence to the outcome. */
  add(text: string): void;
}

/** Creates the trials of the steps under `root`; each step shows its newest one. */
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
