// What is to be done when this thread's present turn is over: at its first microtask, or before it blocks.

/** Grows to the most tasks that a turn had, and stays: the slots from `count` on are empty. */
let tasks: (() => void)[] = [];
/** Takes turns with `tasks`, so that a turn allocates nothing. */
let spare: (() => void)[] = [];
let count = 0;
/** A microtask is on its way. It is asked for once, however often the turn is ended by hand before it can run. */
let scheduled = false;

// A promise's reaction costs a fraction of queueMicrotask(), which makes an AsyncResource each time.
const settled = Promise.resolve();
const nothing = (): void => {};

/** Runs the task when the turn is over. It must not throw. */
export function endOfTurn(task: () => void): void {
  tasks[count++] = task;
  if (scheduled) return;
  scheduled = true;
  settled.then(onMicrotask);
}

function onMicrotask(): void {
  scheduled = false;
  endTurn();
}

/**
 * Ends the turn now. To be called before this thread blocks: what was gathered to leave with the turn would wait for as
 * long as that lasts, and the peer that is waited for may wait for it.
 */
export function endTurn(): void {
  if (count === 0) return;
  const due = tasks;
  const last = count;
  tasks = spare;
  count = 0;
  // A task that blocks ends a turn within this one; that takes an array of its own.
  spare = [];
  for (let i = 0; i < last; i++) {
    const task = due[i]!;
    due[i] = nothing;
    task();
  }
  spare = due;
}
