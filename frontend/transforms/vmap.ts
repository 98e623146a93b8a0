/** Vectorisation: vmap, with trees of axes. */
import type { Graph, Operand } from "../../compiler/graph/graph.ts";
import { GraphBuilder } from "../../compiler/primitives/graph-builder.ts";
import { batchGraph } from "../../compiler/transforms/index.ts";
import { tensorType } from "../../compiler/types/tensor-type.ts";
import type { NdArray } from "../core/array.ts";
import { avalOf, formatShape, formatType } from "../core/aval.ts";
import { WeftValueError } from "../core/errors.ts";
import { captureSource } from "../core/source.ts";
import { bindGraph } from "../core/trace.ts";
import { flatten, leafPaths, unflatten } from "../tree/tree.ts";
import { formatPath, type Key, type TreeDef } from "../tree/treedef.ts";
import { argumentArray, argumentPath, type Callee, describeCallee, inputHint } from "./arguments.ts";
import { type InputSpec, traceToGraph } from "./trace-function.ts";
import { type AnyFunction, type Arguments, applyFunction, type Result } from "./types.ts";

/** An axis, null (not mapped), or a tree of them that is a prefix of the arguments' structure. */
export type Axes = number | null | readonly Axes[] | { readonly [key: string]: Axes };

/** Options of `vmap`. */
export interface VmapOptions {
  /** One axis for all arguments, or an array with the axes of each. Default 0. */
  readonly inAxes?: Axes;
  /** Where the mapped axis is in the outputs: a prefix of the output's structure. Default 0. */
  readonly outAxes?: Axes;
  /** Size of the mapped axis, where no argument has it. */
  readonly axisSize?: number;
}

const isAxis = (x: unknown): x is number | null => x === null || typeof x === "number";

/** One axis per leaf of `treedef`, from a prefix tree of axes. */
export function flattenAxes(option: string, axes: Axes, treedef: TreeDef): (number | null)[] {
  const result: (number | null)[] = [];
  const walk = (def: TreeDef, axis: unknown, path: readonly Key[]): void => {
    if (isAxis(axis)) {
      for (let i = 0; i < def.leaves; i++) result.push(axis);
      return;
    }
    const mismatch = (): WeftValueError =>
      new WeftValueError(
        `vmap ${option} specification must be a tree prefix of the corresponding value; they disagree at ${option}${formatPath(path)}: ` +
          (def.kind === "leaf"
            ? "there is an array, so its axis must be an integer or null"
            : "the structures differ"),
        captureSource(),
      );
    if (typeof axis !== "object" || axis === null) throw mismatch();
    if (def.kind === "array" && Array.isArray(axis) && axis.length === def.children.length) {
      for (const [i, child] of def.children.entries()) {
        walk(child, axis[i], [...path, { kind: "index", index: i }]);
      }
    } else if (def.kind === "object" && !Array.isArray(axis)) {
      const given: Record<string, unknown> = { ...axis };
      if (Object.keys(given).sort().join() !== def.keys.join()) throw mismatch();
      for (const [i, child] of def.children.entries()) {
        walk(child, given[def.keys[i]], [...path, { kind: "field", name: def.keys[i] }]);
      }
    } else throw mismatch();
  };
  walk(treedef, axes, []);
  return result;
}

/**
 * Maps a function over an axis of its arguments (`jax.vmap`). `inAxes` says which axis of each argument (null: passed
 * whole), `outAxes` where the mapped axis goes in the outputs.
 *
 * Throws WeftValueError where mapped axes differ in size, naming the arguments.
 */
export function vmap<F extends AnyFunction>(
  f: F,
  options: VmapOptions = {},
): (...args: Arguments<Parameters<F>>) => Result<ReturnType<F>> {
  const callee = describeCallee(f);
  const { inAxes = 0, outAxes = 0, axisSize } = options;
  const mapped = (...args: unknown[]): unknown => vmapCall(f, callee, args, inAxes, outAxes, axisSize);
  return mapped as (...args: Arguments<Parameters<F>>) => Result<ReturnType<F>>;
}

interface MappedLeaf {
  readonly array: NdArray;
  readonly axis: number;
  readonly argument: number;
  readonly path: readonly Key[];
}

