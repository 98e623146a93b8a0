/** jax-js on its WebAssembly backend. Arrays are consumed by use, so whatever is used again goes in as `x.ref`. */

import type { Array as JaxArray } from "@jax-js/jax";
import * as jax from "@jax-js/jax";
import { now } from "../runner/clock.ts";
import { type Contender, implementation, type Task, timeAsync } from "../runner/contender.ts";
import { readPackageVersion } from "../runner/packages.ts";
import type { Tensor } from "../workloads/tensor.ts";
import { jaxJsImplementations, type Program } from "./jax-js-operations.ts";

export const jaxJs: Contender = {
  name: "jax-js",
  loops: "stepwise",
  async start() {
    await jax.init("wasm");
    jax.defaultDevice("wasm");
    return `jax-js ${readPackageVersion("@jax-js/jax")}, Wasm backend, one thread (it has no workers under Node)`;
  },
  async prepare(workload, inputs, units) {
    return task(implementation(jaxJsImplementations, {}, workload, inputs, units));
  },
  stop: () => {},
};

async function task({ run, results, dispose }: Program): Promise<Task> {
  const once = async (): Promise<void> => {
    const out = await run();
    for (const x of await jax.blockUntilReady(out)) x.dispose();
  };
  const started = now();
  let first = await jax.blockUntilReady(await run());
  const compile = now() - started;
  return {
    compile: { compile },
    sample: (repeats) => timeAsync(once, repeats),
    results: async () => {
      // Reading consumes.
      const read = first;
      first = [];
      const tensors = await Promise.all(read.map(toTensor));
      return results?.(tensors) ?? tensors;
    },
    dispose: () => {
      for (const x of first) x.dispose();
      dispose();
    },
  };
}

async function toTensor(x: JaxArray): Promise<Tensor> {
  const shape = [...x.shape];
  const data = await x.data();
  return { shape, data: data instanceof Int32Array ? data : Float32Array.from(data) };
}
