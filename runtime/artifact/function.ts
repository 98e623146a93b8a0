/** A compiled function over typed arrays: checks its arguments, runs the program that fits them, copies results out. */
import {
  type Artifact,
  childrenOf,
  isList,
  leavesOf,
  type Manifest,
  type TreeSpec,
} from "../../compiler/program/artifact.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import { type ArgumentLeaf, collectLeaves } from "./arguments.ts";
import { arrayClass, bytesOf, dtypeOf } from "./elements.ts";
import { Heap } from "./heap.ts";
import { Instance } from "./instance.ts";
import {
  bytesOfLeaf,
  type Choice,
  chooseProgram,
  fitTo,
  leafType,
  programShape,
  resultShape,
} from "./sizes.ts";
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

/** The arguments of a call, and the program that takes them. */
interface Call extends Choice {
  readonly leaves: readonly ArgumentLeaf[];
  /** Whether each leaf belongs to a donated argument. */
  readonly donated: readonly boolean[];
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
    const call = this.#prepare(args);
    const { program, leaves, donated, sizes } = call;
    const { name } = this.manifest;
    checkDonation(name, call);
    /** Copies of arguments by address, to be freed after the call. */
    const copies = new Map<number, number>();
    const inputs = leaves.map(({ data, type }, i) => {
      if (data instanceof Tensor && data.isIn(heap) && sizes === null) return data.address();
      const given = bytesOf(data instanceof Tensor ? data.data : data);
      const shape = programShape(program.inputs[i]);
      const bytes = sizes === null ? given : fitTo(type, given, call.shapes[i], shape);
      const start = heap.allocate(bytes.length);
      copies.set(start, bytes.length);
      heap.bytes.set(bytes, start);
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
    return build(this.manifest.results, results.values());
  }

  /** Places an array in WebAssembly memory, once for many calls. */
  put(data: TypedArray, shape: readonly number[] = [data.length]): Tensor {
    const bytes = bytesOf(data);
    const start = this.#heap.allocate(bytes.length);
    this.#heap.bytes.set(bytes, start);
    return new Tensor(this.#heap, start, bytes.length, dtypeOf(data), shape);
  }

  dispose(): void {
    this.#instance.dispose();
  }

  #prepare(args: readonly unknown[]): Call {
    const { name, parameters } = this.manifest;
    const leaves: ArgumentLeaf[] = [];
    const donated: boolean[] = [];
    const problems: string[] = [];
    if (args.length !== parameters.length) {
      problems.push(`it takes ${parameters.length} arguments, got ${args.length}`);
    }
    for (const [i, { tree, donated: gone }] of parameters.entries()) {
      if (i < args.length) collectLeaves(tree, args[i], `args[${i}]`, leaves, problems);
      while (donated.length < leaves.length) donated.push(gone);
    }
    // Sizes are looked at as well, so that every mistake is listed; without all leaves no program can be chosen.
    const choice = chooseProgram(this.manifest, leaves, problems);
    if (choice !== null) return { ...choice, leaves, donated };
    throw new TypeError(`The arguments of ${name} do not fit:\n  ${problems.sort().join("\n  ")}`);
  }
}

/** A tensor that is donated may not be used by the same call again. */
function checkDonation(name: string, { leaves, donated }: Call): void {
  for (const [i, { data, path }] of leaves.entries()) {
    if (!donated[i] || !(data instanceof Tensor)) continue;
    const other = leaves.find((leaf, j) => j !== i && leaf.data === data);
    if (other !== undefined) {
      throw new TypeError(
        `${name} is given a tensor at ${path}, which it may overwrite, and at ${other.path} too`,
      );
    }
  }
}

/** The tree of these results. */
function build(tree: TreeSpec, results: Iterator<unknown>): unknown {
  if (tree === null) return null;
  if (typeof tree === "string") return results.next().value;
  const children = childrenOf(tree).map(([, child]) => build(child, results));
  if (isList(tree)) return children;
  const keys = Object.keys(tree).sort();
  return Object.fromEntries(keys.map((key, i) => [key, children[i]]));
}
