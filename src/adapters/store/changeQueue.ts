// The queue of the store's changes: one at a time, in the order they were asked for, however long the disk
// takes. Nothing comes between what a decision saw and what it writes.

export class ChangeQueue {
  /** Settles when the newest task has ended. */
  #last: Promise<void> = Promise.resolve();
  #isDeciding = false;

  /** Runs a task after all earlier ones have ended. */
  run<T>(task: () => T | Promise<T>): Promise<T> {
    // Queued from within a decision, a task that the decision waits for would never begin; run at once, it
    // would slip in between.
    if (this.#isDeciding)
      return Promise.reject(new Error('the store was asked to change something from within a decision'));
    const done = this.#last.then(task);
    this.#last = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  /** Decides within a task: what is decided must not ask for a change itself. */
  decide<T>(decision: () => T): T {
    this.#isDeciding = true;
    try {
      return decision();
    } finally {
      this.#isDeciding = false;
    }
  }
}
