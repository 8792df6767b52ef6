import type { LogMessage } from '../store/entries/encode-message.ts';

/**
 * Durable code that writes the log of one run. It may be executed several times for one run, in several processes, of
 * which one at a time can write. What must not happen twice belongs in a step.
 */
export interface Workflow {
  readonly name: string;
  /** The id of the model it asks, for the log line of each run. */
  readonly model?: string | undefined;
  /** Returns once it has ended its run (`StepContext.endRun`). Throwing ends the run as failed; see errors.ts. */
  run(context: WorkflowContext, input: RunInput): Promise<void>;
}

export interface RunInput {
  sessionId: string;
  runId: string;
}

export interface WorkflowContext {
  /** The attempt that this execution is: 1 at first. */
  readonly attempt: number;
  /** True when no attempt is left after this one: a `RetryableError` ends the run. */
  readonly lastAttempt: boolean;
  /** Model turns that earlier executions have finished; their entries are in the log. */
  readonly turns: number;
  /** True when the log ends with an unfinished turn of an earlier execution, which is to be continued. */
  readonly continues: boolean;
  /** Aborts when the run stops here, be it that the process stops or that the lease is lost. */
  readonly signal: AbortSignal;
  /**
   * Runs a step, or returns its journaled result when it has finished before, in this process or another. A result must
   * be JSON, and comes back as parsed JSON the first time too. Resolves once the result and everything emitted before it
   * are stored. A name may be used once in a run.
   */
  run<T>(name: string, step: (step: StepContext) => Promise<T> | T, options?: StepOptions): Promise<T>;
}

export interface StepOptions {
  /**
   * Lets the step finish during a planned stop, for as long as there is time. For steps that act on the world, such as
   * tools. False when not given.
   */
  mayFinish?: boolean;
}

export interface StepContext {
  /** Aborts when the step has to stop. A step that does not listen is abandoned: nothing it emits is written. */
  readonly signal: AbortSignal;
  /**
   * Await this right before an action that the store cannot refuse, such as a call that costs money. Resolves when the
   * lease has certainly not run out while this process was frozen or busy; asks the store only when that is in doubt.
   *
   * @throws RunStopped when the run was taken over.
   */
  confirmLease(): Promise<void>;
  /** Writes a message to the log. Resolves at once, or under backpressure once less waits to be stored: await it. */
  emit(message: LogMessage): Promise<void>;
  /**
   * Messages that are written in one append with the step's result: both or neither. `turns` is the number of model turns
   * that are finished with them. Give each step at least one message: a failover that loses its entry then loses the
   * result too, and both are written again.
   */
  emitWithResult(messages: readonly LogMessage[], options?: { turns?: number }): void;
  /** The step's last messages, the run's terminal one at the end: the run is closed in the same append. */
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
