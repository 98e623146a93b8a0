/** Matrices of a known structure (`jax.scipy.linalg`), batched over leading axes where JAX's are. */
import { type ArrayLike, formatShape, type NdArray, WeftValueError } from "../core/index.ts";
import { range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota, concatenate, expandDims, reshape, sliceInDim } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo, constantLike } from "../lax/operands.ts";
import * as np from "../numpy/index.ts";
import { promoteArgsInexact, promoteDTypes, toArray } from "../numpy/promotion.ts";

/** A vector of a scalar. */
function vectors(x: NdArray): NdArray {
  return x.ndim === 0 ? reshape(x, [1]) : x;
}

function lastOf(x: NdArray): number {
  return x.shape[x.ndim - 1];
}

function checkSize(name: string, n: number, least: number): void {
  if (Number.isInteger(n) && n >= least) return;
  throw new WeftValueError(`${name}: n must be an integer of at least ${least}; got ${n}.`);
}

/** A matrix with the given ones along its diagonal (`jax.scipy.linalg.block_diag`); vectors count as rows. */
export function blockDiag(...arrays: readonly ArrayLike[]): NdArray {
  const given = arrays.length === 0 ? [np.zeros([1, 0])] : promoteDTypes("block_diag", ...arrays);
  for (const [i, x] of given.entries()) {
    if (x.ndim <= 2) continue;
    throw new WeftValueError(
      `Arguments to jax.scipy.linalg.block_diag must have at most 2 dimensions, got ${formatShape(x.shape)} at argument ${i}.`,
    );
  }
  const blocks = given.map((x) => (x.ndim === 2 ? x : reshape(x, [1, x.size])));
  const total = blocks.reduce((n, x) => n + x.shape[1], 0);
  let before = 0;
  const rows = blocks.map((x) => {
    const after = total - before - x.shape[1];
    const padded = np.pad(x, [
      [0, 0],
      [before, after],
    ]);
    before += x.shape[1];
    return padded;
  });
  return concatenate(rows, 0);
}

/** Toeplitz matrices [..., m, n] of first columns c [..., m] and first rows r [..., n] (`jax.scipy.linalg.toeplitz`). */
export function toeplitz(c: ArrayLike, r: ArrayLike | null = null): NdArray {
  const [column, row] = promoteDTypes("toeplitz", c, r ?? c).map(vectors);
  const batch = broadcastShapes(column.shape.slice(0, -1), row.shape.slice(0, -1));
  const [m, n] = [column.shape[column.ndim - 1], row.shape[row.ndim - 1]];
  const first = broadcastTo(column, [...batch, m]);
  const second = broadcastTo(row, [...batch, n]);
  if (m === 0 || n === 0) return np.zeros([...batch, m, n], { dtype: first.dtype });
  // Backwards down the column, then along the row: element (i, j) stands at m - 1 - i + j.
  const elements = np.concatenate([np.flip(first, -1), second.slice("...", [1, n])], {
    axis: -1,
  });
  const rows = broadcastedIota("int32", [m, n], 0);
  const places = lax.add(lax.sub(m - 1, rows), broadcastedIota("int32", [m, n], 1));
  return np.take(elements, places, { axis: -1 });
}

/** The Hilbert matrix 1/(i + j + 1) (`jax.scipy.linalg.hilbert`). */
export function hilbert(n: number): NdArray {
  checkSize("hilbert", n, 0);
  const shape = [n, n];
  const sum = lax.add(broadcastedIota("float32", shape, 0), broadcastedIota("float32", shape, 1));
  return lax.div(1, lax.add(sum, 1));
}

/** Circulant matrices [..., n, n] of first columns [..., n] (`jax.scipy.linalg.circulant`). */
export function circulant(c: ArrayLike): NdArray {
  const column = vectors(toArray("circulant", c));
  const n = lastOf(column);
  const shape = [n, n];
  const places = lax.sub(broadcastedIota("int32", shape, 0), broadcastedIota("int32", shape, 1));
  return np.take(column, np.mod(places, Math.max(n, 1)), { axis: -1 });
}

