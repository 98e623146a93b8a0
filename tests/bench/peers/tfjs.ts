/** TensorFlow.js on its WebAssembly backend: eager, every operation a kernel of C++ (XNNPACK among them). */
import { createRequire } from "node:module";
import path from "node:path";
import { type Contender, implementation, NotPossible, type Task, timeSync } from "../runner/contender.ts";
import type { Tensor } from "../workloads/tensor.ts";
import { type Run, tfjsImplementations } from "./tfjs-operations.ts";

// The packages are CommonJS, and Node does not find their names as those of ES modules.
const require = createRequire(import.meta.url);
type Tf = typeof import("@tensorflow/tfjs");

let tf: Tf | null = null;

function loaded(): Tf {
  if (tf === null) throw new Error("TensorFlow.js was not started");
  return tf;
}

export const tfjs: Contender = {
  name: "tfjs",
  loops: "stepwise",
  async start() {
    // It prints an advertisement for another of its packages.
    const { warn, log } = console;
    console.warn = () => {};
    console.log = () => {};
    tf = require("@tensorflow/tfjs") as Tf;
    const wasm: typeof import("@tensorflow/tfjs-backend-wasm") = require("@tensorflow/tfjs-backend-wasm");
    const folder = path.dirname(require.resolve("@tensorflow/tfjs-backend-wasm"));
    wasm.setWasmPaths(`${folder}/`);
    await tf.setBackend("wasm");
    await tf.ready();
    Object.assign(console, { warn, log });
    if (tf.getBackend() !== "wasm") throw new Error("its Wasm backend did not start");
    const simd = (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) ? "SIMD" : "scalar";
    const threads = (await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT")) ? "threads" : "one thread";
    return `TensorFlow.js ${tf.version.tfjs}, Wasm backend, ${simd}, ${threads}`;
  },
  async prepare(workload, inputs, units) {
    const all = tfjsImplementations(loaded());
    return task(implementation(all, {}, workload, inputs, units));
  },
  stop: () => {},
};

function task({ run, dispose }: Run): Task {
  const { tidy, dispose: free } = loaded();
  const once = (): void => free(tidy(run));
  try {
    once();
  } catch (error) {
    dispose();
    if (error instanceof Error && /not registered for backend/.test(error.message))
      throw new NotPossible(error.message);
    throw error;
  }
  return {
    sample: (repeats) => timeSync(once, repeats),
    results: () => {
      const result = tidy(run);
      const tensors = [result].flat().map((x): Tensor => {
        const data = x.dataSync();
        return { shape: x.shape, data: data instanceof Int32Array ? data : Float32Array.from(data) };
      });
      free(result);
      return tensors;
    },
    dispose,
  };
}
