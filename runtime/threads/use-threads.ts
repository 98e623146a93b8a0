/** Setting the number of threads. */
import { type CpuDevice, cpuDevice, setSharedDevice } from "../device.ts";
import { ThreadPool } from "./pool.ts";
import { defaultSpawn, nodeProcess, type Spawn } from "./spawn.ts";

/** More threads than this bring little, and each costs some megabytes. */
const MOST_BY_DEFAULT = 8;
/** By default workers are started once this many milliseconds of work could have been shared: starting takes as long. */
const START_AFTER = 20;
const STALL_TIMEOUT = 20_000;

/** Options of `useThreads`. */
export interface ThreadOptions {
  /** Milliseconds of shareable work before the workers are started. Default: 0, and 20 where the number was not given. */
  readonly startAfter?: number;
  /** Milliseconds without progress after which a worker counts as dead. Default 20 000. */
  readonly stallTimeout?: number;
  /** Starts a worker, where the host's own way is ruled out (a content security policy without `blob:`). */
  readonly spawn?: Spawn;
}

/** Threads by default: `WEFT_THREADS`, or one for each core up to eight. 1 where the host has no shared memory. */
export function defaultThreads(): number {
  if (defaultSpawn() === null) return 1;
  const given = Number(nodeProcess()?.env?.WEFT_THREADS);
  if (Number.isInteger(given) && given >= 1) return given;
  const os = nodeProcess()?.getBuiltinModule?.("node:os") as { availableParallelism(): number } | undefined;
  const { navigator } = globalThis as { readonly navigator?: { readonly hardwareConcurrency?: number } };
  const cores = os?.availableParallelism() ?? navigator?.hardwareConcurrency ?? 1;
  return Math.min(cores, MOST_BY_DEFAULT);
}

/** Whether the number of threads was asked for by the environment. */
function askedFor(): boolean {
  return nodeProcess()?.env?.WEFT_THREADS !== undefined;
}

/**
 * Lets `count` threads, the calling one among them, share the large kernels of compiled functions from now on. Workers
 * are started when there is work for them, and do not keep a program running. Results are the same bits whatever the
 * number.
 *
 * Call it before the first array is made or the first function loaded: the memory has to be a shared one. Throws
 * TypeError if it is not, RangeError for a count that is no whole number of at least 1. In browsers the page must be
 * cross-origin isolated.
 */
export function useThreads(count: number, options: ThreadOptions = {}): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`the number of threads is a whole number of at least 1, got ${count}`);
  }
  const spawn = options.spawn ?? defaultSpawn();
  if (count > 1 && spawn === null) {
    throw new TypeError(
      "this host has no threads over shared memory: in a browser the page must be cross-origin isolated " +
        "(Cross-Origin-Opener-Policy: same-origin, Cross-Origin-Embedder-Policy: require-corp)",
    );
  }
  const setUp = (device: CpuDevice): void => {
    if (device.sharing instanceof ThreadPool) device.sharing.stop();
    device.sharing = null;
    if (count === 1 || spawn === null) return;
    device.sharing = new ThreadPool(device.memory.arena.memory, {
      count,
      spawn,
      startAfter: options.startAfter ?? 0,
      stallTimeout: options.stallTimeout ?? STALL_TIMEOUT,
    });
  };
  if (!setSharedDevice(spawn !== null, setUp) && count > 1) {
    throw new TypeError("threads need a shared memory: set their number before the first array is made");
  }
}

/** The default number of threads, started only for programs with work enough for them. */
export function useDefaultThreads(): void {
  useThreads(defaultThreads(), askedFor() ? {} : { startAfter: START_AFTER });
}

/** The pool of this thread's device, or null while it runs everything itself. */
export function threadPool(): ThreadPool | null {
  const { sharing } = cpuDevice();
  return sharing instanceof ThreadPool ? sharing : null;
}
