/** Norms of trees and arrays. */
import { type ArrayLike, full, type NdArray } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { where } from "../numpy/logic.ts";
import { mean, sum } from "../numpy/reductions.ts";
import { add, square } from "../numpy/ufuncs.ts";
import { arraysOf } from "./trees.ts";

/** The sum of squares of all elements of a tree. */
export function squaredNorm(tree: unknown): NdArray {
  const squares = arraysOf(tree).map((x) => sum(square(x)));
  return squares.length === 0 ? full(0, "float32") : squares.reduce((a, b) => add(a, b));
}

/** √ of the sum of squares of all elements of a tree (`optax.global_norm`). */
export function globalNorm(tree: unknown): NdArray {
  return lax.sqrt(squaredNorm(tree));
}

/** √ of `of` the squares, at least `least`; its gradient is 0 below that, also at 0. */
function safeRoot(x: NdArray, least: ArrayLike, of: (squares: NdArray) => NdArray): NdArray {
  const small = lax.le(lax.sqrt(of(square(x))), least);
  return where(small, least, lax.sqrt(of(square(where(small, 1, x)))));
}

/** The norm of an array, at least `minNorm`, with gradient 0 below (`optax.safe_norm`). */
export function safeNorm(x: NdArray, minNorm: ArrayLike): NdArray {
  return safeRoot(x, minNorm, (squares) => sum(squares));
}

/** The root mean square of an array, at least `minRms`, with gradient 0 below (`optax.safe_root_mean_squares`). */
export function safeRootMeanSquares(x: NdArray, minRms: ArrayLike): NdArray {
  return safeRoot(x, minRms, (squares) => mean(squares));
}
