import * as fc from 'fast-check';
import { formatCursor, START } from '../cursor.ts';
import { createProblem } from '../problem.ts';
import type { ChatChunk, Frame, StreamMessage } from '../protocol.ts';
import { arbitrarySteps, arbitraryText } from './arbitrary-chunks.ts';

interface RunScript {
  ask: 'prompt' | 'edit' | 'regenerate';
  /** Which message an edit or a regenerate goes back to. */
  parent: number;
  text: string;
  attempts: AttemptScript[];
  end: 'completed' | 'cancelled' | 'failed' | 'ended' | 'active';
  /** How far apart its fences lie. */
  gap: number;
}

interface AttemptScript {
  takeover: 'restart' | 'continue' | 'hand-over';
  steps: ChatChunk[][];
  /** How much of it was written before it was interrupted. */
  share: number;
  /** At most so many finished steps stay. */
  keep: number;
}

const arbitraryAttempt: fc.Arbitrary<AttemptScript> = fc.record({
  takeover: fc.constantFrom('restart', 'continue', 'hand-over'),
  steps: arbitrarySteps,
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  keep: fc.constantFrom(9, 9, 9, 1, 0),
});

const arbitraryRun: fc.Arbitrary<RunScript> = fc.record({
  ask: fc.constantFrom('prompt', 'prompt', 'prompt', 'edit', 'regenerate'),
  parent: fc.nat({ max: 9 }),
  text: arbitraryText,
  attempts: fc.array(arbitraryAttempt, { maxLength: 3, size: 'max' }),
  end: fc.constantFrom('completed', 'completed', 'completed', 'cancelled', 'failed', 'ended', 'active'),
  gap: fc.nat({ max: 1_000_000 }),
});

/**
 * The log of a session as a store would keep it, from its first entry on: several runs that end in every way, each
 * with takeovers of every kind, edits and regenerates; the last run may still be active, or not even started.
 * Its ids and `prev` are right; `from` is never set, since nothing in a log is merged.
 */
export const arbitraryLog: fc.Arbitrary<Frame[]> = fc
  .array(arbitraryRun, { minLength: 1, maxLength: 4, size: 'max' })
  .map(writeLog);

function writeLog(runs: RunScript[]): Frame[] {
  const log = createLog();
  const visible: { id: string; role: 'user' | 'assistant' }[] = [];

  for (const [number, run] of runs.entries()) {
    const runId = `run-${number}`;
    const messageId = runId;
    const raise = (): void => log.raise(run.gap);
    const users = visible.filter((message) => message.role === 'user').map((message) => message.id);
    const goBackTo = (ids: string[]): string => {
      const id = ids[run.parent % ids.length] ?? '';
      visible.length = visible.findIndex((message) => message.id === id) + 1;
      return id;
    };

    raise();
    if (run.ask === 'regenerate' && users.length > 0) {
      const parentId = goBackTo(users);
      log.write({ type: 'metadata', status: 'queued', runId, messageId, attempt: 1, parentId, at: number });
    } else {
      const parentId = run.ask === 'edit' ? goBackTo(['', ...visible.map((message) => message.id)]) : undefined;
      const id = `user-${number}`;
      const message = { id, role: 'user' as const, parts: [{ type: 'text' as const, text: run.text }] };
      log.write({ type: 'message', message, runId, ...(parentId === undefined ? {} : { parentId }) });
      visible.push({ id, role: 'user' });
    }

    let attempt = 1;
    const open = { finished: 0, text: new Set<string>() };
    for (const [index, script] of run.attempts.entries()) {
      raise();
      let chunks: ChatChunk[];
      if (index === 0) {
        visible.push({ id: messageId, role: 'assistant' });
        log.write({ type: 'metadata', status: 'started', runId, messageId, attempt, at: number });
        chunks = [{ type: 'start', messageMetadata: { model: 'demo' } }, ...script.steps.flat(), { type: 'finish' }];
      } else {
        if (script.takeover !== 'hand-over') attempt += 1;
        const [textId] = open.text;
        if (script.takeover === 'continue' && textId !== undefined) {
          log.write({ type: 'metadata', status: 'restarted', runId, messageId, attempt, at: number });
          chunks = [
            ...['and ', 'so ', 'on'].map((delta) => ({ type: 'text-delta' as const, id: textId, delta })),
            { type: 'text-end', id: textId },
            { type: 'finish-step' },
            { type: 'finish' },
          ];
        } else {
          const steps = Math.min(open.finished, script.keep);
          open.finished = steps;
          open.text.clear();
          log.write({
            type: 'metadata',
            status: 'restarted',
            runId,
            messageId,
            attempt,
            reset: true,
            steps,
            at: number,
          });
          chunks = [...(steps === 0 ? [{ type: 'start' as const }] : []), ...script.steps.flat(), { type: 'finish' }];
        }
      }
      const whole = run.end === 'completed' && index === run.attempts.length - 1;
      for (const chunk of chunks.slice(0, whole ? undefined : Math.floor(chunks.length * script.share))) {
        log.write({ type: 'chunk', runId, chunk });
        if (chunk.type === 'text-start') open.text.add(chunk.id);
        if (chunk.type === 'text-end') open.text.delete(chunk.id);
        if (chunk.type === 'finish-step') open.finished += 1;
      }
    }

    const isLast = number === runs.length - 1;
    if (run.end === 'active' && isLast) break;
    endRun(log, run, { runId, messageId, attempt, at: number });
  }
  return log.frames;
}

function endRun(
  log: Log,
  run: RunScript,
  about: { runId: string; messageId: string; attempt: number; at: number },
): void {
  const { runId } = about;
  const begun = run.attempts.length > 0;
  if (begun && run.end === 'completed') {
    log.write({
      type: 'metadata',
      status: 'completed',
      ...about,
      finishReason: 'stop',
      usage: { inputTokens: 3, outputTokens: 5 },
    });
  } else if (begun && run.end === 'failed') {
    log.write({ type: 'error', runId, problem: createProblem('model-failed', { detail: 'The connection broke.' }) });
    log.write({ type: 'metadata', status: 'failed', ...about });
  } else if (run.end === 'ended') {
    log.raise(run.gap);
    log.write({ type: 'error', runId, problem: createProblem('attempts-exhausted') });
    log.write({ type: 'metadata', status: 'failed', ...about });
  } else {
    log.raise(run.gap);
    log.write({ type: 'metadata', status: 'cancelled', ...about });
  }
}

interface Log {
  readonly frames: Frame[];
  raise(gap: number): void;
  write(message: StreamMessage): void;
}

function createLog(): Log {
  const frames: Frame[] = [];
  let fence = 0;
  let seq = 0;
  let head = START;
  return {
    frames,
    raise(gap) {
      fence += 1 + gap;
      seq = 0;
    },
    write(message) {
      const id = formatCursor(fence, seq);
      frames.push({ id, message: seq === 0 ? { ...message, prev: head } : message });
      head = id;
      seq += 1;
    },
  };
}

/** Where each finished run ends in a log: the number of entries up to and with its terminal. */
export function terminalsOf(frames: readonly Frame[]): number[] {
  return frames.flatMap(({ message }, index) =>
    message.type === 'metadata' && ['completed', 'cancelled', 'failed'].includes(message.status) ? [index + 1] : [],
  );
}
