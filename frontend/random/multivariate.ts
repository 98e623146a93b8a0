/** Random vectors and matrices (`jax.random`): multivariate normal, orthogonal matrices, points of a ball. */
import type { Shape } from "../../compiler/types/tensor-type.ts";
import {
  type ArrayLike,
  convert,
  formatShape,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeShape } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { cholesky, eigh, matrixTransposed, qr, svd } from "../lax/linalg.ts";
import { expandDims, indexInDim } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";
import { einsum } from "../numpy/einsum.ts";
import { diagonal } from "../numpy/linalg.ts";
import { promoteDTypesInexact } from "../numpy/promotion.ts";
import { sum } from "../numpy/reductions.ts";
import { abs, add, divide, multiply, power } from "../numpy/ufuncs.ts";
import { checkFloat, checkShape, type FloatOptions } from "./bits.ts";
import { exponential } from "./distributions.ts";
import { generalizedNormal } from "./gamma.ts";
import { type KeyLike, singleKey, splitWords } from "./keys.ts";
import { normal } from "./normal.ts";

type Size = number | Shape;

/** Options of `multivariateNormal`. */
export interface MultivariateNormalOptions extends FloatOptions {
  /** How the covariance is factored: "cholesky" (default) is fastest; "eigh" and "svd" take singular ones. */
  readonly method?: "cholesky" | "eigh" | "svd";
}

/** A matrix F with F·Fᵀ = cov. */
function factorOf(cov: NdArray, method: string): NdArray {
  switch (method) {
    case "cholesky":
      return cholesky(cov);
    case "eigh": {
      const [vectors, values] = eigh(cov);
      return multiply(vectors, lax.sqrt(expandDims(values, [-2])));
    }
    case "svd": {
      const [u, s] = svd(cov);
      return multiply(u, lax.sqrt(expandDims(s, [-2])));
    }
    default:
      throw new WeftValueError("method must be one of {'svd', 'eigh', 'cholesky'}");
  }
}

/**
 * Normal vectors of a mean [..., n] and a covariance [..., n, n] (`jax.random.multivariate_normal`). `shape` is that of the
 * batch, by default what those of mean and covariance broadcast to; the result has shape [...shape, n].
 */
export function multivariateNormal(
  key: KeyLike,
  mean: ArrayLike,
  cov: ArrayLike,
  shape: Size | null = null,
  options: MultivariateNormalOptions = {},
): NdArray {
  singleKey("multivariate_normal", key);
  const [center, covariance] = promoteArrays(mean, cov);
  const { method = "cholesky" } = options;
  const dtype = checkFloat("multivariate_normal", options.dtype ?? center.dtype);
  if (center.ndim < 1) {
    throw new WeftValueError(`multivariate_normal requires mean.ndim >= 1, got mean.ndim == ${center.ndim}`);
  }
  if (covariance.ndim < 2) {
    throw new WeftValueError(
      `multivariate_normal requires cov.ndim >= 2, got cov.ndim == ${covariance.ndim}`,
    );
  }
  const n = center.shape[center.ndim - 1];
  if (covariance.shape.slice(-2).some((extent) => extent !== n)) {
    throw new WeftValueError(
      `multivariate_normal requires cov.shape == (..., n, n) for n=${n}, but got cov.shape == ${formatShape(covariance.shape)}.`,
    );
  }
  const batches = [center.shape.slice(0, -1), covariance.shape.slice(0, -2)];
  const sizes = shape === null ? broadcastShapes(...batches) : canonicalizeShape(shape);
  checkShape("normal", sizes, ...batches);
  const samples = normal(key, [...sizes, n], { dtype });
  return add(center, einsum("...ij,...j->...i", factorOf(covariance, method), samples));
}

function promoteArrays(x: ArrayLike, y: ArrayLike): [NdArray, NdArray] {
  const [a, b] = promoteDTypesInexact("multivariate_normal", x, y);
  return [a, b];
}

/** Options of `orthogonal`. */
export interface OrthogonalOptions extends FloatOptions {
  /** Columns; default as many as rows. */
  readonly m?: number | null;
}

/** An extent given as a number. */
function checkExtent(name: string, n: number): number {
  if (Number.isInteger(n) && n >= 0) return n;
  throw new WeftTypeError(
    `The error occurred in jax.random.${name}(): expected an integer, got ${String(n)}`,
  );
}

/**
 * Uniform on the orthogonal matrices of n rows and `m` columns (`jax.random.orthogonal`): [...shape, n, m], with
 * orthonormal columns, or rows where there are fewer of them.
 */
export function orthogonal(
  key: KeyLike,
  n: number,
  shape: Size = [],
  options: OrthogonalOptions = {},
): NdArray {
  const rows = checkExtent("orthogonal", n);
  const columns = checkExtent("orthogonal", options.m ?? n);
  const dtype = checkFloat("orthogonal", options.dtype ?? "float32");
  const sizes = [...canonicalizeShape(shape), Math.max(rows, columns), Math.min(rows, columns)];
  const [q, r] = qr(normal(key, sizes, { dtype }), { fullMatrices: false });
  // Householder's signs are not uniform: those of R's diagonal make Q so (F. Mezzadri 2007).
  const signs = lax.sign(diagonal(r, { axis1: -2, axis2: -1 }));
  const x = lax.mul(q, broadcastTo(expandDims(signs, [-2]), q.shape));
  return rows < columns ? matrixTransposed(x) : x;
}

/** Uniform in the unit ball of d dimensions and the norm p: [...shape, d] (`jax.random.ball`). */
export function ball(key: KeyLike, d: number, p = 2, shape: Size = [], options: FloatOptions = {}): NdArray {
  const extent = checkExtent("ball", d);
  const dtype = checkFloat("ball", options.dtype ?? "float32");
  const sizes = canonicalizeShape(shape);
  const keys = splitWords("ball", key, [2]);
  const [k1, k2] = [0, 1].map((i) => indexInDim(keys, i, { keepdims: false }));
  // F. Barthe et al., "A probabilistic approach to the geometry of the ℓpⁿ-ball", 2005.
  const g = generalizedNormal(k1, p, [...sizes, extent], { dtype });
  const e = exponential(k2, sizes, { dtype });
  const radius = power(add(sum(power(abs(g), p), { axis: -1 }), e), 1 / p);
  return convert(divide(g, expandDims(radius, [-1])), dtype);
}
