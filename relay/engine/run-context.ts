import type { LogMessage } from '../store/entries/encode-message.ts';
import type { Lease, StepRecord } from '../store/session-store.ts';
import type { LogWriter } from './log-writer/log-writer.ts';
import { orAborted } from '../util/or-aborted.ts';
import type { StepContext, WorkflowContext } from './workflow.ts';

export interface RunContextOptions {
  lease: Lease;
  lastAttempt: boolean;
  continues: boolean;
  writer: LogWriter;
  /** See `StepContext.confirmLease`. */
  confirmLease: () => Promise<void>;
  /** Aborts when the run has to stop at once. */
  signal: AbortSignal;
  /** Aborts when the run should be handed over; steps with `mayFinish` go on. */
  handOver: AbortSignal;
}

/** Creates what a workflow sees of its run: steps that are journaled, over the log writer. */
export function createRunContext(options: RunContextOptions): WorkflowContext {
  const { lease, lastAttempt, continues, writer, confirmLease, signal, handOver } = options;
  const journal = new Map(Object.entries(lease.journal));
  const begun = new Set<string>();
  const eitherSignal = AbortSignal.any([signal, handOver]);

  return {
    attempt: lease.attempt,
    lastAttempt,
    turns: lease.turns,
    continues,
    signal: eitherSignal,

    async run<T>(name: string, step: (step: StepContext) => Promise<T> | T, { mayFinish = false } = {}): Promise<T> {
      if (begun.has(name)) throw new Error(`two steps of one run are called ${JSON.stringify(name)}`);
      begun.add(name);
      const journaled = journal.get(name);
      if (journaled !== undefined) return JSON.parse(journaled) as T;

      eitherSignal.throwIfAborted();
      const stepSignal = mayFinish ? signal : eitherSignal;
      const last: LogMessage[] = [];
      let turns: number | undefined;
      let ends = false;
      const context: StepContext = {
        signal: stepSignal,
        confirmLease,
        emit: (message) => writer.emit(message),
        emitWithResult(messages, options) {
          last.push(...messages);
          turns = options?.turns ?? turns;
        },
        endRun(messages) {
          last.push(...messages);
          ends = true;
        },
      };

      const value = await orAborted(Promise.resolve(step(context)), stepSignal);
      const result = JSON.stringify(value ?? null);
      const record: StepRecord = { name, result, ...(turns === undefined ? {} : { turns }) };
      await (ends ? writer.finish(last, record) : writer.endStep(last, record));
      return JSON.parse(result) as T;
    },
  };
}
