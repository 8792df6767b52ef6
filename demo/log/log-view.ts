import type { EntryRow, RemarkRow, Row } from './rows.ts';
import type { LogRecord } from './log-record.ts';

/** Columns of lanes; the next lane begins again at the first. */
export const COLUMNS = 4;
const TAIL = 16;
const HEAD = 14;

/** Creates a view that draws a record's rows into a list: only those that have changed. */
export function createLogView(list: HTMLElement, earlier: HTMLElement): { draw(record: LogRecord): void } {
  const drawn = new Map<number, { element: HTMLElement; version: number }>();
  let following = true;
  list.addEventListener(
    'scroll',
    () => {
      following = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
    },
    { passive: true },
  );

  function drawRow(row: Row): void {
    const known = drawn.get(row.id);
    if (known?.version === row.version) return;
    if (known && row.kind === 'entry') {
      fillEntry(known.element, row);
      known.version = row.version;
      return;
    }
    const element = list.appendChild(document.createElement('li'));
    if (row.kind === 'entry') fillEntry(element, row);
    else fillRemark(element, row);
    drawn.set(row.id, { element, version: row.version });
  }

  return {
    draw(record) {
      const kept = new Set(record.rows.map(({ id }) => id));
      for (const [id, { element }] of drawn) {
        if (kept.has(id)) continue;
        element.remove();
        drawn.delete(id);
      }
      for (const row of record.rows) drawRow(row);
      earlier.hidden = record.droppedRows === 0;
      if (!earlier.hidden)
        setText(earlier, `${record.droppedRows.toLocaleString('en-GB')} earlier lines are not shown`);
      if (following) list.scrollTop = list.scrollHeight;
    },
  };
}

function fillEntry(element: HTMLElement, row: EntryRow): void {
  if (element.childElementCount === 0) {
    element.className = `entry ${laneClass(row.lane.number)}`;
    for (const name of ['id', 'label', 'text']) element.appendChild(document.createElement('span')).className = name;
    if (row.former) {
      const [from, to] = [columnOf(row.former.number), columnOf(row.lane.number)];
      element.classList.add('jump', `from-${from}`);
      element.classList.toggle('back', from > to);
    }
    if (row.merged) element.classList.add('merged');
    if (row.isSnapshot) element.classList.add('snapshot');
    if (row.label.endsWith('-delta')) element.classList.add('delta');
  }
  const [id, label, text] = element.children;
  const { number, fence } = row.lane;
  const count = row.last - row.first + 1;
  const range = count > 1 ? `${row.first}…${row.last}` : String(row.last);
  element.title = `${fence}-${row.last}${row.prev === null ? '' : `, prev ${row.prev}`}`;
  setText(id, row.isSnapshot ? `to ${number}-${row.last}` : `${number}-${range}`);
  setText(label, `${row.label}${count > 1 && !row.isSnapshot ? ` ×${count.toLocaleString('en-GB')}` : ''}`);
  const merged = row.merged ? 'one frame: ' : '';
  setText(text, `${merged}${shorten(row.text)}${row.prev === null ? '' : ` prev ${row.prev}`}`);
}

function fillRemark(element: HTMLElement, { lane, tone, text }: RemarkRow): void {
  element.className = `remark ${tone} ${laneClass(lane?.number ?? 1)}`;
  element.append(text);
}

/** The class of a lane's column. */
export function laneClass(number: number): string {
  return `lane-${columnOf(number)}`;
}

function columnOf(number: number): number {
  return (number - 1) % COLUMNS;
}

function shorten(text: string): string {
  const line = text.length > 400 ? `${text.slice(0, 200)}\u0000${text.slice(-200)}` : text;
  const plain = line.replaceAll(/\s+/g, ' ');
  return plain.length > HEAD + TAIL + 8
    ? `${plain.slice(0, HEAD)} … ${plain.slice(-TAIL)}`
    : plain.replace('\u0000', ' … ');
}

function setText(element: Element | undefined, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}
