/** Weft itself. */

import { jit, NdArray, numpy as np, tree } from "weft";
import type { Tensor } from "../workloads/tensor.ts";
import type { Workload } from "../workloads/workload.ts";
import { now } from "./clock.ts";
import { type Contender, type Task, timeSync } from "./contender.ts";

export const weft: Contender = {
  name: "weft",
  loops: "compiled",
  start: async () => "Weft, this tree",
  prepare: async (workload, inputs, units) => prepare(workload, inputs, units),
  stop: () => {},
};

function prepare(workload: Workload, inputs: readonly Tensor[], units: number): Task {
  const arrays = inputs.map((x) => np.array(x.data).reshape([...x.shape]));
  const args = workload.weftArguments?.(arrays) ?? arrays;
  const jitted = jit(workload.weft(units));
  const started = now();
  const lowered = jitted.lower(...args);
  const traced = now();
  const compiled = lowered.compile();
  const finished = now();
  const run = (): void => disposeAll(jitted(...args));
  return {
    compile: {
      trace: traced - started,
      compile: finished - traced,
      moduleBytes: compiled.memoryAnalysis().generatedCodeSize,
    },
    sample: (repeats) => timeSync(run, repeats),
    results: () => {
      const result = jitted(...args);
      // The optimizer's state, the third result of a step, belongs to each system alone.
      const compared = workload.weftArguments && Array.isArray(result) ? result.slice(0, 2) : result;
      const tensors = arraysOf(compared).map(toTensor);
      disposeAll(result);
      return tensors;
    },
    dispose: () => {
      jitted.clearCache();
      disposeAll(args);
      disposeAll(arrays);
    },
  };
}

function toTensor(x: NdArray): Tensor {
  const data = x.dataSync();
  return { shape: x.shape, data: data instanceof Int32Array ? data : Float32Array.from(data, Number) };
}

function arraysOf(value: unknown): NdArray[] {
  return tree.leaves(value).filter((leaf) => leaf instanceof NdArray);
}

function disposeAll(value: unknown): void {
  if (value instanceof NdArray) value.dispose();
  else for (const leaf of arraysOf(value)) leaf.dispose();
}
