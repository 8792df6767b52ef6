import { expect, it } from 'vitest';
import type { StreamMessage } from '#shared/protocol.ts';
import type { IncomingFrame } from '#widget/session/read-events.ts';
import { createLogRecord, type Moment } from './log-record.ts';
import { MAX_ROWS } from './rows.ts';

const RUN = { runId: 'r', messageId: 'r' };

function open() {
  const moments: Moment[] = [];
  const record = createLogRecord({ onChange: () => {}, onMoment: (moment) => moments.push(moment), clock: () => 0 });
  record.opened('session', null);
  const frame = (id: string, message: StreamMessage, place: Partial<IncomingFrame> = {}) =>
    record.event({ type: 'frame', frame: { id, from: undefined, prev: undefined, message, ...place } });
  const text = (id: string, delta: string, from?: string) =>
    frame(id, { type: 'chunk', runId: 'r', chunk: { type: 'text-delta', id: 't', delta } }, { from });
  const metadata = (id: string, status: 'started' | 'restarted' | 'completed', attempt: number, prev?: string) =>
    frame(
      id,
      { type: 'metadata', status, attempt, ...RUN, ...(status === 'restarted' ? { reset: true, steps: 0 } : {}) },
      { prev },
    );
  const prompt = (id: string, prev: string) =>
    frame(
      id,
      { type: 'message', runId: 'r', message: { id: 'm', role: 'user', parts: [{ type: 'text', text: 'Hi' }] } },
      { prev },
    );
  const shown = () =>
    record.rows.map((row) =>
      row.kind === 'remark' ? row.text : `${row.lane.number}-${row.first}…${row.last} ${row.label}`,
    );
  return { record, moments, text, metadata, prompt, shown };
}

/** A prompt, taken by a relay that writes two words. */
function begin() {
  const log = open();
  log.prompt('1000-0', '0-0');
  log.metadata('2000-0', 'started', 1, '1000-0');
  log.text('2000-1', 'Hello ');
  log.text('2000-2', 'world ');
  return log;
}

it('numbers the fences in the order in which they come, and puts live deltas into one row', () => {
  const { record, shown } = begin();
  expect(record.lanes.all.map(({ number, fence, received }) => [number, fence, received])).toEqual([
    [1, 1000, 1],
    [2, 2000, 3],
  ]);
  expect(shown().at(-1)).toBe('2-1…2 text-delta');
  expect(record.counts).toEqual({ entries: 4, frames: 4, lost: 0, doubled: 0 });
});

it('tells where the relay died, what came on the next line, and that another one took over', () => {
  const { record, moments, text, metadata, shown } = begin();
  record.expectBreak('kill');
  record.closed();
  record.opened('session', '2000-2');
  text('2000-5', 'one two three', '2000-3');
  metadata('3000-0', 'restarted', 2, '2000-5');
  record.event({ type: 'ping' });
  metadata('3000-1', 'completed', 2);
  expect(shown().slice(5)).toEqual([
    'The relay died here (kill -9). This page has all up to 2-2.',
    '2-3…5 text-delta',
    '3-0…0 restarted',
    expect.stringContaining('fence raised from 2 to 3'),
    'Your viewer continued after 2-2: 4 entries in 2 frames.',
    '3-1…1 completed',
    expect.stringContaining('Whole.'),
  ]);
  expect(record.counts).toEqual({ entries: 9, frames: 7, lost: 0, doubled: 0 });
  expect(record.connections).toBe(2);
  expect(moments.map(({ kind }) => kind)).toEqual(['text', 'text', 'broke', 'text', 'took-over', 'caught-up', 'ended']);
});

it('counts what a line leaves out and what it brings twice, by the rule that clients follow', () => {
  const { record, text, metadata } = begin();
  text('2000-2', 'world ');
  expect(record.counts).toMatchObject({ entries: 4, lost: 0, doubled: 1 });
  text('2000-6', 'later');
  expect(record.counts).toMatchObject({ entries: 5, lost: 3, doubled: 1 });
  metadata('3000-0', 'restarted', 2, '2000-8');
  expect(record.counts).toMatchObject({ entries: 6, lost: 5, doubled: 1 });
});

it('counts only the part of a merged frame that came before', () => {
  const { record, text } = begin();
  text('2000-4', 'world again more', '2000-2');
  expect(record.counts).toEqual({ entries: 6, frames: 5, lost: 0, doubled: 1 });
});

it('keeps few rows however long the answer gets, and the turns among them', () => {
  const { record, text, shown } = begin();
  for (let seq = 3; seq < 20_000; seq += 1) text(`2000-${seq}`, 'word ');
  expect(record.rows.length).toBeLessThan(12);
  expect(shown().slice(0, 4)).toEqual(['1-0…0 prompt', expect.any(String), '2-0…0 started', expect.any(String)]);
  const rows = record.rows.flatMap((row) => (row.kind === 'entry' && row.lane.number === 2 ? [row] : []));
  expect(rows.every((row, index) => index === 0 || row.first === (rows[index - 1]?.last ?? 0) + 1)).toBe(true);
  expect(rows.at(-1)?.last).toBe(19_999);
  expect(Math.max(...rows.map((row) => row.text.length))).toBeLessThan(200);
  for (let index = 0; index < 2 * MAX_ROWS; index += 1) record.remark({ tone: 'plain', text: String(index) });
  expect(record.rows).toHaveLength(MAX_ROWS);
  expect(record.droppedRows).toBeGreaterThan(MAX_ROWS);
});

it('begins anew with another conversation', () => {
  const { record } = begin();
  record.opened('another', null);
  expect(record).toMatchObject({ sessionId: 'another', cursor: '0-0', connections: 1, counts: { entries: 0 } });
  expect(record.rows).toHaveLength(0);
});
