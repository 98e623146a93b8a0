/** Threads: resident workers over the shared arena. */
export { type PoolOptions, ThreadPool, WorkerDiedError } from "./pool.ts";
export type { RunningWorker, Spawn } from "./spawn.ts";
export {
  defaultThreads,
  type ThreadOptions,
  threadPool,
  useDefaultThreads,
  useThreads,
} from "./use-threads.ts";
export type { WorkerStart } from "./worker.ts";
