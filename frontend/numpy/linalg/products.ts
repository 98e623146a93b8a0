/** Products of several matrices and functions of one (`jax.numpy.linalg`), where they differ from those of np. */
import type { DType } from "../../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  formatShape,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { indexInDim } from "../../lax/movement.ts";
import { constantLike } from "../../lax/operands.ts";
import type { PrecisionOptions } from "../../lax/precision.ts";
import * as np from "../linalg.ts";
import { matrixNorm } from "../norms.ts";
import { cross as crossProduct } from "../products.ts";
import { promoteDTypes, toArray } from "../promotion.ts";
import { any } from "../reductions.ts";
import { svdvals } from "./decompositions.ts";
import { floatMatrix, identityMatrices } from "./matrices.ts";
import { inv } from "./solving.ts";

/** Cross product of vectors of 3 along an axis (`jnp.linalg.cross`). */
export function cross(x: ArrayLike, y: ArrayLike, options: { readonly axis?: number } = {}): NdArray {
  const arrays = [x, y].map((z) => toArray("linalg.cross", z));
  const extents = arrays.map((z) => z.shape.at(options.axis ?? -1));
  if (extents.some((n) => n !== 3)) {
    throw new WeftValueError(
      "Both input arrays must be (arrays of) 3-dimensional vectors, but they have " +
        `x1.shape[axis]=${extents[0]} and x2.shape[axis]=${extents[1]}`,
    );
  }
  return crossProduct(arrays[0], arrays[1], options);
}

/** Products of all pairs of elements of two vectors (`jnp.linalg.outer`). */
export function outer(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = [x, y].map((z) => toArray("linalg.outer", z));
  if (a.ndim !== 1 || b.ndim !== 1) {
    throw new WeftValueError(
      `Input arrays must be one-dimensional, but they are x1.ndim=${a.ndim} x2.ndim=${b.ndim}`,
    );
  }
  return np.outer(a, b);
}

/** Diagonals of the last two axes (`jnp.linalg.diagonal`). */
export function diagonal(x: ArrayLike, options: { readonly offset?: number } = {}): NdArray {
  return np.diagonal(x, { offset: options.offset ?? 0, axis1: -2, axis2: -1 });
}

/** Sums of the diagonals of the last two axes (`jnp.linalg.trace`). */
export function trace(
  x: ArrayLike,
  options: { readonly offset?: number; readonly dtype?: DType | null } = {},
): NdArray {
  return np.trace(x, { ...options, axis1: -2, axis2: -1 });
}

/**
 * Product of several matrices, the first and last of which may be vectors, in the order of fewest multiplications
 * (`jnp.linalg.multi_dot`). Throws WeftValueError where shapes do not fit.
 */
export function multiDot(xs: readonly ArrayLike[], options: PrecisionOptions = {}): NdArray {
  if (xs.length < 2) {
    throw new WeftValueError(`multi_dot requires at least two arrays; got len(arrays)=${xs.length}`);
  }
  const arrays = promoteDTypes("linalg.multi_dot", ...xs);
  const shapes = arrays.map((x) => formatShape(x.shape)).join(", ");
  const isInner = (i: number): boolean => i > 0 && i < arrays.length - 1;
  if (arrays.some((x, i) => x.ndim !== 2 && (isInner(i) || x.ndim !== 1))) {
    throw new WeftValueError(
      "multi_dot: input arrays must all be two-dimensional, except for the first and last array which may be 1 or " +
        `2 dimensional. Got array shapes [${shapes}]`,
    );
  }
  if (arrays.some((x, i) => i > 0 && arrays[i - 1].shape.at(-1) !== x.shape[0])) {
    throw new WeftValueError(
      "multi_dot: last dimension of each array must match first dimension of following array. Got array shapes " +
        `[${shapes}]`,
    );
  }
  const [first, last] = [arrays[0], arrays[arrays.length - 1]];
  const sizes = [
    first.ndim === 1 ? 1 : first.shape[0],
    ...arrays.slice(1).map((x) => x.shape[0]),
    last.ndim === 1 ? 1 : last.shape[1],
  ];
  return multiplyChain(arrays, bestSplits(sizes), 0, arrays.length - 1, options);
}

