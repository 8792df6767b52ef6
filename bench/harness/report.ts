import { availableParallelism, cpus, loadavg } from 'node:os';
import type { Figure } from './figure.ts';

export interface BenchResult {
  name: string;
  seconds: number;
  figures: Figure[];
  /** Why there are no figures. */
  error?: string;
}

export interface Report {
  /** ISO date of the run. */
  date: string;
  node: string;
  machine: string;
  quick: boolean;
  /** Processes that were running or wanted to, over the last minute of the run: far above the cores, it was noisy. */
  load: number;
  results: BenchResult[];
}

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

/** The report as a Markdown table, so that it reads the same in a terminal and in a document. */
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
    goal === null ? '' : `${goal.kind === 'at-most' ? '≤' : '≥'} ${goal.value}`,
    met === null ? '' : met ? 'met' : 'MISSED',
  ];
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
