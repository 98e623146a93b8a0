/** How the frontend gets a graph run: the compiler's pipeline and the runtime, behind one small interface. */
import type { Graph } from "../../compiler/graph/graph.ts";
import { type CompiledGraph, type CompileOptions, compileGraph } from "../../compiler/pipeline.ts";
import type { WasmExecutable } from "../../compiler/program/program.ts";
import type { WebGpuExecutable } from "../../compiler/program/webgpu.ts";
import type { ArrayStorage } from "../../runtime/array-storage.ts";
import { loadWasm } from "../../runtime/loader.ts";
import type { Storage } from "../../runtime/storage.ts";
import { useDefaultThreads } from "../../runtime/threads/index.ts";
import type { GpuDevice } from "../../runtime/webgpu/device.ts";
import type { GpuStorage } from "../../runtime/webgpu/storage.ts";
import { config } from "../config/config.ts";
import { environmentWatcher } from "../inspect/environment.ts";
import type { CompilePurpose, CompileWatcher } from "../inspect/watch.ts";
import { gpu } from "./gpu.ts";
import { spans } from "./spans.ts";

/** What the pipeline makes for the device whose arrays are storages of this kind. */
export type CompiledFor<S extends ArrayStorage> = CompiledGraph<
  S extends Storage ? WasmExecutable : WebGpuExecutable
>;

/** A graph ready to run, on storages of one kind. */
export interface Executable<S extends ArrayStorage = Storage> {
  /** Inputs in the graph's order → new storages of its outputs. A donated input is gone afterwards. */
  run(inputs: readonly S[], donated?: readonly boolean[] | null): S[];
  /** What the pipeline made, for the inspection methods; null where another backend made it. */
  readonly compiled: CompiledFor<S> | null;
}

export interface Backend<S extends ArrayStorage = Storage> {
  /** `donated[i]`: outputs may be planned into the memory of input i. */
  compile(graph: Graph, donated: readonly boolean[] | null, purpose: CompilePurpose): Executable<S>;
  /** What runs graphs on a GPU while this backend is in use, given what does otherwise; absent if that does. */
  readonly onGpu?: (inner: Backend<GpuStorage>) => Backend<GpuStorage>;
}

/** The compiler's pipeline and the Wasm runtime. */
export function wasmBackend(watcher: CompileWatcher | null): Backend {
  return {
    compile(graph, donated, purpose) {
      const compiled = compileMeasured(graph, donated, purpose, watcher, compileGraph);
      const { name } = graph;
      const program = spans.measure("load", name, () => loadWasm(compiled.executable));
      return { run: measuredRun(name, (inputs, given) => program.run(inputs, given)), compiled };
    },
  };
}

/** The compiler's pipeline for the adapter of a device, and the WebGPU runtime. */
export function webGpuBackend(device: GpuDevice, watcher: CompileWatcher | null): Backend<GpuStorage> {
  return {
    compile(graph, donated, purpose) {
      device.checkAlive();
      const limits = limitsOf(device);
      const compiled = compileMeasured(graph, donated, purpose, watcher, (g, options) =>
        gpu().compileGraphForWebGpu(g, { ...options, limits }),
      );
      const { name } = graph;
      const program = spans.measure("load", name, () => gpu().loadGpuProgram(compiled.executable, device));
      return { run: measuredRun(name, (inputs, given) => program.run(inputs, given)), compiled };
    },
  };
}

/** What the device can do, with its table of tiles unless that is off. On a driver in software nobody waits for measuring. */
function limitsOf(device: GpuDevice): GpuDevice["limits"] {
  if (!config.tuneTiles) return device.limits;
  return gpu().tileTable(device).limits(!device.limits.software);
}

function compileMeasured<E>(
  graph: Graph,
  donated: readonly boolean[] | null,
  purpose: CompilePurpose,
  watcher: CompileWatcher | null,
  compile: (graph: Graph, options: CompileOptions) => CompiledGraph<E>,
): CompiledGraph<E> {
  const observer = watcher?.(graph, donated, purpose) ?? null;
  return spans.measure("compile", graph.name, () => {
    const start = performance.now();
    const made = compile(graph, {
      ...(donated === null ? {} : { donated }),
      ...(observer === null ? {} : { observer }),
    });
    if (spans.listener !== null) reportPasses(made, start);
    return made;
  });
}

function measuredRun<S>(
  name: string,
  run: (inputs: readonly S[], donated: readonly boolean[] | null) => S[],
): (inputs: readonly S[], donated?: readonly boolean[] | null) => S[] {
  return (inputs, donated = null) =>
    spans.listener === null ? run(inputs, donated) : spans.measure("run", name, () => run(inputs, donated));
}

/** The passes of a compilation, one after the other; what verifies and dumps between them is left out. */
function reportPasses({ graph, records }: CompiledGraph<unknown>, start: number): void {
  let at = start;
  for (const { name, level, milliseconds: duration, changed } of records) {
    spans.report({ kind: "pass", name, start: at, duration, detail: { graph: graph.name, level, changed } });
    at += duration;
  }
}

// Before the first array is made: its memory has to be a shared one. Nothing is started by it.
useDefaultThreads();

/** What graphs are compiled with now, and who watches. */
interface Current {
  /** For WebAssembly. */
  backend: Backend;
  watcher: CompileWatcher | null;
}

/** `WEFT_DUMP=DIR node program.js` dumps every compilation of an unchanged program. */
const watching = environmentWatcher();
const current: Current = { backend: wasmBackend(watching), watcher: watching };

/** Declared cache: the backend of each GPU, with the watcher it was made for. */
const gpuBackends = new WeakMap<
  GpuDevice,
  {
    readonly backend: Backend<GpuStorage>;
    readonly watcher: CompileWatcher | null;
    readonly onGpu: Backend["onGpu"];
  }
>();

/**
 * What graphs are compiled with for WebAssembly from now on; returns what it was. Caches are per backend, so nothing
 * compiled by the one is used by the other.
 */
export function setBackend(backend: Backend): Backend {
  const previous = current.backend;
  current.backend = backend;
  return previous;
}

/** Shows the stages of every compilation from now on to a watcher: dumps. What is compiled already compiles again. */
export function setCompileWatcher(watcher: CompileWatcher | null): void {
  current.backend = wasmBackend(watcher);
  current.watcher = watcher;
}

export function currentBackend(): Backend {
  return current.backend;
}

/** What graphs are compiled with for a GPU. */
export function backendOf(device: GpuDevice): Backend<GpuStorage> {
  const { watcher } = current;
  const { onGpu } = current.backend;
  let known = gpuBackends.get(device);
  if (known?.watcher !== watcher || known.onGpu !== onGpu) known = undefined;
  if (known === undefined) {
    const plain = webGpuBackend(device, watcher);
    known = { backend: onGpu === undefined ? plain : onGpu(plain), watcher, onGpu };
    gpuBackends.set(device, known);
  }
  return known.backend;
}
