import { expect, it } from 'vitest';
import type { WireFrame } from '../client/wire.ts';
import { checkResume } from './check-resume.ts';

const chunk = (id: string): WireFrame => ({ id, message: { type: 'chunk', runId: 'r' } });
const submitted: WireFrame = { id: '30-0', message: { type: 'message', prev: '20-2' } };
const started: WireFrame = { id: '40-0', message: { type: 'metadata', status: 'started', prev: '30-0' } };
const second = [submitted, started, chunk('40-1'), chunk('40-2')];
const snapshot: WireFrame = { id: '20-2', message: { type: 'snapshot', messages: [] } };
/** The first run ends with 20-2, the second with 40-2. */
const TERMINALS = ['40-2', '20-2'];

it.each([
  ['it continues from a cursor to the end of the run', '20-1', '20-1', [chunk('20-2')]],
  ['it goes through the end of one run to the end of the next', '20-1', '30-0', [chunk('20-2'), ...second]],
  ['it begins with a snapshot and goes on from there', undefined, '40-1', [snapshot, ...second]],
  ['nothing follows the cursor', '40-2', '40-2', []],
  ['a run began while the relay was reading', '20-1', '20-2', [chunk('20-2'), submitted]],
])('passes when %s', (_, after, known, frames) => {
  expect(checkResume({ after, known, frames }, TERMINALS)).toEqual([]);
});

it.each([
  [
    'it ends with a run that had ended, though another was active',
    '20-1',
    '30-0',
    [chunk('20-2')],
    'which was written',
  ],
  ['it ends when the viewer has caught up, in the middle of a run', '20-2', '40-1', second.slice(0, 3), 'before 40-2'],
  ['it is empty though the run goes on', '40-1', '40-1', [], 'before 40-2'],
  ['a frame is missing', '20-2', '40-1', second.toSpliced(2, 1), 'does not follow 40-0'],
  ['a snapshot comes late', '20-1', '20-1', [chunk('20-2'), snapshot], 'a snapshot in the middle'],
  ['the snapshot is older than the cursor', '40-1', '40-1', [snapshot, ...second], 'older than the cursor'],
])('is a violation when %s', (_, after, known, frames, sentence) => {
  expect(checkResume({ after, known, frames }, TERMINALS).join()).toContain(sentence);
});
