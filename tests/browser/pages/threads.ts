/** Kernels that threads share, in a page: by one thread and by several, as checksums of the results' bytes. */
import { config, grad, jit, lax, type NdArray, nn, numpy as np, random } from "weft";
import { threadPool, useThreads } from "weft/runtime";

const key = random.key(0);
/** Numbers without math functions: the same bits in every engine. */
const uniform = (...shape: number[]): NdArray => random.uniform(key, shape);

const cases: Readonly<Record<string, () => NdArray[]>> = {
  product: () => [np.matmul(uniform(200, 150), uniform(150, 210))],
  elementwise: () => [np.tanh(np.exp(uniform(300_001)).mul(2))],
  rows: () => [nn.softmax(uniform(500, 515))],
  sums: () => [np.sum(uniform(1_200_001)), np.sum(uniform(500, 700), { axis: 0 })],
  sort: () => [np.sort(uniform(300_001))],
  prefixes: () => [np.cumsum(uniform(500_009)), lax.cummax(uniform(3, 100_003), 1)],
  scatter: () => [
    np
      .zeros([300, 260])
      .at(random.randint(key, [3000], 0, 300))
      .add(uniform(3000, 260)),
  ],
  gradient: () => [grad((x: NdArray) => np.mean(np.square(nn.softmax(x, -1))))(uniform(400, 515))],
};

const compiled = Object.entries(cases).map(([name, body]) => ({ name, run: jit(body) }));

/** 32 bits of FNV-1a of the results' words. */
function checksum(results: readonly NdArray[]): number {
  let hash = 0x811c9dc5;
  for (const x of results) {
    for (const word of new Int32Array(x.dataSync().slice().buffer)) {
      hash = Math.imul(hash ^ word, 0x01000193);
    }
  }
  return hash >>> 0;
}

function runAll(): Record<string, number> {
  return Object.fromEntries(compiled.map(({ name, run }) => [name, checksum(run())]));
}

async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 1000 && !condition(); n++) await new Promise((resolve) => setTimeout(resolve, 10));
  if (!condition()) throw new Error("not within ten seconds");
}

async function workersUp(): Promise<number> {
  runAll();
  await until(() => {
    const workers = threadPool()?.workers;
    return workers !== undefined && workers.started > 0 && workers.ready === workers.started;
  });
  return threadPool()?.workers.ready ?? 0;
}

export interface Outcome {
  readonly isolated: boolean;
  readonly threads: number;
  readonly workers: number;
  readonly alone: Record<string, number>;
  readonly shared: readonly Record<string, number>[];
}

/** The results of one thread, and several times those of `threads`, with all workers up. */
export async function compare(threads: number): Promise<Outcome> {
  config.threads = 1;
  const alone = runAll();
  config.threads = threads;
  const workers = await workersUp();
  const shared = Array.from({ length: 3 }, runAll);
  return {
    isolated: globalThis.crossOriginIsolated ?? true,
    threads: config.threads,
    workers,
    alone,
    shared,
  };
}

/** What is thrown once a worker has died: by its own error, or ended while it had a grain. */
export async function deadWorker(how: "throws" | "ends"): Promise<string> {
  const sources = {
    // Up, and then an error nobody catches.
    throws: `onmessage = ({ data: { control } }) => {
      Atomics.add(new Int32Array(control), 17, 1);
      throw new Error("broken on purpose");
    };`,
    // Claims a grain of the first job and ends without having run it.
    ends: `onmessage = ({ data: { control } }) => {
      const words = new Int32Array(control);
      Atomics.add(words, 17, 1);
      for (;;) {
        const claim = Atomics.load(words, 32);
        if ((claim & 4095) < Atomics.load(words, 85) && Atomics.compareExchange(words, 32, claim, claim + 1) === claim) break;
      }
      close();
    };`,
  };
  useThreads(2, {
    stallTimeout: 300,
    spawn: (start, died) => {
      const url = URL.createObjectURL(new Blob([sources[how]], { type: "text/javascript" }));
      const worker = new Worker(url, { type: "module" });
      worker.onerror = (event) => {
        event.preventDefault();
        died(event.message);
      };
      worker.postMessage(start);
      return { terminate: () => worker.terminate() };
    },
  });
  try {
    runAll();
    await until(() => (threadPool()?.workers.ready ?? 0) === 1);
    for (let n = 0; n < 100; n++) {
      runAll();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return "nothing was thrown";
  } catch (error) {
    return String(error);
  } finally {
    config.threads = 2;
  }
}

/** Without isolation: how many threads there are, and what asking for more says. */
export function withoutIsolation(): { isolated: boolean; threads: number; error: string; sum: number } {
  let error = "";
  try {
    config.threads = 2;
  } catch (thrown) {
    error = String(thrown);
  }
  const sum = jit((x: NdArray) => np.sum(x))(np.ones([1_000_000])).item();
  return { isolated: globalThis.crossOriginIsolated, threads: config.threads, error, sum };
}
