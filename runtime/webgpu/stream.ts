/**
 * The order of everything done with a device. A task runs at once, and to its end before the caller goes on, unless one
 * before it is waiting for the GPU (a while loop that reads its condition back, shaders being compiled): then it queues.
 */
export class Stream {
  #waiting: (() => void | Promise<void>)[] = [];
  #busy = false;

  /** Runs a task in its turn. Tasks deal with their own errors. */
  run(task: () => void | Promise<void>): void {
    if (this.#busy) {
      this.#waiting.push(task);
      return;
    }
    const pending = task();
    if (pending === undefined) return;
    this.#busy = true;
    void this.#drain(pending);
  }

  async #drain(first: Promise<void>): Promise<void> {
    await first;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const task of batch) {
        const pending = task();
        if (pending !== undefined) await pending;
      }
    }
    this.#busy = false;
  }
}
