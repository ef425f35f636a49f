// What is to be done when this thread's present turn is over: at its first microtask, or before it blocks.

let tasks: (() => void)[] = [];

/** Runs the task when the turn is over. It must not throw. */
export function endOfTurn(task: () => void): void {
  if (tasks.push(task) === 1) queueMicrotask(endTurn);
}

/**
 * Ends the turn now. To be called before this thread blocks: what was gathered to leave with the turn would wait for as
 * long as that lasts, and the peer that is waited for may wait for it.
 */
export function endTurn(): void {
  if (tasks.length === 0) return;
  const due = tasks;
  tasks = [];
  for (let i = 0; i < due.length; i++) due[i]!();
}