/** Companion matrices [..., n-1, n-1] of polynomials [..., n] (`jax.scipy.linalg.companion`). */
export function companion(a: ArrayLike): NdArray {
  const [given] = promoteArgsInexact("companion", a);
  const coefficients = vectors(given);
  const n = lastOf(coefficients);
  if (n < 2) {
    throw new WeftValueError(
      `The length of \`a\` along the last axis must be at least 2; got shape ${formatShape(coefficients.shape)}.`,
    );
  }
  const axis = coefficients.ndim - 1;
  const rest = sliceInDim(coefficients, 1, n, { axis });
  const row = lax.div(lax.neg(rest), broadcastTo(sliceInDim(coefficients, 0, 1, { axis }), rest.shape));
  const below = np.broadcastTo(np.eye(n - 2, n - 1, { dtype: row.dtype }), [
    ...row.shape.slice(0, -1),
    n - 2,
    n - 1,
  ]);
  return concatenate([expandDims(row, [axis]), below], axis);
}

/** Hankel matrices [..., m, n] of first columns c [..., m] and last rows r [..., n], by default 0 (`jax.scipy.linalg.hankel`). */
export function hankel(c: ArrayLike, r: ArrayLike | null = null): NdArray {
  const column = toArray("hankel", c);
  const [first, last] = promoteDTypes("hankel", column, r === null ? constantLike(column, 0) : r);
  for (const [name, x] of Object.entries({ c: first, r: last })) {
    if (x.ndim > 0) continue;
    throw new WeftValueError(`hankel: ${name} must be at least 1-dimensional, got a scalar.`);
  }
  const [m, n] = [lastOf(first), lastOf(last)];
  const batch = broadcastShapes(first.shape.slice(0, -1), last.shape.slice(0, -1));
  const elements = np.concatenate(
    [broadcastTo(first, [...batch, m]), broadcastTo(last, [...batch, n]).slice("...", [1, n])],
    { axis: -1 },
  );
  const places = lax.add(broadcastedIota("int32", [m, n], 0), broadcastedIota("int32", [m, n], 1));
  return np.take(elements, places, { axis: -1 });
}

/** The Hadamard matrix of a power of 2, of int32 (`jax.scipy.linalg.hadamard`). */
export function hadamard(n: number): NdArray {
  if (!(Number.isInteger(n) && n >= 1 && Number.isInteger(Math.log2(n)))) {
    throw new WeftValueError(`n must be a positive power of 2; got ${n}.`);
  }
  const shape = [n, n];
  const common = lax.bitwiseAnd(broadcastedIota("int32", shape, 0), broadcastedIota("int32", shape, 1));
  return lax.sub(1, lax.mul(lax.bitwiseAnd(lax.populationCount(common), 1), 2));
}

/** Pascal's matrix of binomial coefficients (`jax.scipy.linalg.pascal`): "symmetric", or a triangular factor. */
export function pascal(
  n: number,
  options: { readonly kind?: "symmetric" | "lower" | "upper" | null } = {},
): NdArray {
  checkSize("pascal", n, 0);
  const kind = options.kind ?? "symmetric";
  if (kind !== "symmetric" && kind !== "lower" && kind !== "upper") {
    throw new WeftValueError(
      `Expected kind to be on of: ['symmetric', 'lower', 'upper']; got ${String(kind)}`,
    );
  }
  if (n === 0) return np.zeros([0, 0]);
  const rows: number[][] = [];
  for (const i of range(n)) {
    const above = rows[i - 1];
    rows.push(range(n).map((j) => (j === 0 ? 1 : i === 0 ? 0 : above[j - 1] + above[j])));
  }
  const lower = np.array(rows).astype("float32");
  if (kind === "lower") return lower;
  const upper = np.matrixTranspose(lower);
  return kind === "upper" ? upper : np.matmul(lower, upper);
}

/** Leslie matrices of fecundities f [..., n] and survival rates s [..., n-1] (`jax.scipy.linalg.leslie`). */
export function leslie(f: ArrayLike, s: ArrayLike): NdArray {
  const [first, below] = promoteDTypes("leslie", f, s).map(vectors);
  const n = lastOf(first);
  if (n < 2) {
    throw new WeftValueError(
      `The length of f along the last axis must be at least 2; got shape ${formatShape(first.shape)}.`,
    );
  }
  if (lastOf(below) !== n - 1) {
    throw new WeftValueError(
      "Incorrect lengths for f and s. The length of s along the last axis must be one less than the length of f; " +
        `got f shape ${formatShape(first.shape)} and s shape ${formatShape(below.shape)}.`,
    );
  }
  const batch = broadcastShapes(first.shape.slice(0, -1), below.shape.slice(0, -1));
  const axis = batch.length;
  const row = broadcastTo(expandDims(first, [first.ndim - 1]), [...batch, 1, n]);
  const shape = [...batch, n - 1, n];
  const rates = broadcastTo(expandDims(below, [below.ndim]), shape);
  const isBelow = broadcastTo(
    lax.eq(broadcastedIota("int32", [n - 1, n], 0), broadcastedIota("int32", [n - 1, n], 1)),
    shape,
  );
  return concatenate([row, lax.select(isBelow, rates, constantLike(rates, 0))], axis);
}

