/**
 * One specialisation of a jitted function: for one structure and types of its arguments and one set of static values.
 * `run` is the hot path of compiled calls: no maps, no closures, arrays only for what must be kept.
 */

import { bytesOf, sameType } from "../../compiler/types/tensor-type.ts";
import { cpuDevice } from "../../runtime/device.ts";
import type { Storage } from "../../runtime/storage.ts";
import type { GpuStorage } from "../../runtime/webgpu/storage.ts";
import { config } from "../config/config.ts";
import type { NdArray } from "../core/array.ts";
import { formatType, type ShapedArray, sameAval, scalarAval } from "../core/aval.ts";
import { type Backend, currentBackend, type Executable } from "../core/backend.ts";
import { ConcreteArray, writeScalar } from "../core/concrete-array.ts";
import { accelerated, type Device, type Placement, placementOf, WebGpuDevice } from "../core/device.ts";
import { type GpuEngine, gpuEngine, type NumberArgument } from "../core/engine.ts";
import { InternalError } from "../core/errors.ts";
import { asArray, asConcrete, bind, contextFor, Tracer } from "../core/trace.ts";
import { matchInto, unflattenAt } from "../tree/tree.ts";
import type { TreeDef } from "../tree/treedef.ts";
import { sameStatic } from "./static-arguments.ts";
import type { TracedGraph } from "./trace-function.ts";

export class JitEntry {
  /** What products that say nothing of their precision were traced with. */
  readonly precision = config.defaultMatmulPrecision;
  #executable: Executable | null = null;
  #backend: Backend | null = null;
  /** Memory for JavaScript numbers among the arguments, one storage per leaf, written at each call. */
  readonly #scalars: (Storage | null)[];
  /** Compiled for GPUs, by the backend of each. */
  readonly #gpuExecutables = new WeakMap<Backend<GpuStorage>, Executable<GpuStorage>>();
  readonly #gpuNumbers = new WeakMap<GpuEngine, NumberArgument[]>();
  readonly #capturedConcrete: readonly ConcreteArray[] | null;
  readonly #donated: readonly boolean[] | null;

  constructor(
    readonly name: string,
    /** Structure of each argument; null where it is static. */
    readonly argumentTrees: readonly (TreeDef | null)[],
    readonly statics: readonly unknown[],
    readonly avals: readonly ShapedArray[],
    readonly traced: TracedGraph,
    /** Per leaf of the dynamic arguments; null if none is donated. */
    donated: readonly boolean[] | null,
    /** Where it runs; null: where its arguments are. */
    readonly device: Device | null = null,
  ) {
    this.#scalars = new Array<Storage | null>(avals.length).fill(null);
    this.#donated = donated === null ? null : [...donated, ...traced.captured.map(() => false)];
    this.#capturedConcrete = traced.captured.some((x) => x instanceof Tracer)
      ? null
      : traced.captured.map(asConcrete);
  }

  /** Whether other traces may use it: it holds on to no value of a running trace. */
  get cacheable(): boolean {
    return this.#capturedConcrete !== null;
  }

  /**
   * The leaves of the arguments if they are what this entry was traced for, or null. A function compiled ahead of time
   * takes weakly typed arrays for others (`weakTypesMatter` false), as in JAX: its types are decided.
   */
  match(args: readonly unknown[], weakTypesMatter = true): unknown[] | null {
    const { argumentTrees, avals } = this;
    if (args.length !== argumentTrees.length) return null;
    const leaves = new Array<unknown>(avals.length);
    let at = 0;
    let staticAt = 0;
    for (let i = 0; i < args.length; i++) {
      const tree = argumentTrees[i];
      if (tree === null) {
        if (!sameStatic(args[i], this.statics[staticAt++])) return null;
      } else {
        if (!matchInto(tree, args[i], leaves, at)) return null;
        at += tree.leaves;
      }
    }
    for (let i = 0; i < avals.length; i++) {
      const leaf = leaves[i];
      let aval: ShapedArray;
      if (leaf instanceof ConcreteArray || leaf instanceof Tracer) aval = leaf.aval;
      else if (typeof leaf === "number" || typeof leaf === "boolean") aval = scalarAval(leaf);
      else return null;
      if (aval === avals[i] || sameAval(aval, avals[i])) continue;
      if (weakTypesMatter || !sameType(aval.type, avals[i].type)) return null;
    }
    return leaves;
  }

  /** The compiled function; compiled now if this backend has not yet. */
  executable(): Executable {
    const backend = currentBackend();
    if (this.#executable === null || this.#backend !== backend) {
      this.#executable = backend.compile(this.traced.graph, this.#donated, "function");
      this.#backend = backend;
    }
    return this.#executable;
  }

  /** Where a call with these leaves runs; specs of arrays may be anywhere. */
  deviceFor(leaves: readonly unknown[]): Device {
    return this.#placement(leaves, this.#capturedConcrete ?? []).device;
  }

