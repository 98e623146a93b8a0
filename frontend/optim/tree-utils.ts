/**
 * Arithmetic of trees, and parts of optimizer states by name: `optim.tree` (`optax.tree`, or `optax.tree_utils`). Of two
 * trees the second must have the structure of the first; errors name the path where it has not.
 */
import { isFloating } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  asArray,
  convert,
  full,
  type NdArray,
  resultType,
  WeftValueError,
} from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { indexInDim } from "../lax/movement.ts";
import { allclose as arraysClose, logicalAnd, where as whereArray } from "../numpy/logic.ts";
import { broadcastTo } from "../numpy/movement.ts";
import { max as maxOf, min as minOf, sum as sumOf } from "../numpy/reductions.ts";
import * as np from "../numpy/ufuncs.ts";
import { type KeyLike, PRNGKeyArray, split, wordsOf } from "../random/keys.ts";
import { normal } from "../random/normal.ts";
import type { DType, Result, TreeOf } from "../transforms/types.ts";
import { flatten, unflatten } from "../tree/tree.ts";
import { squaredNorm } from "./norms.ts";
import { arraysOf, castTree, inDtype, mapParts, mapTree, zerosOf } from "./trees.ts";

export { biasCorrection, updateInfinityMoment, updateMoment } from "./moments.ts";
export { get, getAllWithPath, type StateEntry, type StateFilter, set } from "./state-utils.ts";

/** x + y, and further trees (`optax.tree.add`). */
export function add<T>(x: T, y: unknown, ...others: readonly unknown[]): Result<T> {
  return mapTree<Result<T>>((...leaves) => leaves.reduce((a, b) => np.add(a, b)), x, y, ...others);
}

/** x − y (`optax.tree.sub`). */
export function sub<T>(x: T, y: unknown): Result<T> {
  return mapTree<Result<T>>(np.subtract, x, y);
}

/** x · y, elementwise (`optax.tree.mul`). */
export function mul<T>(x: T, y: unknown): Result<T> {
  return mapTree<Result<T>>(np.multiply, x, y);
}

/** x / y, elementwise (`optax.tree.div`). */
export function div<T>(x: T, y: unknown): Result<T> {
  return mapTree<Result<T>>(np.divide, x, y);
}

/** scalar · tree (`optax.tree.scale`). */
export function scale<T>(scalar: ArrayLike, tree: T): Result<T> {
  return mapTree<Result<T>>((x) => np.multiply(scalar, x), tree);
}

/** x + scalar · y (`optax.tree.add_scale`). */
export function addScale<T>(x: T, scalar: ArrayLike, y: unknown): Result<T> {
  return mapTree<Result<T>>((a, b) => np.add(a, np.multiply(scalar, b)), x, y);
}

/** The sum of the products of all elements, a scalar (`optax.tree.vdot`). */
export function vdot(x: unknown, y: unknown): NdArray {
  return total(arraysOf(mapTree((a, b) => sumOf(np.multiply(a, b)), x, y)));
}

/** The sum of all elements (`optax.tree.sum`). */
export function sum(tree: unknown): NdArray {
  return total(arraysOf(tree).map((x) => sumOf(x)));
}

function total(parts: readonly NdArray[]): NdArray {
  return parts.length === 0 ? full(0, "float32") : parts.reduce((a, b) => np.add(a, b));
}

/** The greatest element; −∞ where there is none (`optax.tree.max`). */
export function max(tree: unknown): NdArray {
  const parts = arraysOf(tree).filter((x) => x.size > 0);
  return parts.length === 0
    ? full(-Infinity, "float32")
    : parts.map((x) => maxOf(x)).reduce((a, b) => np.maximum(a, b));
}

/** The least element; ∞ where there is none (`optax.tree.min`). */
export function min(tree: unknown): NdArray {
  const parts = arraysOf(tree).filter((x) => x.size > 0);
  return parts.length === 0
    ? full(Infinity, "float32")
    : parts.map((x) => minOf(x)).reduce((a, b) => np.minimum(a, b));
}

/** How many elements there are (`optax.tree.size`). */
export function size(tree: unknown): number {
  return arraysOf(tree).reduce((n, x) => n + x.size, 0);
}

/** Options of `norm`, `computeStats` and `vectorNorm`. */
export interface NormOptions {
  /** 2 (default), 1 or Infinity. */
  readonly ord?: number | null;
  /** Whether the square of the norm is wanted. */
  readonly squared?: boolean;
}

/** The norm of all elements (`optax.tree.norm`). Throws WeftValueError for other orders. */
export function norm(tree: unknown, options: NormOptions = {}): NdArray {
  const { ord = 2, squared = false } = options;
  if (ord === 2 || ord === null) {
    const squares = squaredNorm(tree);
    return squared ? squares : lax.sqrt(squares);
  }
  if (ord !== 1 && ord !== Infinity) throw new WeftValueError(`Unsupported ord: ${ord}`);
  const magnitudes = mapTree(np.abs, tree);
  const found = ord === 1 ? sum(magnitudes) : max(magnitudes);
  return squared ? np.square(found) : found;
}

