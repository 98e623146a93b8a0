/** How the frontend gets a graph run: the compiler's pipeline and the runtime, behind one small interface. */
import type { Graph } from "../../compiler/graph/graph.ts";
import { type CompiledGraph, compileGraph } from "../../compiler/pipeline.ts";
import { loadWasm } from "../../runtime/loader.ts";
import type { Storage } from "../../runtime/storage.ts";
import { environmentWatcher } from "../inspect/environment.ts";
import type { CompilePurpose, CompileWatcher } from "../inspect/watch.ts";

/** A graph ready to run. */
export interface Executable {
  /** Inputs in the graph's order → new storages of its outputs. A donated input is gone afterwards. */
  run(inputs: readonly Storage[], donated?: readonly boolean[] | null): Storage[];
  /** What the pipeline made, for the inspection methods; null where another backend made it. */
  readonly compiled: CompiledGraph | null;
}

export interface Backend {
  /** `donated[i]`: outputs may be planned into the memory of input i. */
  compile(graph: Graph, donated: readonly boolean[] | null, purpose?: CompilePurpose): Executable;
}

/** The backend that compiles for WebAssembly. A watcher sees each compilation. */
function wasmBackend(watch: CompileWatcher | null): Backend {
  return {
    compile(graph, donated, purpose = "function") {
      const observer = watch?.(graph, donated, purpose) ?? undefined;
      const compiled = compileGraph(graph, { donated: donated ?? [], observer });
      const program = loadWasm(compiled.executable);
      return { run: (inputs, given = null) => program.run(inputs, given), compiled };
    },
  };
}

let current: Backend = wasmBackend(environmentWatcher());

/** What graphs are compiled with from now on; returns what it was. Tests run the frontend on the interpreter with it. */
export function setBackend(backend: Backend): Backend {
  const previous = current;
  current = backend;
  return previous;
}

/**
 * Shows every compilation from now on to `watch`. It is a backend of its own, and caches tell backends apart: what was
 * compiled before is compiled again when it is used, and seen.
 */
export function watchCompilations(watch: CompileWatcher | null): void {
  setBackend(wasmBackend(watch));
}

export function currentBackend(): Backend {
  return current;
}
