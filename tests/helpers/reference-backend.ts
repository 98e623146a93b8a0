/** Runs the frontend on the reference interpreter: slow, independent of fusion and of the target. */
import { interpretGraph } from "../../compiler/interpret/reference.ts";
import { fromBytes, toBytes } from "../../compiler/interpret/tensors.ts";
import { type Backend, setBackend } from "../../frontend/core/backend.ts";
import { cpuDevice } from "../../runtime/device.ts";

export const referenceBackend: Backend = {
  compile(graph) {
    return {
      compiled: null,
      run(inputs, donated = null) {
        const tensors = inputs.map((storage, i) => fromBytes(graph.inputs[i].type, storage.bytes().slice()));
        const outputs = interpretGraph(graph, tensors).map((t) => cpuDevice().memory.store(toBytes(t)));
        for (const [i, storage] of inputs.entries()) if (donated?.[i]) storage.release("donated", graph.name);
        return outputs;
      },
    };
  },
};

/** Runs `body` with graphs interpreted instead of compiled. */
export function interpreted<T>(body: () => T): T {
  const previous = setBackend(referenceBackend);
  try {
    return body();
  } finally {
    setBackend(previous);
  }
}
