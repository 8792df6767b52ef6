interface Waiting {
  task: (() => void) | null;
}

let due: Waiting[] = [];

/**
 * Calls `task` once everything that is ready to run in this turn of the event loop has run; returns what takes that
 * back. All tasks of a turn run in one go, in order, and what they ask for themselves runs at their end: so what many
 * writers write in a turn is committed in the same one. Where there is no `setImmediate` (an edge runtime) it is the
 * next timer.
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
    // One that throws takes no other with it.
    due = due.slice(done + 1);
    if (due.length > 0) later();
  }
}
