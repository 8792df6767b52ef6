import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Figure, Goal } from './figure.ts';

/** The outcome of one bench. */
export interface BenchResult {
  name: string;
  seconds: number;
  figures: Figure[];
  /** Why the bench failed, if it has. */
  error?: string;
}

/** A run of the benchmark. */
export interface Report {
  /** When the run ended, as an ISO date. */
  date: string;
  node: string;
  machine: string;
  quick: boolean;
  /** The load average over the run's last minute. A run with far more than the number of cores was noisy. */
  load: number;
  results: BenchResult[];
}

/** The report of these results, with what is known of the machine. */
export function createReport(results: BenchResult[], quick: boolean): Report {
  return {
    date: new Date().toISOString(),
    node: process.version,
    machine: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}`,
    quick,
    load: loadavg()[0] ?? 0,
    results,
  };
}

/** The report as a Markdown table, for the terminal and for documents. */
export function formatReport(report: Report): string {
  const head = ['bench', 'what', 'ours', 'baseline', 'ratio', 'rounds (min–max)', 'goal', ''];
  const rows = report.results.flatMap((result) =>
    result.error === undefined
      ? result.figures.map((figure) => formatFigure(result.name, figure))
      : [[result.name, `not measured: ${firstLine(result.error)}`, '', '', '', '', '', 'ERROR']],
  );
  const notes = report.results.flatMap((result) =>
    result.figures.flatMap((figure) =>
      figure.note === undefined ? [] : [`- ${result.name}, ${figure.what}: ${figure.note}`],
    ),
  );
  const title = `${report.date.slice(0, 16)}Z, Node ${report.node}, ${report.machine}, load ${round(report.load)}${report.quick ? ', --quick' : ''}`;
  return [title, '', ...table([head, ...rows]), ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

function formatFigure(name: string, figure: Figure): string[] {
  const { ratio, goal, met } = figure;
  return [
    name,
    figure.what,
    `${round(figure.ours)} ${figure.unit}`,
    `${round(figure.baseline)} ${figure.unit}`,
    round(ratio.median),
    `${ratio.rounds} (${round(ratio.min)}–${round(ratio.max)})`,
    goal === null ? '' : formatGoal(goal, figure.unit),
    met === null ? '' : met ? 'met' : 'MISSED',
  ];
}

function formatGoal({ kind, of, value }: Goal, unit: string): string {
  const bound = `${kind === 'at-most' ? '≤' : '≥'} ${value}`;
  return of === 'ratio' ? bound : `${bound} ${unit}`;
}

/** Three significant digits, without an exponent. */
function round(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-GB');
  return String(Number(value.toPrecision(3)));
}

function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body.map(line)];
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