function vmapCall(
  f: AnyFunction,
  callee: Callee,
  args: readonly unknown[],
  inAxes: Axes,
  outAxes: Axes,
  axisSize: number | undefined,
): unknown {
  const { leaves, treedef } = flatten(args);
  if (Array.isArray(inAxes) && inAxes.length !== args.length) {
    throw new WeftValueError(
      `vmap in_axes must be an int, null, or an array of entries corresponding to the positional arguments passed to the ` +
        `function, but got inAxes of length ${inAxes.length} for ${args.length} arguments.`,
      captureSource(),
    );
  }
  const axes = flattenAxes("inAxes", inAxes, treedef);
  const paths = leafPaths(treedef);
  const mapped = new Map<number, MappedLeaf>();
  for (const [i, axis] of axes.entries()) {
    if (axis === null) continue;
    const [first, ...path] = paths[i];
    const argument = first.kind === "index" ? first.index : 0;
    const array = argumentArray(callee, "vmap", argument, path, leaves[i]);
    mapped.set(i, { array, axis: normalAxis(array, axis, callee, argument, path), argument, path });
  }
  const size = mappedSize([...mapped.values()], axisSize, callee);

  // A leaf that is not mapped is passed as it is; operations on it alone are not part of the mapped function.
  const inputs = [...mapped.values()].map(({ array, axis, argument, path }): InputSpec => {
    const shape = array.shape.filter((_, a) => a !== axis);
    return {
      aval: avalOf(tensorType(array.dtype, shape), array.weakType),
      name: argumentPath(callee, argument, path),
      hint: inputHint(callee, argument, path),
      outer: null,
    };
  });
  const traced = traceToGraph("vmap", callee, inputs, (arrays) => {
    const passed = [...leaves];
    let at = 0;
    for (const i of mapped.keys()) passed[i] = arrays[at++];
    const rebuilt = unflatten(treedef, passed);
    return Array.isArray(rebuilt) ? applyFunction(f, rebuilt) : undefined;
  });
  const wanted = flattenAxes("outAxes", outAxes, traced.outTree);
  const dims = [...mapped.values()].map((x): number | null => x.axis);
  const graph = batchedGraph(
    traced.graph,
    size,
    [...dims, ...traced.captured.map(() => null)],
    wanted,
    traced.outTree,
  );
  const results = bindGraph(
    graph,
    [...[...mapped.values()].map((x) => x.array), ...traced.captured],
    traced.outAvals.map((a) => a.weakType),
  );
  return unflatten(traced.outTree, results);
}

/** The batched graph with the mapped axis of each output where it is wanted. */
function batchedGraph(
  graph: Graph,
  size: number,
  dims: readonly (number | null)[],
  wanted: readonly (number | null)[],
  outTree: TreeDef,
): Graph {
  const batched = batchGraph(graph, size, dims);
  const builder = new GraphBuilder();
  const inputs = batched.graph.inputs.map((v) => builder.input(v.type, v.hint));
  const outputs = builder.inline(batched.graph, inputs).map((x, i): Operand => {
    const dim = batched.outDims[i];
    const axis = wanted[i];
    const rank = graph.outputs[i].type.shape.length;
    if (axis === null) {
      if (dim === null) return x;
      throw new WeftValueError(
        "vmap has mapped output but outAxes is null: the output " +
          `out${formatPath(leafPaths(outTree)[i])} depends on a mapped argument, so it needs an axis.`,
        captureSource(),
      );
    }
    const to = axis < 0 ? axis + rank + 1 : axis;
    if (to < 0 || to > rank) {
      throw new WeftValueError(
        `axis ${axis} is out of bounds for array of dimension ${rank + 1} (outAxes of ` +
          `out${formatPath(leafPaths(outTree)[i])}, ${formatType(graph.outputs[i].type)} for each example)`,
        captureSource(),
      );
    }
    if (dim !== null) return builder.moveAxis(x, dim, to);
    const { shape } = x.type;
    const kept = shape.map((_, a) => (a < to ? a : a + 1));
    return builder.broadcastInDim(x, [...shape.slice(0, to), size, ...shape.slice(to)], kept);
  });
  return builder.finish(graph.name, outputs);
}

function normalAxis(
  array: NdArray,
  axis: number,
  callee: Callee,
  argument: number,
  path: readonly Key[],
): number {
  const at = axis < 0 ? axis + array.ndim : axis;
  if (Number.isInteger(axis) && at >= 0 && at < array.ndim) return at;
  throw new WeftValueError(
    `vmap was requested to map its argument along axis ${axis}, which implies that its rank should be at least ` +
      `${axis < 0 ? -axis : axis + 1}, but is only ${array.ndim} (its shape is ${formatShape(array.shape)}): ` +
      `argument ${argumentPath(callee, argument, path)} of ${callee.name}`,
    captureSource(),
  );
}

function mappedSize(leaves: readonly MappedLeaf[], axisSize: number | undefined, callee: Callee): number {
  const sizes = leaves.map((x) => x.array.shape[x.axis]);
  if (axisSize === undefined && sizes.length === 0) {
    throw new WeftValueError(
      "vmap must have at least one non-null value in inAxes, or be given axisSize",
      captureSource(),
    );
  }
  const size = axisSize ?? sizes[0];
  if (sizes.every((n) => n === size)) return size;
  const lines = leaves.map(
    ({ array, axis, argument, path }) =>
      `  * ${argumentPath(callee, argument, path)} (args[${argument}]${formatPath(path)}) of shape ` +
      `${formatShape(array.shape)} has size ${array.shape[axis]} along axis ${axis}`,
  );
  const given = axisSize === undefined ? "" : `  * axisSize is ${axisSize}\n`;
  throw new WeftValueError(
    `vmap got inconsistent sizes for array axes to be mapped:\n${given}${lines.join("\n")}`,
    captureSource(),
  );
}
