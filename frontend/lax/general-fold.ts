/** Folds by any function: pairs at once, in as many steps as halving takes. */
import { isInteger } from "../../compiler/types/dtype.ts";
import { sizeOf } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  asArray,
  convert,
  formatShape,
  formatType,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { vmap } from "../transforms/vmap.ts";
import { flatten, structureDifference, unflatten } from "../tree/tree.ts";
import type { TreeDef } from "../tree/treedef.ts";
import { canonicalizeAxes, otherAxes } from "./axes.ts";
import { bitwiseXor } from "./elementwise.ts";
import { concatenate, reshape, sliceInDim, transpose } from "./movement.ts";
import { broadcastTo, scalarLike } from "./operands.ts";

/** Combines lists of arrays of one shape, elementwise. */
export type CombineLists = (x: readonly NdArray[], y: readonly NdArray[]) => NdArray[];

/** Arrays [n, …] folded over their first axis, n at least 1. */
function foldFirst(arrays: readonly NdArray[], combine: CombineLists): NdArray[] {
  const n = arrays[0].shape[0];
  if (n === 1) return arrays.map((x) => reshape(x, x.shape.slice(1)));
  const even = n - (n % 2);
  const pick = (from: number): NdArray[] => arrays.map((x) => sliceInDim(x, from, even, { stride: 2 }));
  const pairs = combine(pick(0), pick(1));
  if (even === n) return foldFirst(pairs, combine);
  return foldFirst(
    pairs.map((x, i) => concatenate([x, sliceInDim(arrays[i], n - 1, n)], 0)),
    combine,
  );
}

/** Arrays of one shape folded over axes, and combined with their initial values. */
export function foldAxes(
  arrays: readonly NdArray[],
  inits: readonly NdArray[],
  axes: readonly number[],
  combine: CombineLists,
): NdArray[] {
  const { shape, ndim } = arrays[0];
  const kept = otherAxes(ndim, axes);
  const rest = kept.map((axis) => shape[axis]);
  const starts = inits.map((init) => broadcastTo(init, rest));
  const n = sizeOf(axes.map((axis) => shape[axis]));
  if (n === 0 || sizeOf(rest) === 0) return starts;
  const rows = arrays.map((x) => reshape(transpose(x, [...axes, ...kept]), [n, ...rest]));
  return combine(starts, foldFirst(rows, combine));
}

/** A function of two trees of scalars as one of lists of arrays. Checks that it returns what it takes. */
export function elementwiseCombine(
  caller: string,
  computation: (x: never, y: never) => unknown,
  tree: TreeDef,
): CombineLists {
  const scalar = (x: readonly NdArray[], y: readonly NdArray[]): NdArray[] => {
    const result = Reflect.apply(computation, undefined, [unflatten(tree, x), unflatten(tree, y)]);
    const { leaves, treedef } = flatten(result);
    const problem = structureDifference(tree, treedef, "the operands");
    if (problem !== null) {
      throw new WeftTypeError(
        `${caller}: computation must return what it takes, but structures differ: ${problem}`,
      );
    }
    return leaves.map((leaf, i) => {
      const y0 = asArray(leaf as ArrayLike);
      if (y0.ndim !== 0 || (y0.dtype !== x[i].dtype && !y0.weakType)) {
        throw new WeftTypeError(
          `${caller}: computation must return scalars of the operands' types, got ${formatType(y0.aval.type)} for ` +
            `${x[i].dtype}[]`,
        );
      }
      return convert(y0, x[i].dtype);
    });
  };
  const mapped = vmap(scalar);
  return (x, y) => {
    const { shape } = x[0];
    const flat = (list: readonly NdArray[]): NdArray[] => list.map((a) => reshape(a, [a.size]));
    if (sizeOf(shape) === 0) return [...x];
    return mapped(flat(x), flat(y)).map((a) => reshape(a, shape));
  };
}

/** Trees of operands and their initial values as lists. Throws WeftValueError where structures or shapes differ. */
export function operandLists(
  caller: string,
  operands: unknown,
  initValues: unknown,
): { arrays: NdArray[]; inits: NdArray[]; tree: TreeDef } {
  const given = flatten(operands);
  const starts = flatten(initValues);
  const problem = structureDifference(given.treedef, starts.treedef, "operands");
  if (problem !== null) {
    throw new WeftValueError(
      `${caller}: Operands must have the same tree structure as init_values: ${problem}`,
    );
  }
  const arrays = given.leaves.map((leaf) => asArray(leaf as ArrayLike));
  if (arrays.length === 0) throw new WeftTypeError(`${caller} requires at least one operand`);
  for (const x of arrays) {
    if (x.ndim === arrays[0].ndim && x.shape.every((n, i) => n === arrays[0].shape[i])) continue;
    throw new WeftValueError(
      `${caller} requires operands of one shape, got ${arrays.map((a) => formatShape(a.shape)).join(", ")}`,
    );
  }
  const inits = arrays.map((x, i) => scalarLike(caller, starts.leaves[i] as ArrayLike, x.dtype));
  return { arrays, inits, tree: given.treedef };
}

/** Bitwise exclusive or over axes; bool and integers (`jax.lax.reduce_xor`). */
export function reduceXor(x: ArrayLike, axes: number | readonly number[] | null = null): NdArray {
  const operand = asArray(x);
  if (operand.dtype !== "bool" && !isInteger(operand.dtype)) {
    throw new WeftTypeError(
      `reduce_xor does not accept dtype ${operand.dtype}. Accepted dtypes are bool and integers.`,
    );
  }
  const list = canonicalizeAxes(axes, operand.ndim);
  if (list.length === 0) return operand;
  const zero = scalarLike("reduce_xor", operand.dtype === "bool" ? false : 0, operand.dtype);
  return foldAxes([operand], [zero], list, ([p], [q]) => [bitwiseXor(p, q)])[0];
}
