/** onnxruntime-web on its WebAssembly provider, one thread: models are built here, as it computes nothing but models. */

import * as ort from "onnxruntime-web";
import { now } from "../runner/clock.ts";
import { type Contender, implementation, type Task, timeAsync } from "../runner/contender.ts";
import { readPackageVersion } from "../runner/packages.ts";
import type { Tensor } from "../workloads/tensor.ts";
import { type Model, ONNX_MISSING, onnxImplementations } from "./onnx-operations.ts";

export const onnx: Contender = {
  name: "onnx",
  loops: "compiled",
  async start() {
    ort.env.wasm.numThreads = 1;
    ort.env.logLevel = "error";
    return `onnxruntime-web ${readPackageVersion("onnxruntime-web")}, Wasm provider, SIMD, one thread`;
  },
  async prepare(workload, inputs, units) {
    return task(implementation(onnxImplementations, ONNX_MISSING, workload, inputs, units));
  },
  stop: () => {},
};

async function task({ bytes, feeds, results }: Model): Promise<Task> {
  const hadWorker = "Worker" in globalThis;
  const started = now();
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: "all",
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const compile = now() - started;
  // Its loader makes Node's workers global, from which jax-js concludes that its memory is shared.
  if (!hadWorker) Reflect.deleteProperty(globalThis, "Worker");
  const named = Object.fromEntries(feeds.map((x, i) => [`input${i}`, toOrt(x)]));
  return {
    compile: { compile },
    sample: (repeats) => timeAsync(() => session.run(named), repeats),
    results: async () => {
      const fetched = await session.run(named);
      const tensors = session.outputNames.map((name) => fromOrt(fetched[name]));
      return results?.(tensors) ?? tensors;
    },
    dispose: () => void session.release(),
  };
}

function toOrt({ data, shape }: Tensor): ort.Tensor {
  return data instanceof Int32Array
    ? new ort.Tensor("int32", data, shape)
    : new ort.Tensor("float32", data, shape);
}

function fromOrt(x: ort.Tensor): Tensor {
  const { data, dims } = x;
  return { shape: dims, data: data instanceof Float32Array ? data : Float32Array.from(data as Int32Array) };
}
