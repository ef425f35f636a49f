// A course of steps that waits here and there, written once: driven by promises or by call-backs.

/** Called once: with an error, or without and with the value. */
export type Done<R> = (error: unknown, value?: R) => void;

/** Something to wait for. Begins when called; `done` is called once, at once or later. */
export type Wait<R> = (done: Done<R>) => void;

// biome-ignore lint/suspicious/noExplicitAny: until() gives each wait's result its type.
export type Steps<R> = Generator<Wait<any>, R, any>;

/** Within steps: what the wait gives; throws its error. */
export function* until<R>(wait: Wait<R>): Steps<R> {
  return yield wait;
}

/** Takes the steps, each as soon as the wait before it is over, and from within that. */
export function run<R>(steps: Steps<R>, done: Done<R>): void {
  const go = (next: () => IteratorResult<Wait<unknown>, R>): void => {
    let result: IteratorResult<Wait<unknown>, R>;
    try {
      result = next();
    } catch (err) {
      done(err);
      return;
    }
    if (result.done) {
      done(undefined, result.value);
      return;
    }
    let over = false;
    const settle: Done<unknown> = (error, value) => {
      if (over) return;
      over = true;
      go(() => (error === undefined ? steps.next(value) : steps.throw(error)));
    };
    try {
      result.value(settle);
    } catch (err) {
      // What the rest of the steps, or who waits for them, throws is not the wait's.
      if (over) throw err;
      settle(err);
    }
  };
  go(() => steps.next());
}

export function inPromise<R>(steps: Steps<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    run(steps, (error, value) => (error === undefined ? resolve(value as R) : reject(error)));
  });
}

/** The other way round, for what is a promise. */
export function promised<R>(promise: Promise<R>): Wait<R> {
  return (done) => {
    promise.then((value) => done(undefined, value), done);
  };
}