  /** The same compiled for a GPU. */
  executableOn(device: WebGpuDevice): Executable<GpuStorage> {
    const backend = gpuEngine(device).backend();
    let executable = this.#gpuExecutables.get(backend);
    if (executable === undefined) {
      executable = backend.compile(this.traced.graph, this.#donated, "function");
      this.#gpuExecutables.set(backend, executable);
    }
    return executable;
  }

  /** Calls the compiled function outside of any trace. The leaves are those of `match`. */
  run(leaves: readonly unknown[]): unknown {
    const captured = this.#capturedConcrete;
    if (captured === null) throw new InternalError("a trace's values outside of the trace");
    let committed: Device | null = null;
    if (accelerated() || this.device !== null) {
      const placement = this.#placement(leaves, captured);
      if (placement.device instanceof WebGpuDevice) {
        return this.#runOnGpu(placement.device, placement.committed, leaves, captured);
      }
      committed = placement.committed;
    }
    const executable = this.executable();
    const count = leaves.length;
    const storages = new Array<Storage>(count + captured.length);
    for (let i = 0; i < count; i++) {
      const leaf = leaves[i];
      if (leaf instanceof ConcreteArray) storages[i] = leaf.buffer ?? leaf.storage();
      else if (typeof leaf === "number" || typeof leaf === "boolean") {
        storages[i] = this.#scalar(i, Number(leaf));
      } else throw new InternalError("a leaf that is not an array");
    }
    for (let i = 0; i < captured.length; i++) storages[count + i] = captured[i].storage();
    const results = executable.run(storages, this.#donated);
    const { outAvals, outTree } = this.traced;
    if (outTree.kind === "leaf") return new ConcreteArray(outAvals[0], results[0], null, committed);
    const outputs = new Array<NdArray>(results.length);
    for (let i = 0; i < results.length; i++) {
      outputs[i] = new ConcreteArray(outAvals[i], results[i], null, committed);
    }
    return unflattenAt(outTree, outputs, 0);
  }

  #placement(leaves: readonly unknown[], captured: readonly ConcreteArray[]): Placement {
    const { device } = this;
    if (device !== null) return { device, committed: device };
    const arrays = leaves.filter((leaf) => leaf instanceof ConcreteArray);
    return placementOf([...arrays, ...captured], (i) => {
      const where = i < arrays.length ? leaves.indexOf(arrays[i]) : -1;
      const what = where < 0 ? "an array that it uses" : `argument ${this.#label(where)}`;
      const { type } = (where < 0 ? captured[i - arrays.length] : arrays[i]).aval;
      return `${what} of ${this.name} with shape ${formatType(type)}`;
    });
  }

  /** The user's name for leaf i. */
  #label(i: number): string {
    return this.traced.graph.inputs[i].hint ?? String(i);
  }

  #runOnGpu(
    device: WebGpuDevice,
    committed: Device | null,
    leaves: readonly unknown[],
    captured: readonly ConcreteArray[],
  ): unknown {
    const engine = gpuEngine(device);
    const executable = this.executableOn(device);
    const numbers = this.#gpuNumbers.get(engine) ?? [];
    this.#gpuNumbers.set(engine, numbers);
    const donated = this.#donated;
    const storages = leaves.map((leaf, i) => {
      if (leaf instanceof ConcreteArray) return donated?.[i] ? engine.donate(leaf) : engine.place(leaf);
      numbers[i] = engine.argument(numbers[i], this.avals[i].type, Number(leaf));
      return numbers[i].storage;
    });
    for (const array of captured) storages.push(engine.place(array));
    const results = executable.run(storages, donated);
    if (donated !== null) {
      // The host's copy of a donated array goes with it.
      for (const [i, leaf] of leaves.entries()) {
        if (donated[i] && leaf instanceof ConcreteArray) leaf.buffer?.release("donated", this.name);
      }
    }
    const { outAvals, outTree } = this.traced;
    const outputs = results.map((storage, i) => engine.wrap(outAvals[i], storage, committed));
    return unflattenAt(outTree, outputs, 0);
  }

  /** Calls the function wherever the arguments belong: compiled, or as one equation of a graph being traced. */
  call(leaves: readonly unknown[]): unknown {
    const { captured, graph, outTree, outAvals } = this.traced;
    const arrays = leaves.map((leaf) => asArray(leaf as NdArray | number | boolean));
    const inputs = [...arrays, ...captured];
    if (contextFor(inputs) === null) return this.run(leaves);
    const outputs = bind(
      "call",
      inputs,
      { graph, name: this.name },
      outAvals.map((a) => a.weakType),
    );
    return unflattenAt(outTree, outputs, 0);
  }

  get donated(): readonly boolean[] | null {
    return this.#donated;
  }

  #scalar(i: number, value: number): Storage {
    const { type } = this.avals[i];
    let storage = this.#scalars[i];
    // Donated with the rest of its argument: another one next time.
    if (storage === null || storage.gone !== null) {
      storage = cpuDevice().memory.allocate(bytesOf(type));
      this.#scalars[i] = storage;
    }
    writeScalar(storage, type.dtype, value);
    return storage;
  }
}
