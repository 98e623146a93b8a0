/** How the frontend gets a graph run: the compiler's pipeline and the runtime, behind one small interface. */
import type { Graph } from "../../compiler/graph/graph.ts";
import { type CompiledGraph, compileGraph } from "../../compiler/pipeline.ts";
import { loadWasm } from "../../runtime/loader.ts";
import type { Storage } from "../../runtime/storage.ts";

/** A graph ready to run. */
export interface Executable {
  /** Inputs in the graph's order → new storages of its outputs. A donated input is gone afterwards. */
  run(inputs: readonly Storage[], donated?: readonly boolean[] | null): Storage[];
  /** What the pipeline made, for the inspection methods; null where another backend made it. */
  readonly compiled: CompiledGraph | null;
}

export interface Backend {
  /** `donated[i]`: outputs may be planned into the memory of input i. */
  compile(graph: Graph, donated: readonly boolean[] | null): Executable;
}

const wasmBackend: Backend = {
  compile(graph, donated) {
    const compiled = compileGraph(graph, donated === null ? {} : { donated });
    const program = loadWasm(compiled.executable);
    return { run: (inputs, given = null) => program.run(inputs, given), compiled };
  },
};

let current: Backend = wasmBackend;

/** What graphs are compiled with from now on; returns what it was. Tests run the frontend on the interpreter with it. */
export function setBackend(backend: Backend): Backend {
  const previous = current;
  current = backend;
  return previous;
}

export function currentBackend(): Backend {
  return current;
}
