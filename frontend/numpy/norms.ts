/** Norms (`jax.numpy.linalg.norm`). */
import { type ArrayLike, convert, formatShape, type NdArray, WeftValueError } from "../core/index.ts";
import { canonicalizeAxes, canonicalizeAxis, otherAxes } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { svd } from "../lax/linalg.ts";
import { expandDims, transpose } from "../lax/movement.ts";
import { inexact } from "./promotion.ts";
import { max, min, sum } from "./reductions.ts";

/** Which norm: a number p, ±Infinity, or "fro" for matrices. */
export type NormOrder = number | "fro" | "nuc" | null;

/** Options of `norm`, `computeStats` and `vectorNorm`. */
export interface NormOptions {
  /** Default: the Euclidean norm of vectors, the Frobenius norm of matrices. */
  readonly ord?: NormOrder;
  /** One axis: vectors; two: matrices. Default: all elements as one vector, or the matrix. */
  readonly axis?: number | readonly number[] | null;
  readonly keepdims?: boolean;
}

/** Norm of vectors or matrices, in floats (`jnp.linalg.norm`). At 0 its gradient is NaN, as in JAX. */
export function norm(x: ArrayLike, options: NormOptions = {}): NdArray {
  const a = inexact("linalg.norm", x);
  const { ord = null, axis = null, keepdims = false } = options;
  if (axis === null && ord === null) {
    return lax.sqrt(sum(lax.square(a), { keepdims }));
  }
  const axes = canonicalizeAxes(axis, a.ndim);
  if (axes.length === 1) return vectorNorm(a, { ord, axis: axes, keepdims });
  if (axes.length === 2) return normOfMatrices(a, ord, axes, keepdims);
  throw new WeftValueError(
    `Improper number of axes for norm: ${formatShape(axes)}. Pass one axis to compute a ` +
      "vector-norm, or two axes to compute a matrix-norm.",
  );
}

/** Norm over axes as one vector (`jnp.linalg.vector_norm`). */
export function vectorNorm(x: ArrayLike, { ord = 2, ...options }: NormOptions = {}): NdArray {
  const a = inexact("linalg.vector_norm", x);
  if (ord === null || ord === 2) return lax.sqrt(sum(lax.square(a), options));
  if (typeof ord !== "number") throw new WeftValueError(`Invalid order '${ord}' for vector norm.`);
  const magnitude = lax.abs(a);
  if (ord === Number.POSITIVE_INFINITY) return max(magnitude, options);
  if (ord === Number.NEGATIVE_INFINITY) return min(magnitude, options);
  if (ord === 0) return sum(convert(lax.ne(a, 0), a.dtype), options);
  if (ord === 1) return sum(magnitude, options);
  return lax.pow(sum(lax.pow(magnitude, ord), options), 1 / ord);
}

/** Norm of the matrices in the last two axes, by default Frobenius' (`jnp.linalg.matrix_norm`). */
export function matrixNorm(
  x: ArrayLike,
  options: { readonly ord?: NormOrder; readonly keepdims?: boolean } = {},
): NdArray {
  const a = inexact("linalg.matrix_norm", x);
  const axes = [canonicalizeAxis(-2, a.ndim), canonicalizeAxis(-1, a.ndim)];
  return normOfMatrices(a, options.ord ?? "fro", axes, options.keepdims ?? false);
}

function normOfMatrices(
  a: NdArray,
  ord: NormOrder,
  [row, column]: readonly number[],
  keepdims: boolean,
): NdArray {
  if (ord === null || ord === "fro") return lax.sqrt(sum(lax.square(a), { axis: [row, column], keepdims }));
  const extreme = typeof ord === "number" && ord > 0 ? max : min;
  // The sum over the one axis goes away before the other is reduced.
  const over = (first: number, second: number): NdArray => {
    const sums = sum(lax.abs(a), { axis: first, keepdims: true });
    const result = extreme(sums, { axis: second, keepdims: true });
    return keepdims ? result : sum(result, { axis: [row, column] });
  };
  if (ord === 1 || ord === -1) return over(row, column);
  if (ord === Number.POSITIVE_INFINITY || ord === Number.NEGATIVE_INFINITY) return over(column, row);
  if (ord === 2 || ord === -2 || ord === "nuc") {
    const s = svd(transpose(a, [...otherAxes(a.ndim, [row, column]), row, column]), { computeUv: false });
    const reduce = ord === 2 ? max : ord === -2 ? min : sum;
    const result = reduce(s, ord === 2 ? { axis: -1, initial: 0 } : { axis: -1 });
    return keepdims ? expandDims(result, [Math.min(row, column), Math.max(row, column)]) : result;
  }
  throw new WeftValueError(`Invalid order '${ord}' for matrix norm.`);
}