/** Each leaf repeated along new leading axes (`optax.tree.batch_shape`). */
export function batchShape<T>(tree: T, shape: readonly number[]): Result<T> {
  return mapTree<Result<T>>((x) => broadcastTo(x, [...shape, ...x.shape]), tree);
}

/** Zeros of the leaves' shapes (`optax.tree.zeros_like`). */
export function zerosLike<T>(tree: T, dtype?: DType | null): Result<T> {
  return zerosOf(tree, dtype) as Result<T>;
}

/** Ones of the leaves' shapes (`optax.tree.ones_like`). */
export function onesLike<T>(tree: T, dtype?: DType | null): Result<T> {
  return fullLike(tree, 1, dtype);
}

/** A value in the leaves' shapes (`optax.tree.full_like`). */
export function fullLike<T>(tree: T, value: ArrayLike, dtype?: DType | null): Result<T> {
  return mapTree<Result<T>>((x) => broadcastTo(inDtype(value, dtype ?? x.dtype), x.shape), tree);
}

/** Elements within bounds (`optax.tree.clip`). */
export function clip<T>(tree: T, minValue: ArrayLike | null, maxValue: ArrayLike | null): Result<T> {
  return mapTree<Result<T>>((x) => np.clip(x, minValue, maxValue), tree);
}

/** Leaves in a dtype (`optax.tree.cast`). */
export function cast<T>(tree: T, dtype: DType | null): Result<T> {
  return castTree(tree, dtype) as Result<T>;
}

/** Leaves in the dtypes of another tree's (`optax.tree.cast_like`). */
export function castLike<T>(tree: T, other: unknown): Result<T> {
  return mapTree<Result<T>>((x, y) => convert(x, y.dtype), tree, other);
}

/**
 * The dtype of the leaves: of all, or with "highest" what their floating dtypes promote to (`optax.tree.dtype`). Throws
 * WeftValueError where there is none, or several.
 */
export function dtype(tree: unknown, mixed: "unique" | "highest" = "unique"): DType {
  const leaves = arraysOf(tree);
  const considered = mixed === "unique" ? leaves : leaves.filter((x) => isFloating(x.dtype));
  if (considered.length === 0) throw new WeftValueError("optim.tree.dtype: the tree has no such leaves");
  if (mixed === "highest") return resultType(...considered).dtype;
  const found = [...new Set(considered.map((x) => x.dtype))];
  if (found.length > 1) {
    throw new WeftValueError(
      `Expected all leaves to have the same dtype, got ${found.join(", ")}; consider "highest"`,
    );
  }
  return found[0];
}

/** `condition ? x : y`, elementwise (`optax.tree.where`). */
export function where<T>(condition: ArrayLike, x: T, y: unknown): Result<T> {
  return mapTree<Result<T>>((a, b) => whereArray(condition, a, b), x, y);
}

/** Whether all elements are close, a bool scalar (`optax.tree.allclose`). */
export function allclose(
  x: unknown,
  y: unknown,
  options: { readonly rtol?: number; readonly atol?: number; readonly equalNan?: boolean } = {},
): NdArray {
  return arraysOf(mapTree((a, b) => asArray(arraysClose(a, b, options)), x, y)).reduce(
    (a, b) => logicalAnd(a, b),
    asArray(true),
  );
}

/** A key for each leaf, by `split` (`optax.tree.split_key_like`). */
export function splitKeyLike<T>(key: KeyLike, tree: T): TreeOf<T, KeyLike> {
  const { treedef } = flatten(tree);
  const words = wordsOf(split(key, treedef.leaves));
  const keys = Array.from({ length: treedef.leaves }, (_, i) => {
    const own = indexInDim(words, i, { keepdims: false });
    return key instanceof PRNGKeyArray ? new PRNGKeyArray(own) : own;
  });
  return unflatten(treedef, keys) as TreeOf<T, KeyLike>;
}

/** What gives random values of a shape and dtype, as `random.normal`. */
export type Sampler = (key: KeyLike, shape: readonly number[], options: { readonly dtype: DType }) => NdArray;

/** Random values of the leaves' shapes, with a key for each (`optax.tree.random_like`). Normal by default. */
export function randomLike<T>(
  key: KeyLike,
  tree: T,
  sampler: Sampler = normal,
  dtype?: DType | null,
): Result<T> {
  const words = wordsOf(split(key, flatten(tree).leaves.length));
  let at = 0;
  return mapParts(
    (x) => sampler(indexInDim(words, at++, { keepdims: false }), x.shape, { dtype: dtype ?? x.dtype }),
    tree,
  ) as Result<T>;
}
