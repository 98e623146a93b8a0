/** The threads that share kernels' grains, seen from the thread that calls compiled functions. */
import type { Sharing, SharingProgram } from "../sharing.ts";
import { LAYOUT, MAX_GRAINS } from "./layout.ts";
import type { RunningWorker, Spawn } from "./spawn.ts";

/** A worker thread ended or failed: what it was computing is lost. */
export class WorkerDiedError extends Error {
  override name = "WorkerDiedError";
  constructor(reason: string) {
    super(
      `A worker thread of Weft died: ${reason}. Results it was computing are lost, and calls that threads share fail ` +
        "from now on. Set the number of threads again (config.threads, or useThreads) to start new ones.",
    );
  }
}

/** Options of `BufferPool` and `ThreadPool`. */
export interface PoolOptions {
  /** Threads in all, the calling one among them. */
  readonly count: number;
  readonly spawn: Spawn;
  /** Milliseconds of shareable work after which the workers are started. */
  readonly startAfter: number;
  /** Milliseconds without a finished grain after which a worker counts as dead. */
  readonly stallTimeout: number;
}

/** Looks at `done` before the calling thread goes to sleep: some 20 µs. */
const SPINS = 2000;
/** Milliseconds of one sleep. */
const NAP = 50;

export class ThreadPool implements Sharing {
  readonly #control = new SharedArrayBuffer(LAYOUT.words * 4);
  readonly #words = new Int32Array(this.#control);
  readonly #workers: RunningWorker[] = [];
  readonly #mayBlock = mayBlock();
  #started = false;
  #stopped = false;
  #died: string | null = null;
  #generation = 0;
  /** Milliseconds of work that could have been shared. */
  #spent = 0;

  constructor(
    readonly memory: WebAssembly.Memory,
    readonly options: PoolOptions,
  ) {}

  /** Workers that have been started, and those of them that are up. */
  get workers(): { readonly started: number; readonly ready: number } {
    return { started: this.#workers.length, ready: Atomics.load(this.#words, LAYOUT.ready) };
  }

  share(program: SharingProgram, table: number, kernel: number, grains: number): void {
    if (this.#died !== null) throw new WorkerDiedError(this.#died);
    if (!this.#started) {
      if (this.#spent < this.options.startAfter) {
        const start = performance.now();
        program.grains(table, kernel, 0, grains);
        this.#spent += performance.now() - start;
        return;
      }
      this.start();
    }
    if (Atomics.load(this.#words, LAYOUT.ready) === 0 || grains > MAX_GRAINS) {
      return program.grains(table, kernel, 0, grains);
    }
    const tag = this.#publish(program, table, kernel, grains);
    try {
      this.#takePart(program, table, kernel, grains, tag);
    } finally {
      this.#await(grains);
    }
    if (Atomics.load(this.#words, LAYOUT.failed) !== 0) this.#fail(this.#reported());
  }

  /** Ends the workers. Work that is shared afterwards is done by the calling thread. */
  stop(): void {
    this.#stopped = true;
    Atomics.store(this.#words, LAYOUT.stop, 1);
    Atomics.add(this.#words, LAYOUT.generation, 1);
    Atomics.notify(this.#words, LAYOUT.generation);
    Atomics.store(this.#words, LAYOUT.ready, 0);
  }

  /** Starts the workers now and not when there is work for them. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    const { count, spawn } = this.options;
    for (let worker = 1; worker < count && !this.#stopped; worker++) {
      const died = (reason: string): void => {
        if (!this.#stopped) this.#died ??= reason;
      };
      this.#workers.push(spawn({ memory: this.memory, control: this.#control, worker }, died));
    }
  }

  #publish(program: SharingProgram, table: number, kernel: number, grains: number): number {
    const words = this.#words;
    const module = program.module();
    this.#generation = (this.#generation + 1) | 0;
    const tag = this.#generation & (-1 >>> LAYOUT.grainBits);
    // First of all nothing can be claimed: a worker that comes late to the job before would else claim one of its grains
    // by this job's number of grains, and count it as one of this job's.
    Atomics.store(words, LAYOUT.next, (tag << LAYOUT.grainBits) | MAX_GRAINS);
    Atomics.store(words, LAYOUT.program, program.number);
    Atomics.store(words, LAYOUT.moduleAddress, module.address);
    Atomics.store(words, LAYOUT.moduleLength, module.length);
    Atomics.store(words, LAYOUT.table, table);
    Atomics.store(words, LAYOUT.kernel, kernel);
    Atomics.store(words, LAYOUT.grains, grains);
    Atomics.store(words, LAYOUT.done, 0);
    Atomics.store(words, LAYOUT.next, tag << LAYOUT.grainBits);
    Atomics.store(words, LAYOUT.generation, this.#generation);
    if (Atomics.load(words, LAYOUT.sleeping) > 0) Atomics.notify(words, LAYOUT.generation, grains - 1);
    return tag;
  }

  #takePart(program: SharingProgram, table: number, kernel: number, grains: number, tag: number): void {
    const words = this.#words;
    for (;;) {
      const claim = Atomics.load(words, LAYOUT.next);
      const grain = claim & MAX_GRAINS;
      if (claim >>> LAYOUT.grainBits !== tag || grain >= grains) return;
      if (Atomics.compareExchange(words, LAYOUT.next, claim, claim + 1) !== claim) continue;
      try {
        program.grains(table, kernel, grain, grain + 1);
      } finally {
        Atomics.add(words, LAYOUT.done, 1);
      }
    }
  }

  /** Returns when all claimed grains are done. A browser's main thread may not block: it goes on looking. */
  #await(grains: number): void {
    const words = this.#words;
    for (let spins = 0; spins < SPINS; spins++) if (Atomics.load(words, LAYOUT.done) === grains) return;
    let last = -1;
    let moved = performance.now();
    if (this.#mayBlock) Atomics.store(words, LAYOUT.waiting, 1);
    for (;;) {
      const done = Atomics.load(words, LAYOUT.done);
      if (done === grains) break;
      if (done !== last) {
        last = done;
        moved = performance.now();
      } else if (performance.now() - moved > this.options.stallTimeout) {
        this.#fail(`no progress for ${this.options.stallTimeout} ms`);
      }
      if (this.#mayBlock) Atomics.wait(words, LAYOUT.done, done, NAP);
      else for (let n = 0; n < SPINS && Atomics.load(words, LAYOUT.done) === done; n++) {}
    }
    Atomics.store(words, LAYOUT.waiting, 0);
  }

  #reported(): string {
    const length = Atomics.load(this.#words, LAYOUT.messageLength);
    const bytes = new Uint8Array(this.#control, LAYOUT.message * 4, length).slice();
    return `worker ${Atomics.load(this.#words, LAYOUT.failed)} threw ${new TextDecoder().decode(bytes)}`;
  }

  #fail(reason: string): never {
    this.#died = reason;
    // Whatever still runs must not go on writing into memory that is used for something else.
    for (const worker of this.#workers) worker.terminate();
    throw new WorkerDiedError(reason);
  }
}

/** Whether this thread may sleep in Atomics.wait: not the main thread of a browser. */
function mayBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