/** Where to cut each part of the chain: the classic O(k³) dynamic program over `sizes`, rows of each and columns of the last. */
function bestSplits(sizes: readonly number[]): number[][] {
  const count = sizes.length - 1;
  const table = () => Array.from({ length: count }, () => new Array<number>(count).fill(0));
  const [costs, splits] = [table(), table()];
  for (let length = 2; length <= count; length++) {
    for (let i = 0; i + length <= count; i++) {
      const j = i + length - 1;
      costs[i][j] = Number.POSITIVE_INFINITY;
      for (let cut = i; cut < j; cut++) {
        const cost = costs[i][cut] + costs[cut + 1][j] + sizes[i] * sizes[cut + 1] * sizes[j + 1];
        if (cost < costs[i][j]) {
          costs[i][j] = cost;
          splits[i][j] = cut;
        }
      }
    }
  }
  return splits;
}

function multiplyChain(
  arrays: readonly NdArray[],
  splits: number[][],
  i: number,
  j: number,
  options: PrecisionOptions,
): NdArray {
  if (i === j) return arrays[i];
  const cut = splits[i][j];
  const [left, right] = [
    multiplyChain(arrays, splits, i, cut, options),
    multiplyChain(arrays, splits, cut + 1, j, options),
  ];
  return np.matmul(left, right, options);
}

/** Square matrices to an integer power, by repeated squaring; of the inverse where n < 0 (`jnp.linalg.matrix_power`). */
export function matrixPower(x: ArrayLike, n: number): NdArray {
  const given = toArray("linalg.matrix_power", x);
  if (given.ndim < 2) {
    throw new WeftTypeError(`${given.ndim}-dimensional array given. Array must be at least two-dimensional`);
  }
  if (given.shape[given.ndim - 1] !== given.shape[given.ndim - 2]) {
    throw new WeftTypeError("Last 2 dimensions of the array must be square");
  }
  if (!Number.isInteger(n)) throw new WeftTypeError(`exponent must be an integer, got ${n}`);
  if (n === 0) return identityMatrices(given.shape[given.ndim - 1], given, given.shape.slice(0, -2));
  const a = n < 0 ? inv(given) : given;
  if (Math.abs(n) === 3) return np.matmul(np.matmul(a, a), a);
  let result: NdArray | null = null;
  let square = a;
  for (let left = Math.abs(n); left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = result === null ? square : np.matmul(result, square);
    if (left > 1) square = np.matmul(square, square);
  }
  return result ?? a;
}

/**
 * Condition numbers (`jnp.linalg.cond`): p null or 2, the ratio of singular values; -2, its inverse; 1, -1, ±Infinity,
 * "fro", "nuc": that norm of the matrix times that of its inverse.
 */
export function cond(x: ArrayLike, p: number | "fro" | "nuc" | null = null): NdArray {
  const a = floatMatrix("linalg.cond", x);
  if (a.ndim < 2) {
    throw new WeftValueError(
      `jnp.linalg.cond: input array must be at least 2D; got arr.shape=${formatShape(a.shape)}`,
    );
  }
  if (a.shape[a.ndim - 1] === 0 || a.shape[a.ndim - 2] === 0) {
    throw new WeftValueError(
      `jnp.linalg.cond: input array must not be empty; got arr.shape=${formatShape(a.shape)}`,
    );
  }
  let ratio: NdArray;
  if (p === null || p === 2 || p === -2) {
    const s = svdvals(a);
    const at = (i: number): NdArray => indexInDim(s, i, { axis: -1, keepdims: false });
    const [first, last] = [at(0), at(-1)];
    if (p !== -2) return lax.div(first, last);
    ratio = lax.div(last, first);
  } else {
    if (a.shape[a.ndim - 1] !== a.shape[a.ndim - 2]) {
      throw new WeftValueError(
        `jnp.linalg.cond: for p=${p}, array must be square; got arr.shape=${formatShape(a.shape)}`,
      );
    }
    ratio = lax.mul(matrixNorm(a, { ord: p }), matrixNorm(inv(a), { ord: p }));
  }
  const isInput = any(lax.ne(a, a), { axis: [-2, -1] });
  const isSingular = lax.bitwiseAnd(lax.ne(ratio, ratio), lax.bitwiseNot(isInput));
  return lax.select(isSingular, constantLike(ratio, Number.POSITIVE_INFINITY), ratio);
}
