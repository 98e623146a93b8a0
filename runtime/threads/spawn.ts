/** Starts worker threads: `worker_threads` in Node, module workers elsewhere. */
import { LAYOUT } from "./layout.ts";
import { type WorkerStart, workerMain } from "./worker.ts";

export interface RunningWorker {
  /** Ends it at once. */
  terminate(): void;
}

/** Starts one worker; `died` is called if it ends or fails before it is told to stop. */
export type Spawn = (start: WorkerStart, died: (reason: string) => void) => RunningWorker;

interface NodeWorker {
  on(event: string, listener: (value: unknown) => void): void;
  unref(): void;
  terminate(): Promise<number>;
}

interface WorkerThreads {
  readonly Worker: new (source: string, options: object) => NodeWorker;
}

interface NodeProcess {
  readonly getBuiltinModule?: (name: string) => unknown;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Node's `process`, which Bun and Deno have too; undefined in browsers. */
export function nodeProcess(): NodeProcess | undefined {
  return (globalThis as { readonly process?: NodeProcess }).process;
}

const WORKER_THREADS = "node:worker_threads";

/** Whether the host has Node's threads. Loading them takes Node two milliseconds, which programs without need not spend. */
function hasWorkerThreads(): boolean {
  const load = nodeProcess()?.getBuiltinModule;
  if (load === undefined) return false;
  const loader = load("node:module") as { isBuiltin?(name: string): boolean } | undefined;
  return loader?.isBuiltin?.(WORKER_THREADS) ?? load(WORKER_THREADS) !== undefined;
}

/** The way of this host, or null where it has no threads over shared memory. */
export function defaultSpawn(): Spawn | null {
  if (hasWorkerThreads()) return nodeSpawn;
  const { crossOriginIsolated } = globalThis as { readonly crossOriginIsolated?: boolean };
  const shared = typeof SharedArrayBuffer === "function" && crossOriginIsolated !== false;
  return shared && typeof Worker === "function" && typeof Blob === "function" ? webSpawn : null;
}

const nodeSpawn: Spawn = (start, died) => {
  const threads = nodeProcess()?.getBuiltinModule?.(WORKER_THREADS) as WorkerThreads;
  const source = `(${workerMain})(require("${WORKER_THREADS}").workerData, ${JSON.stringify(LAYOUT)})`;
  // Without the options of the main thread: loaders and inspectors are not for it.
  const worker = new threads.Worker(source, { eval: true, workerData: start, execArgv: [], name: "weft" });
  // A program ends when its own work is done.
  worker.unref();
  worker.on("error", (error) => died(String(error)));
  worker.on("exit", (code) => died(`it exited with code ${String(code)}`));
  return { terminate: () => void worker.terminate() };
};

const webSpawn: Spawn = (start, died) => {
  const source = `onmessage = ({ data }) => { (${workerMain})(data, ${JSON.stringify(LAYOUT)}); close(); };`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module", name: "weft" });
  worker.onerror = (event) => died(event.message);
  worker.postMessage(start);
  return {
    terminate: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
};
