import { expect, it } from 'vitest';
import { checkAgreement, checkHistory } from './check-history.ts';
import type { Received } from '../client/viewer.ts';
import { START, type WireFrame } from '../client/wire.ts';

const submitted = { id: '10-0', message: { type: 'message', prev: START, runId: 'r' } };
const started = { id: '20-0', message: { type: 'metadata', status: 'started', prev: '10-0', runId: 'r' } };
const first = { id: '20-1', message: { type: 'chunk', runId: 'r', chunk: { type: 'text-delta', delta: 'a' } } };
const merged = { id: '20-4', message: { type: 'chunk', from: '20-2', runId: 'r', chunk: { type: 'text-delta' } } };
const completed = { id: '20-5', message: { type: 'metadata', status: 'completed', runId: 'r' } };
const whole = [submitted, started, first, merged, completed];

/** A viewer that believes whatever comes, on one connection. */
function see(frames: WireFrame[]): Received[] {
  return frames.map((frame, position) => ({
    frame,
    position,
    connection: 1,
    at: frames[position - 1]?.id ?? START,
    seenAt: position,
  }));
}

it('finds nothing wrong with a whole history', () => {
  expect(checkHistory(see(whole), { snapshots: 'first' })).toEqual([]);
});

it.each([
  ['a chunk is missing', [submitted, started, first, completed], 'a gap'],
  ['the claim is missing', [submitted, first, merged, completed], 'a gap'],
  ['the beginning is missing', [started, first, merged, completed], 'a gap'],
  ['a chunk comes twice', [submitted, started, first, first, merged, completed], 'a repetition'],
  [
    'a merged frame begins too early',
    [submitted, started, first, { ...merged, message: { ...merged.message, from: '20-1' } }],
    'a gap',
  ],
  ['the run ends twice', [...whole, { ...completed, id: '20-6' }], 'after the terminal message'],
  ['a chunk comes after the end', [...whole, { ...first, id: '20-6' }], 'after the terminal message'],
  [
    'a snapshot comes unasked',
    [...whole, { id: '20-5', message: { type: 'snapshot', messages: [] } }],
    'an unasked snapshot',
  ],
])('sees it when %s', (_, frames, violation) => {
  expect(checkHistory(see(frames), { snapshots: 'first' })[0]).toContain(violation);
});

it('sees two histories under the same id', () => {
  const other = { ...first, message: { ...first.message, chunk: { type: 'text-delta', delta: 'b' } } };
  expect(checkAgreement([see(whole), see(whole)])).toEqual([]);
  expect(checkAgreement([see(whole), see([submitted, started, other])])).toHaveLength(1);
});
