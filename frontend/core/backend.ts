/** How the frontend gets a graph run: the compiler's pipeline and the runtime, behind one small interface. */
import type { Graph } from "../../compiler/graph/graph.ts";
import { type CompiledGraph, compileGraph } from "../../compiler/pipeline.ts";
import { loadWasm } from "../../runtime/loader.ts";
import type { Storage } from "../../runtime/storage.ts";
import { useDefaultThreads } from "../../runtime/threads/index.ts";
import { environmentWatcher } from "../inspect/environment.ts";
import type { CompilePurpose, CompileWatcher } from "../inspect/watch.ts";
import { spans } from "./spans.ts";

/** A graph ready to run. */
export interface Executable {
  /** Inputs in the graph's order → new storages of its outputs. A donated input is gone afterwards. */
  run(inputs: readonly Storage[], donated?: readonly boolean[] | null): Storage[];
  /** What the pipeline made, for the inspection methods; null where another backend made it. */
  readonly compiled: CompiledGraph | null;
}

export interface Backend {
  /** `donated[i]`: outputs may be planned into the memory of input i. */
  compile(graph: Graph, donated: readonly boolean[] | null, purpose: CompilePurpose): Executable;
}

/** The compiler's pipeline and the Wasm runtime. */
export function wasmBackend(watcher: CompileWatcher | null): Backend {
  return {
    compile(graph, donated, purpose) {
      const observer = watcher?.(graph, donated, purpose) ?? null;
      const { name } = graph;
      const compiled = spans.measure("compile", name, () => {
        const start = performance.now();
        const made = compileGraph(graph, {
          ...(donated === null ? {} : { donated }),
          ...(observer === null ? {} : { observer }),
        });
        if (spans.listener !== null) reportPasses(made, start);
        return made;
      });
      const program = spans.measure("load", name, () => loadWasm(compiled.executable));
      const run: Executable["run"] = (inputs, given = null) =>
        spans.listener === null
          ? program.run(inputs, given)
          : spans.measure("run", name, () => program.run(inputs, given));
      return { run, compiled };
    },
  };
}

/** The passes of a compilation, one after the other; what verifies and dumps between them is left out. */
function reportPasses({ graph, records }: CompiledGraph, start: number): void {
  let at = start;
  for (const { name, level, milliseconds: duration, changed } of records) {
    spans.report({ kind: "pass", name, start: at, duration, detail: { graph: graph.name, level, changed } });
    at += duration;
  }
}

// Before the first array is made: its memory has to be a shared one. Nothing is started by it.
useDefaultThreads();

/** `WEFT_DUMP=DIR node program.js` dumps every compilation of an unchanged program. */
let current: Backend = wasmBackend(environmentWatcher());

/**
 * What graphs are compiled with from now on; returns what it was. Caches are per backend, so nothing compiled by the
 * one is used by the other.
 */
export function setBackend(backend: Backend): Backend {
  const previous = current;
  current = backend;
  return previous;
}

/** Shows the stages of every compilation from now on to a watcher: dumps. What is compiled already compiles again. */
export function setCompileWatcher(watcher: CompileWatcher | null): void {
  current = wasmBackend(watcher);
}

export function currentBackend(): Backend {
  return current;
}
