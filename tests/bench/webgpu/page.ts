/** Weft, jax-js and TensorFlow.js on the WebGPU adapter of one page: time, dispatches and bytes of a workload. */
import * as jax from "@jax-js/jax";
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-webgpu";
import { blockUntilReady, device, devicePut, jit, type NdArray, tree } from "weft";
import { jaxJsImplementations } from "../peers/jax-js-operations.ts";
import { tfjsImplementations } from "../peers/tfjs-operations.ts";
import { implementation } from "../runner/contender.ts";
import { TOPICS } from "../workloads/index.ts";
import type { Tensor } from "../workloads/tensor.ts";
import type { Workload } from "../workloads/workload.ts";
import { counters, lastQueue } from "./counters.ts";
import type { Figures, System } from "./figures.ts";

/** Names of the workloads that a page can be asked for. */
export function workloads(): string[] {
  return TOPICS.flatMap((topic) => topic.workloads.map(({ name }) => name));
}

export async function describeAdapter(): Promise<string> {
  const { vendor, architecture } = (await navigator.gpu.requestAdapter())?.info ?? {};
  return `${vendor} ${architecture}`;
}

interface Run {
  /** Starts one run; what it gives keeps its results. */
  once(): Promise<unknown>;
  /** The first result's elements. */
  read(results: unknown): Promise<ArrayLike<number>>;
  free(results: unknown): void;
}

const UNITS = 1;
/** Milliseconds after which fewer than three runs have to do. */
const LONGEST = 5000;

const SYSTEMS: Readonly<Record<System, (w: Workload, inputs: readonly Tensor[]) => Promise<Run>>> = {
  async weft(workload, inputs) {
    const gpu = await device("webgpu");
    return weftRun(workload, inputs, gpu);
  },
  async "jax-js"(workload, inputs) {
    await jax.init("webgpu");
    jax.defaultDevice("webgpu");
    const program = implementation(jaxJsImplementations, {}, workload, inputs, UNITS);
    return {
      // It computes when it is asked for the results.
      once: async () => jax.blockUntilReady(await program.run()),
      read: async (results) => (await (results as jax.Array[])[0].ref.data()) as ArrayLike<number>,
      free: (results) => {
        for (const x of results as jax.Array[]) x.dispose();
      },
    };
  },
  async tfjs(workload, inputs) {
    await tf.setBackend("webgpu");
    await tf.ready();
    const program = implementation(tfjsImplementations(tf), {}, workload, inputs, UNITS);
    return {
      once: async () => {
        const results = [tf.tidy(() => program.run())].flat();
        // It gathers commands until somebody reads.
        const backend = tf.backend() as unknown as { endComputePassEncoder(): void; submitQueue(): void };
        backend.endComputePassEncoder();
        backend.submitQueue();
        return results;
      },
      read: (results) => (results as tf.Tensor[])[0].data(),
      free: (results) => tf.dispose(results as tf.Tensor[]),
    };
  },
};

async function weftRun(
  workload: Workload,
  inputs: readonly Tensor[],
  on: Awaited<ReturnType<typeof device>>,
): Promise<Run> {
  const { numpy: np } = await import("weft");
  const arrays = devicePut(
    inputs.map((x) => np.array(x.data).reshape([...x.shape])),
    on,
  ) as NdArray[];
  const args = devicePut(workload.weftArguments?.(arrays) ?? arrays, on) as unknown[];
  const f = jit(workload.weft(UNITS));
  return {
    once: async () => f(...args),
    read: async (results) => (tree.leaves(await blockUntilReady(results))[0] as NdArray).data(),
    free: (results) => {
      for (const x of tree.leaves(results)) (x as NdArray).dispose();
    },
  };
}

/** Measures one workload in one system. Rejects where the system cannot compute it. */
export async function measure(system: System, name: string, milliseconds: number): Promise<Figures> {
  const workload = TOPICS.flatMap((topic) => topic.workloads).find((each) => each.name === name);
  if (workload === undefined) throw new Error(`no workload ${name}`);
  const inputs = workload.inputs();
  const reference = await weftRun(workload, inputs, await device("wasm"));
  const expected = await reference.read(await reference.once());
  const run = await SYSTEMS[system](workload, inputs);
  const finished = () => lastQueue().onSubmittedWorkDone();

  const started = performance.now();
  let results = await run.once();
  const actual = await run.read(results);
  const first = performance.now() - started;
  const difference = greatestDifference(actual, expected);
  run.free(results);

  const before = { ...counters };
  const times: number[] = [];
  let once = before;
  const begin = performance.now();
  const spent = (): number => performance.now() - begin;
  while (times.length === 0 || (times.length < 3 ? spent() < LONGEST : spent() < milliseconds)) {
    const start = performance.now();
    results = await run.once();
    await finished();
    times.push(performance.now() - start);
    if (times.length === 1) once = { ...counters };
    run.free(results);
  }
  const dispatches = once.dispatches - before.dispatches;
  const submits = once.submits - before.submits;
  const bytes = once.bytes - before.bytes;
  times.sort((a, b) => a - b);
  return { first, time: times[times.length >> 1], dispatches, submits, bytes, difference };
}

function greatestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Infinity;
  let scale = 1e-30;
  let most = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]));
    most = Math.max(most, Math.abs(actual[i] - expected[i]));
  }
  return most / scale;
}
