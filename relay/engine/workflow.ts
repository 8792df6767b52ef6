import type { LogMessage } from '../store/entries/encode-message.ts';

/**
 * A durable piece of work that writes the log of one run. It may be run several times for one run, in several
 * processes, and always only one of them writes. What must not happen twice belongs into a step.
 */
export interface Workflow {
  readonly name: string;
  /** The id of the model it asks, for the log line of each run. */
  readonly model?: string | undefined;
  /** Returns once it has ended its run (`StepContext.endRun`); throwing ends the run as failed, see errors.ts. */
  run(context: WorkflowContext, input: RunInput): Promise<void>;
}

export interface RunInput {
  sessionId: string;
  runId: string;
}

export interface WorkflowContext {
  /** Starts at 1. */
  readonly attempt: number;
  /** The last attempt: a `RetryableError` now ends the run. */
  readonly lastAttempt: boolean;
  /** Model turns that earlier executions have finished; their entries stand in the log. */
  readonly turns: number;
  /** True when an earlier execution's unfinished turn was left standing and is to be continued. */
  readonly continues: boolean;
  /** Aborts when the run stops here, for whatever reason: the process's own stop and a lost lease alike. */
  readonly signal: AbortSignal;
  /**
   * Runs a step, or returns what it returned when it has finished before, in whichever process. A result must be
   * JSON; it comes back as JSON has it, from the first time on. Resolves once the result and everything emitted
   * before it are stored. Each name may be used once in a run.
   */
  run<T>(name: string, step: (step: StepContext) => Promise<T> | T, options?: StepOptions): Promise<T>;
}

export interface StepOptions {
  /**
   * A step that may not be cut short lightly, such as a tool that acts on the world: when the process is asked to
   * stop, it is let finish as long as there is time.
   */
  mayFinish?: boolean;
}

export interface StepContext {
  /** Aborts when the step has to stop. A step that does not listen is left behind: nothing it emits is written. */
  readonly signal: AbortSignal;
  /**
   * To be awaited right before what the store cannot refuse, such as a call that costs money: resolves when the run has
   * certainly not been taken over because this process was held up. Costs nothing but when that may have happened.
   *
   * @throws RunStopped when it has been.
   */
  confirmLease(): Promise<void>;
  /** Writes a message to the log. Resolves at once, or, while much is waiting to be written, once less is. */
  emit(message: LogMessage): Promise<void>;
  /**
   * Messages that are written in one go with the step's result: both or neither. `turns` says how many model turns
   * are finished with them. A step should have at least one, so that a store that lost its newest writes can see
   * that the result is among them.
   */
  emitWithResult(messages: readonly LogMessage[], options?: { turns?: number }): void;
  /** The step's last messages end with the run's terminal one: the run is closed in the same go. */
  endRun(messages: readonly LogMessage[]): void;
}

/**
 * Names a workflow.
 *
 * @example
 * const answer = workflow('answer', async (context, { runId }) => {
 *   const text = await context.run('ask', (step) => askModel(step.signal));
 *   await context.run('end', (step) => step.endRun([…]));
 * });
 */
export function workflow(
  name: string,
  run: (context: WorkflowContext, input: RunInput) => Promise<void>,
  { model }: Pick<Workflow, 'model'> = {},
): Workflow {
  return { name, run, model };
}