/** |aᵢ - aⱼ|: [..., n, n] (`jax.scipy.linalg.fiedler`). */
export function fiedler(a: ArrayLike): NdArray {
  const x = vectors(toArray("fiedler", a));
  const shape = [...x.shape, lastOf(x)];
  const rows = broadcastTo(expandDims(x, [x.ndim]), shape);
  return lax.abs(lax.sub(rows, broadcastTo(expandDims(x, [x.ndim - 1]), shape)));
}

/** The Helmert matrix [n-1, n], with `full` [n, n] (`jax.scipy.linalg.helmert`). */
export function helmert(n: number, options: { readonly full?: boolean } = {}): NdArray {
  if (!Number.isInteger(n) || n < 1) throw new WeftValueError(`n must be a positive integer; got ${n}.`);
  const shape = [n - 1, n];
  const row = broadcastedIota("float32", shape, 0);
  const column = broadcastedIota("float32", shape, 1);
  const k = lax.add(row, 1);
  const length = lax.sqrt(lax.mul(k, lax.add(k, 1)));
  const beside = lax.select(lax.eq(column, k), lax.div(lax.neg(k), length), constantLike(k, 0));
  const matrix = lax.select(lax.le(column, row), lax.div(1, length), beside);
  return options.full ? np.concatenate([np.full([1, n], 1 / Math.sqrt(n)), matrix], { axis: 0 }) : matrix;
}

/**
 * The matrix with which a vector of n elements is convolved with `a` (`jax.scipy.linalg.convolution_matrix`); `mode` as in
 * `np.convolve`.
 */
export function convolutionMatrix(
  a: ArrayLike,
  n: number,
  options: { readonly mode?: "full" | "valid" | "same" } = {},
): NdArray {
  const x = toArray("convolution_matrix", a);
  const { mode = "full" } = options;
  if (!Number.isInteger(n) || n <= 0) throw new WeftValueError(`n must be a positive integer; got n=${n}.`);
  if (x.ndim === 0) {
    throw new WeftValueError("convolution_matrix: a must be at least 1-dimensional, got a scalar.");
  }
  const m = lastOf(x);
  if (m < 1) throw new WeftValueError(`len(a) must be at least 1; got shape ${formatShape(x.shape)}.`);
  if (mode !== "full" && mode !== "valid" && mode !== "same") {
    throw new WeftValueError(`mode must be one of 'full', 'valid', 'same'; got '${String(mode)}'.`);
  }
  const widths = x.shape.map((_, axis): [number, number] => [0, axis === x.ndim - 1 ? n - 1 : 0]);
  const overlap = Math.min(n, m) - 1;
  const before = mode === "same" ? Math.floor(overlap / 2) : mode === "valid" ? overlap : 0;
  const after = mode === "full" ? 0 : mode === "valid" ? overlap : overlap - before;
  const length = m + n - 1;
  const axis = x.ndim - 1;
  const column = sliceInDim(np.pad(x, widths), before, length - after, { axis });
  const row = sliceInDim(np.pad(np.flip(x, -1), widths), length - n - before, length - before, { axis });
  return toeplitz(column, row);
}

/**
 * [U, P] of the polar decomposition a = U·P (side "right") or P·U ("left"), with orthonormal U and positive semidefinite P
 * (`jax.scipy.linalg.polar`). By singular values.
 */
export function polar(
  a: ArrayLike,
  options: { readonly side?: "right" | "left" } = {},
): [unitary: NdArray, posdef: NdArray] {
  const x = toArray("polar", a);
  const { side = "right" } = options;
  if (x.ndim < 2) throw new WeftValueError("The input `a` must be at least a 2-D array.");
  if (side !== "right" && side !== "left") {
    throw new WeftValueError("The argument `side` must be either 'right' or 'left'.");
  }
  const [u, s, vh] = np.linalg.svd(x, { fullMatrices: false });
  const unitary = np.matmul(u, vh);
  const vectorsOf = side === "right" ? np.matrixTranspose(vh) : u;
  const scaled = lax.mul(vectorsOf, broadcastTo(expandDims(s, [s.ndim - 1]), vectorsOf.shape));
  return [unitary, np.matmul(scaled, np.matrixTranspose(vectorsOf))];
}
