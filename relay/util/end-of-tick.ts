/** A task, or null once it is cancelled. */
interface Waiting {
  task: (() => void) | null;
}

let due: Waiting[] = [];

/**
 * Calls `task` at the end of this turn of the event loop, after everything that is ready to run. All tasks of a turn run
 * in order, those that they add last: so a commit that is added by the first of many writers runs after all of them.
 * Without `setImmediate` (an edge runtime) the next timer stands for the end of the turn.
 *
 * @returns a function that cancels the task.
 */
export function atEndOfTick(task: () => void): () => void {
  const waiting: Waiting = { task };
  if (due.push(waiting) === 1) later();
  return () => {
    waiting.task = null;
  };
}

function later(): void {
  if (typeof setImmediate === 'function') setImmediate(runDue);
  else setTimeout(runDue, 0);
}

function runDue(): void {
  let done = 0;
  try {
    for (; done < due.length; done += 1) due[done]?.task?.();
  } finally {
    // A task that throws does not keep the others from running.
    due = due.slice(done + 1);
    if (due.length > 0) later();
  }
}
