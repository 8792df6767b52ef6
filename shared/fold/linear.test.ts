import { expect, it, vi } from 'vitest';
import type { ChatChunk, Frame } from '../protocol.ts';
import { EMPTY_SESSION, reduce, reduceAll } from './session.ts';

// Many entries: slow on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** The entries that each cost something else: the n-th chunk of a run. */
const mixes: Record<string, (index: number, count: number) => object> = {
  'text and reasoning in turns': (i) => {
    const kind = i % 4 < 2 ? 'text' : 'reasoning';
    return { type: `${kind}-${i % 2 === 0 ? 'start' : 'end'}`, id: `${i >> 2}` };
  },
  'tool calls and their outputs': (i) =>
    i % 2 === 0
      ? { type: 'tool-input-available', toolCallId: `c${i}`, toolName: 'weather', input: {} }
      : { type: 'tool-output-available', toolCallId: `c${i - 1}`, output: 1 },
  'inputs of many calls, by turns': (i) =>
    i < 8
      ? { type: 'tool-input-start', toolCallId: `c${i}`, toolName: 'weather' }
      : { type: 'tool-input-delta', toolCallId: `c${i % 8}`, inputTextDelta: i < 16 ? '["' : 'x' },
  'calls that ask for the same approval': (i) =>
    i % 3 === 0
      ? { type: 'tool-input-available', toolCallId: `c${i}`, toolName: 'weather', input: {} }
      : i % 3 === 1
        ? { type: 'tool-approval-request', toolCallId: `c${i - 1}`, approvalId: 'a' }
        : { type: 'tool-approval-response', approvalId: 'a', approved: true },
  sources: (i) => ({ type: 'source-url', sourceId: `s${i}`, url: 'https://example.com/' }),
  'data parts': (i, count) => ({ type: 'data-chart', id: `d${i % (count / 2)}`, data: i }),
  'message metadata': (i) => ({ type: 'message-metadata', messageMetadata: { [`k${i % 500}`]: i } }),
  'deltas of one text': (i) =>
    i === 0 ? { type: 'text-start', id: 't' } : { type: 'text-delta', id: 't', delta: 'a ' },
  'texts that are never ended': (i) =>
    i % 2 === 0 ? { type: 'text-start', id: `t${i}` } : { type: 'text-delta', id: `t${i - 1}`, delta: 'a' },
  'steps that are withdrawn': (i, count) => {
    if (i < count / 2) return { type: 'text-start', id: `t${i}` };
    return [{ type: 'start-step' }, { type: 'text-start', id: 'x' }, { type: 'reset-step' }][i % 3] ?? {};
  },
};

function framesOf(mix: (index: number, count: number) => object, count: number): Frame[] {
  const message = { id: 'u', role: 'user' as const, parts: [] };
  return [
    { id: '1-0', message: { type: 'message', runId: 'r', message } },
    { id: '2-0', message: { type: 'metadata', status: 'started', runId: 'r', messageId: 'r', attempt: 1 } },
    ...Array.from({ length: count }, (_, index): Frame => ({
      id: `2-${index + 1}`,
      message: { type: 'chunk', runId: 'r', chunk: mix(index, count) as ChatChunk },
    })),
  ];
}

function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The least of some measurements: others on the machine only ever add to it. */
function leastCpuMs(work: () => void): number {
  return Math.min(...Array.from({ length: 4 }, () => cpuMsOf(work)));
}

it.each(Object.entries(mixes))('folding is linear in the number of entries: %s', (_, mix) => {
  const [some, twice] = [framesOf(mix, 8000), framesOf(mix, 16_000)];
  const fold = (frames: Frame[]) => () => void reduceAll(EMPTY_SESSION, frames);
  fold(some)();
  // 1 ms stands for what is too short to be measured.
  expect(leastCpuMs(fold(twice))).toBeLessThanOrEqual(3 * Math.max(1, leastCpuMs(fold(some))) + 10);
});

it('drops parts and metadata beyond the bounds, one by one as in one go', () => {
  for (const mix of ['sources', 'message metadata', 'texts that are never ended']) {
    const frames = framesOf(mixes[mix] ?? (() => ({})), 12_000);
    const state = reduceAll(EMPTY_SESSION, frames);
    const last = state.messages.at(-1);
    expect(last?.parts.length).toBe({ sources: 10_000, 'message metadata': 0 }[mix] ?? 256);
    if (mix === 'message metadata') expect(Object.keys(last?.metadata ?? {})).toHaveLength(64);
    // The last thousand, entry by entry.
    const before = reduceAll(EMPTY_SESSION, frames.slice(0, -1000));
    expect(frames.slice(-1000).reduce(reduce, before)).toStrictEqual(state);
  }
});
