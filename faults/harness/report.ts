import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../scripts/ensure-build.ts';
import type { FaultRow, RowResult } from './fault-row.ts';
import type { StoreName } from './store-under-test.ts';
import { addTimes, describeTimes, readTimes, type Times } from './times.ts';

/** A run of a row, as it is recorded. */
interface RecordedRun extends Pick<
  RowResult,
  'seed' | 'rounds' | 'counts' | 'maxima' | 'violations' | 'violationCount'
> {
  /** The date, YYYY-MM-DD. */
  at: string;
  seconds: number;
  times: Record<string, Times>;
}

interface RecordedControl {
  row: string;
  mutation: string;
  at: string;
  seed: number;
  /** The first violation; null when there was none. */
  seen: string | null;
}

/** A folder per store, with a file for each row and one for the controls. */
const FOLDER = path.join(ROOT, 'faults/report');
const CONTROLS_FILE = 'controls.json';
const PAGE = path.join(ROOT, 'docs/faults.md');
const KEPT_VIOLATIONS = 5;
const SEEN_LENGTH = 110;

/** Records a run beside earlier ones. A row that ended early counts no rounds. */
export function recordRun(result: RowResult): void {
  const { seed, counts, maxima, violationCount } = result;
  const file = `${result.name}.json`;
  const run: RecordedRun = {
    at: today(),
    seed,
    rounds: result.isWhole ? result.rounds : 0,
    seconds: Math.round(result.seconds),
    counts,
    maxima,
    times: Object.fromEntries(Object.entries(result.times).map(([what, values]) => [what, readTimes(values)])),
    violationCount,
    violations: result.violations.slice(0, KEPT_VIOLATIONS),
  };
  keep(result.store, file, [...recall<RecordedRun>(result.store, file), run]);
}

/** Records a control in place of its earlier run. */
export function recordControl(store: StoreName, mutation: string, { name, seed, violations }: RowResult): void {
  const [first] = violations;
  const seen = first === undefined ? null : (first.split('\n')[0] ?? '').slice(0, SEEN_LENGTH);
  const others = recall<RecordedControl>(store, CONTROLS_FILE).filter(
    (control) => control.row !== name || control.mutation !== mutation,
  );
  keep(store, CONTROLS_FILE, [...others, { row: name, mutation, at: today(), seed, seen }]);
}

/** Writes the recorded runs and controls into docs/faults.md, between its marks. */
export function writeReport(rows: readonly FaultRow[], stores: readonly StoreName[]): void {
  let page = readFileSync(PAGE, 'utf8');
  for (const store of stores) {
    page = replaceBetween(page, `report ${store}`, formatReport(rows, store));
    page = replaceBetween(page, `controls ${store}`, formatControls(rows, store));
  }
  writeFileSync(PAGE, page);
}

function formatReport(rows: readonly FaultRow[], store: StoreName): string {
  const lines = rows.flatMap((row) => {
    const runs = recall<RecordedRun>(store, `${row.name}.json`);
    return runs.length === 0 ? [] : [formatRow(row, runs)];
  });
  if (lines.length === 0) return 'Nothing has been recorded yet.';
  return [
    '| row | promise | faults | rounds run, of | counted | times | violations | seeds |',
    '|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function formatRow(row: FaultRow, runs: readonly RecordedRun[]): string {
  const counts: Record<string, number> = {};
  const maxima: Record<string, number> = {};
  const times: Record<string, Times> = {};
  for (const run of runs) {
    for (const [what, count] of Object.entries(run.counts)) counts[what] = (counts[what] ?? 0) + count;
    for (const [what, value] of Object.entries(run.maxima)) maxima[what] = Math.max(maxima[what] ?? 0, value);
    for (const [what, more] of Object.entries(run.times)) times[what] = addTimes(times[what], more);
  }
  const sum = (of: (run: RecordedRun) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const list = (values: Record<string, number>): string[] =>
    Object.entries(values).map(([what, value]) => `${what} ${value.toLocaleString('en')}`);
  const cells = [
    row.name,
    row.promise,
    row.fault,
    `${sum(({ rounds }) => rounds).toLocaleString('en')} of ${row.rounds.full.toLocaleString('en')}`,
    [...list(counts), ...list(maxima)].join('; '),
    Object.entries(times)
      .map(([what, values]) => `${what}: ${describeTimes(values)}`)
      .join('; ') || '–',
    String(sum(({ violationCount }) => violationCount)),
    runs.map(({ seed }) => seed).join(', '),
  ];
  return `| ${cells.map(escape).join(' | ')} |`;
}

function formatControls(rows: readonly FaultRow[], store: StoreName): string {
  const controls = recall<RecordedControl>(store, CONTROLS_FILE);
  const lines = rows.flatMap(({ name }) =>
    controls
      .filter(({ row }) => row === name)
      .toSorted((a, b) => a.mutation.localeCompare(b.mutation))
      .map(
        ({ mutation, seen, seed }) =>
          `| ${[name, mutation, seen ?? '**nothing**', String(seed)].map(escape).join(' | ')} |`,
      ),
  );
  if (lines.length === 0) return 'Nothing has been recorded yet.';
  return ['| row | the rule broken | what was seen | seed |', '|---|---|---|---|', ...lines].join('\n');
}

/** The page as it is, when it does not have the marks. */
function replaceBetween(page: string, mark: string, text: string): string {
  const [begin, end] = [`<!-- ${mark} -->`, `<!-- end of ${mark} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  return from < 0 || to < from ? page : `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`;
}

function escape(cell: string): string {
  return cell
    .replaceAll('|', String.raw`\|`)
    .replaceAll('<', '&lt;')
    .replaceAll('\n', ' ');
}

function recall<Kept>(store: StoreName, file: string): Kept[] {
  const place = path.join(FOLDER, store, file);
  return existsSync(place) ? (JSON.parse(readFileSync(place, 'utf8')) as Kept[]) : [];
}

function keep(store: StoreName, file: string, kept: readonly unknown[]): void {
  mkdirSync(path.join(FOLDER, store), { recursive: true });
  const lines = kept.map((one) => JSON.stringify(one));
  writeFileSync(path.join(FOLDER, store, file), `[\n${lines.join(',\n')}\n]\n`);
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}
