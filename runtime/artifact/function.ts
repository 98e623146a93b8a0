/** A compiled function over typed arrays: checks its arguments, runs the program that fits them, copies results out. */
import { type Artifact, leavesOf, type Manifest } from "../../compiler/program/artifact.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { buildTree, prepareCall } from "./call.ts";
import { arrayClass, bytesOf, dtypeOf } from "./elements.ts";
import { Heap } from "./heap.ts";
import { Instance } from "./instance.ts";
import { bytesOfLeaf, fitTo, leafType, programShape, resultShape } from "./sizes.ts";
import { Tensor } from "./tensor.ts";

/** An array as a result has it. */
export interface Result {
  readonly data: TypedArray;
  readonly shape: readonly number[];
}

/** Declared cache of one: the memory that all functions loaded by this module share. */
let heap: Heap | null = null;

/** That memory. */
export function sharedHeap(): Heap {
  heap ??= new Heap();
  return heap;
}

export class WasmFunction {
  readonly #heap = sharedHeap();
  readonly #instance: Instance;
  readonly #resultTypes: readonly string[];

  constructor(
    readonly artifact: Artifact,
    modules: readonly WebAssembly.Module[],
  ) {
    this.#instance = new Instance(artifact, modules, this.#heap);
    this.#resultTypes = leavesOf(this.manifest.results).map(({ type }) => type);
  }

  get manifest(): Manifest {
    return this.artifact.manifest;
  }

  /** Runs it. With `keep` results stay in WebAssembly memory as Tensors, else they are copies. */
  call(args: readonly unknown[], keep: boolean): unknown {
    const heap = this.#heap;
    const call = prepareCall(this.manifest, args, Tensor);
    const { program, leaves, donated, sizes } = call;
    const { name } = this.manifest;
    /** Copies of arguments by address, to be freed after the call. */
    const copies = new Map<number, number>();
    const inputs = leaves.map(({ data, type }, i) => {
      if (data instanceof Tensor && data.isIn(heap) && sizes === null) return data.address();
      const given = bytesOf(data instanceof Tensor ? data.data : data);
      const shape = programShape(program.inputs[i]);
      const bytes = sizes === null ? given : fitTo(type, given, call.shapes[i], shape);
      const start = heap.put(bytes);
      copies.set(start, bytes.length);
      return start;
    });
    const outputs = program.outputs.map((type, o) => {
      const alias = program.aliases[o];
      if (alias === null) return heap.allocate(bytesOfLeaf(type));
      const { data } = leaves[alias];
      const start = inputs[alias];
      if (!copies.delete(start) && data instanceof Tensor) data.donate(name);
      return start;
    });
    this.#instance.run(program, inputs, outputs);
    for (const [start, bytes] of copies) heap.release(start, bytes);
    for (const [i, { data }] of leaves.entries()) {
      if (donated[i] && data instanceof Tensor) data.donate(name, true);
    }
    const results = outputs.map((start, o): Tensor | Result => {
      const type = program.outputs[o];
      const { dtype } = leafType(type);
      const whole = programShape(type);
      const bytes = bytesOfLeaf(type);
      if (keep && sizes === null) return new Tensor(heap, start, bytes, dtype, whole);
      const shape = sizes === null ? whole : resultShape(this.#resultTypes[o], whole, sizes);
      const copy = heap.bytes.slice(start, start + bytes);
      heap.release(start, bytes);
      const data = new (arrayClass(dtype))((sizes === null ? copy : fitTo(type, copy, whole, shape)).buffer);
      return keep ? this.put(data, shape) : { data, shape };
    });
    return buildTree(this.manifest.results, results.values());
  }

  /** Places an array in WebAssembly memory, once for many calls. */
  put(data: TypedArray, shape: readonly number[] = [data.length]): Tensor {
    const bytes = bytesOf(data);
    return new Tensor(this.#heap, this.#heap.put(bytes), bytes.length, dtypeOf(data), shape);
  }

  dispose(): void {
    this.#instance.dispose();
  }
}
