/** What a worker thread runs. */
import type { Layout } from "./layout.ts";

/** What a worker is started with. */
export interface WorkerStart {
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  /** Its number, from 1. */
  readonly worker: number;
}

/**
 * Runs grains until it is told to stop. Its source text is what a worker is started from, so that no file has to be
 * found beside a bundle: it may use nothing from outside of itself.
 */
export function workerMain(start: WorkerStart, layout: Layout): void {
  type Grains = (table: number, kernel: number, from: number, to: number) => void;
  const control = new Int32Array(start.control);
  const { memory } = start;
  const instances = new Map<number, Grains>();
  const { generation, next, done, waiting, failed, sleeping, grainBits } = layout;

  /** Whether `next` counts grains of this job: not once a later one is being written. */
  const isCurrent = (job: number): boolean =>
    Atomics.load(control, next) >>> grainBits === (job & (-1 >>> grainBits));

  /** The program's export, instantiated when it is first met; null if the job ended before its bytes were read. */
  const grainsOf = (job: number, program: number, grains: number): Grains | null => {
    const known = instances.get(program);
    if (known !== undefined) return known;
    const address = control[layout.moduleAddress] >>> 0;
    const bytes = new Uint8Array(memory.buffer, address, control[layout.moduleLength]).slice();
    // The order counts: a job that is current after its grains were seen unfinished was current and unfinished then, and
    // the bytes are its own. Those of a later job must not be kept under this one's program.
    if (Atomics.load(control, done) === grains || !isCurrent(job)) return null;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      env: { memory, share: () => {} },
    });
    const made = instance.exports.grains as Grains;
    for (const oldest of instances.keys()) {
      if (instances.size < layout.instances) break;
      instances.delete(oldest);
    }
    instances.set(program, made);
    return made;
  };

  const work = (job: number): void => {
    const grains = control[layout.grains];
    const table = control[layout.table];
    const kernel = control[layout.kernel];
    const run = grainsOf(job, control[layout.program], grains);
    if (run === null) return;
    const tag = job & (-1 >>> grainBits);
    for (;;) {
      const claim = Atomics.load(control, next);
      const grain = claim & ((1 << grainBits) - 1);
      if (claim >>> grainBits !== tag || grain >= grains) return;
      if (Atomics.compareExchange(control, next, claim, claim + 1) !== claim) continue;
      try {
        run(table, kernel, grain, grain + 1);
      } catch (error) {
        report(error);
      }
      // A grain that failed is done too: the main thread finds the report instead of waiting.
      if (Atomics.add(control, done, 1) === grains - 1 && Atomics.load(control, waiting) !== 0) {
        Atomics.notify(control, done);
      }
    }
  };

  const report = (error: unknown): void => {
    if (Atomics.compareExchange(control, failed, 0, start.worker) !== 0) return;
    const text = new TextEncoder().encode(String(error));
    const room = new Uint8Array(start.control, layout.message * 4);
    const length = Math.min(text.length, room.length);
    room.set(text.subarray(0, length));
    Atomics.store(control, layout.messageLength, length);
  };

  let seen = 0;
  Atomics.add(control, layout.ready, 1);
  for (;;) {
    for (let spins = 0; Atomics.load(control, generation) === seen; spins++) {
      if (spins < layout.spins) continue;
      Atomics.add(control, sleeping, 1);
      Atomics.wait(control, generation, seen);
      Atomics.sub(control, sleeping, 1);
    }
    if (Atomics.load(control, layout.stop) !== 0) return;
    seen = Atomics.load(control, generation);
    try {
      work(seen);
    } catch (error) {
      // A job that ended meanwhile may have left nothing to read; one that goes on is done by the others.
      if (Atomics.load(control, done) !== control[layout.grains]) report(error);
    }
  }
}
