// What a handler threw where it must not go further: it surfaces once what goes on there is done.

/** An array, as undefined can be thrown, too. */
const thrown: unknown[] = [];

/**
 * Throws the error where nothing of ours is interrupted: behind the task of a user's loop that met it, or else from
 * Node's event loop. A thread that blocks in a loop of its own may never come back to that.
 */
export function throwLater(err: unknown): void {
  thrown.push(err);
  process.nextTick(throwNow);
}

/** For who runs tasks, behind each. One error at a time: another is thrown behind the next task. */
export function throwNow(): void {
  if (thrown.length > 0) throw thrown.shift();
}
