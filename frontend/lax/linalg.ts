/**
 * `lax.linalg` (`jax.lax.linalg`): factorisations of float32 and float64 matrices in the last two axes, batched over the
 * others. Real matrices only: there is no complex dtype.
 */
import {
  type ArrayLike,
  asArray,
  bind,
  bindOne,
  formatShape,
  full,
  type NdArray,
  UnsupportedError,
  WeftValueError,
} from "../core/index.ts";
import { customJvp } from "../transforms/custom-jvp.ts";
import { range } from "./axes.ts";
import { dotGeneral } from "./contraction.ts";
import { add, eq, le, lt, mul, select } from "./elementwise.ts";
import { broadcastedIota, expandDims, reshape, sliceInDim, transpose } from "./movement.ts";
import { alignDtypes, broadcastShapes, broadcastTo, constantLike } from "./operands.ts";
import { sortedOrder } from "./sorting.ts";

function last(x: NdArray, fromEnd: number): number {
  return x.shape[x.ndim - fromEnd];
}

/** The last two axes exchanged. */
export function matrixTransposed(x: NdArray): NdArray {
  const n = x.ndim;
  return transpose(x, [...range(n - 2), n - 1, n - 2]);
}

/** Matrix product over the last two axes; batch axes are equal. */
export function matrixProduct(x: NdArray, y: NdArray): NdArray {
  const n = x.ndim;
  const batch = range(n - 2);
  return dotGeneral(x, y, [
    [[n - 1], [n - 2]],
    [batch, batch],
  ]);
}

/** Where row and column compare so, in a matrix of the shape of x. */
function whereColumn(x: NdArray, compare: (row: NdArray, column: NdArray) => NdArray): NdArray {
  const shape = [last(x, 2), last(x, 1)];
  const mask = compare(broadcastedIota("int32", shape, 0), broadcastedIota("int32", shape, 1));
  return broadcastTo(mask, x.shape);
}

/** x on and below the diagonal. */
export function lowerTriangle(x: NdArray): NdArray {
  return select(
    whereColumn(x, (row, column) => le(column, row)),
    x,
    constantLike(x, 0),
  );
}

function strictlyLower(x: NdArray): NdArray {
  return select(
    whereColumn(x, (row, column) => lt(column, row)),
    x,
    constantLike(x, 0),
  );
}

/** x on and above the diagonal. */
export function upperTriangle(x: NdArray): NdArray {
  return select(
    whereColumn(x, (row, column) => le(row, column)),
    x,
    constantLike(x, 0),
  );
}

/** Identity matrices of the dtype and shape of square x. */
export function identityLike(x: NdArray): NdArray {
  const isDiagonal = whereColumn(x, (row, column) => eq(row, column));
  return select(isDiagonal, constantLike(x, 1), constantLike(x, 0));
}

/** (x + xᵀ)/2 of square matrices; anything else is left to its function to refuse. */
export function symmetrize(x: NdArray): NdArray {
  if (x.ndim < 2 || last(x, 1) !== last(x, 2)) return x;
  return mul(add(x, matrixTransposed(x)), 0.5);
}

/** Of the lower triangle alone, with JAX's rule: the whole tangent counts, as if it were symmetric. */
const choleskyOfTriangle = customJvp((a: NdArray) => bindOne("cholesky", [a], {}));
choleskyOfTriangle.defJvp(([a], [tangent]) => {
  const l = choleskyOfTriangle(a);
  const right = triangularSolve(l, tangent, { lower: true, transposeA: true });
  const both = triangularSolve(l, right, { leftSide: true, lower: true });
  const isDiagonal = whereColumn(both, (row, column) => eq(row, column));
  const low = lowerTriangle(both);
  return [l, matrixProduct(l, select(isDiagonal, mul(low, 0.5), low))];
});

/**
 * Lower triangular L with L·Lᵀ = x of symmetric positive definite x (`jax.lax.linalg.cholesky`); NaN where it is not
 * positive definite. Symmetrised first, unless `symmetrizeInput` is false: then only the lower triangle counts.
 */
export function cholesky(x: ArrayLike, options: { symmetrizeInput?: boolean } = {}): NdArray {
  const a = asArray(x);
  return options.symmetrizeInput === false ? choleskyOfTriangle(a) : bindOne("cholesky", [symmetrize(a)], {});
}

/** Options of `eigh` and `eigvalsh`. */
export interface EighOptions {
  /** Which triangle is read where the matrix is not symmetrised. Default true. */
  readonly lower?: boolean;
  readonly symmetrizeInput?: boolean;
  /** Eigenvalues always come sorted. */
  readonly sortEigenvalues?: boolean;
  /** [start, end) of the eigenvalues to return. */
  readonly subsetByIndex?: readonly [start: number, end: number] | null;
}

/**
 * [eigenvectors, eigenvalues] of symmetric matrices, eigenvalues ascending, eigenvectors in columns, the element of
 * greatest magnitude of each positive (`jax.lax.linalg.eigh`).
 */
export function eigh(x: ArrayLike, options: EighOptions = {}): [vectors: NdArray, values: NdArray] {
  const a = asArray(x);
  const symmetric = options.symmetrizeInput === false ? a : symmetrize(a);
  const [v, w] = bind("eigh", [symmetric], { lower: options.lower ?? true });
  const subset = options.subsetByIndex ?? null;
  if (subset === null) return [v, w];
  const [start, end] = subset;
  if (
    !(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= last(w, 1))
  ) {
    throw new WeftValueError(`subset_by_index=${formatShape(subset)} is not within 0 and ${last(w, 1)}`);
  }
  return [sliceInDim(v, start, end, { axis: v.ndim - 1 }), sliceInDim(w, start, end, { axis: w.ndim - 1 })];
}

/** [R with the reflectors below its diagonal, tau] of LAPACK's QR (`jax.lax.linalg.geqrf`). Not differentiable. */
export function geqrf(a: ArrayLike): [factors: NdArray, taus: NdArray] {
  const [factors, taus] = bind("geqrf", [asArray(a)], {});
  return [factors, taus];
}

/** The first columns of the product of elementary reflectors (`jax.lax.linalg.householder_product`). */
export function householderProduct(a: ArrayLike, taus: ArrayLike): NdArray {
  return bindOne("householder_product", [asArray(a), asArray(taus)], {});
}

/**
 * [L and U in one matrix, row exchanges, permutation] with partial pivoting: x[permutation] = L·U
 * (`jax.lax.linalg.lu`). A singular matrix gives zeros on U's diagonal.
 */
export function lu(x: ArrayLike): [lu: NdArray, pivots: NdArray, permutation: NdArray] {
  const [factors, pivots, permutation] = bind("lu", [asArray(x)], {});
  return [factors, pivots, permutation];
}

/** The permutation that a list of row exchanges makes (`jax.lax.linalg.lu_pivots_to_permutation`). */
export function luPivotsToPermutation(pivots: ArrayLike, permutationSize: number): NdArray {
  return bindOne("lu_pivots_to_permutation", [asArray(pivots)], { permutationSize });
}

/** [Q, R] of matrices (`jax.lax.linalg.qr`), with LAPACK's signs. Column pivoting is not there. */
export function qr(
  x: ArrayLike,
  options: { pivoting?: boolean; fullMatrices?: boolean } = {},
): [q: NdArray, r: NdArray] {
  if (options.pivoting) {
    throw new UnsupportedError("qr with pivoting is not implemented; svd shows the rank of a matrix");
  }
  const [q, r] = bind("qr", [asArray(x)], { fullMatrices: options.fullMatrices ?? true });
  return [q, r];
}

/** Options of `svd`. */
export interface SvdOptions {
  /** Square U and Vᵀ. Default true. */
  readonly fullMatrices?: boolean;
  readonly computeUv?: boolean;
}

/**
 * [U, s, Vᵀ], singular values descending; s alone with `computeUv: false` (`jax.lax.linalg.svd`). Of each pair of
 * vectors that of the shorter side has its element of greatest magnitude positive.
 */
export function svd(x: ArrayLike, options: SvdOptions & { readonly computeUv: false }): NdArray;
export function svd(
  x: ArrayLike,
  options?: SvdOptions & { readonly computeUv?: true },
): [u: NdArray, s: NdArray, vt: NdArray];
export function svd(x: ArrayLike, options?: SvdOptions): NdArray | [u: NdArray, s: NdArray, vt: NdArray];
export function svd(x: ArrayLike, options: SvdOptions = {}): NdArray | [u: NdArray, s: NdArray, vt: NdArray] {
  const { fullMatrices = true, computeUv = true } = options;
  const [s, u, vt] = bind("svd", [asArray(x)], { fullMatrices, computeUv });
  return computeUv ? [u, s, vt] : s;
}

export interface TriangularSolveOptions {
  /** op(a)·x = b instead of x·op(a) = b. Default false. */
  readonly leftSide?: boolean;
  /** Which triangle of a is read. Default false: the upper one. */
  readonly lower?: boolean;
  readonly transposeA?: boolean;
  /** Without effect on real matrices. */
  readonly conjugateA?: boolean;
  /** The diagonal is taken to be 1. */
  readonly unitDiagonal?: boolean;
}

/**
 * x of op(a)·x = b or x·op(a) = b with a triangular matrix a (`jax.lax.linalg.triangular_solve`). b may have one axis
 * less than a: it is then a vector. Shapes are checked by JAX's rules.
 */
export function triangularSolve(a: ArrayLike, b: ArrayLike, options: TriangularSolveOptions = {}): NdArray {
  const { leftSide = false, lower = false, transposeA = false, unitDiagonal = false } = options;
  const [matrix, right] = alignDtypes("triangular_solve", asArray(a), asArray(b));
  const isVector = right.ndim === matrix.ndim - 1;
  const place = leftSide ? right.ndim : right.ndim - 1;
  const b2 = isVector ? expandDims(right, [place]) : right;
  const x = bindOne("triangular_solve", [matrix, b2], { leftSide, lower, transposeA, unitDiagonal });
  return isVector ? reshape(x, right.shape) : x;
}

/** Rows of [..., m, n] at [..., m] places. */
export function takeRows(x: NdArray, places: NdArray): NdArray {
  if (x.size === 0) return x;
  const n = x.ndim;
  const batch = range(n - 2);
  return bindOne("gather", [x, expandDims(places, [n - 1])], {
    offsetDims: [n - 1],
    collapsedSliceDims: [n - 2],
    startIndexMap: [n - 2],
    operandBatchingDims: batch,
    startIndicesBatchingDims: batch,
    sliceSizes: [...batch.map(() => 1), 1, last(x, 1)],
    mode: "promiseInBounds",
    fillValue: null,
  });
}

/**
 * Solves with factors that `lu` gave (`jax.lax.linalg.lu_solve`): a·x = b, or aᵀ·x = b for trans 1 (and 2). b may have one
 * axis less than the factors. Throws WeftValueError where shapes do not fit.
 */
export function luSolve(factors: ArrayLike, permutation: ArrayLike, b: ArrayLike, trans = 0): NdArray {
  const matrix = asArray(factors);
  const right = asArray(b);
  const order = asArray(permutation);
  if (matrix.ndim < 2 || last(matrix, 1) !== last(matrix, 2)) {
    throw new WeftValueError(
      `last two dimensions of LU decomposition must be equal, got shape ${formatShape(matrix.shape)}`,
    );
  }
  if (right.ndim < 1) {
    throw new WeftValueError(`b matrix must have rank >= 1, got shape ${formatShape(right.shape)}`);
  }
  const isVector = matrix.ndim === right.ndim + 1;
  const rows = last(right, isVector ? 1 : 2);
  if (rows !== last(matrix, 1)) {
    throw new WeftValueError(
      `${isVector ? "When LU decomposition matrix and b have the same number of dimensions, last axis" : "When LU decomposition matrix and b different numbers of dimensions, last axis"} ` +
        `of LU decomposition matrix (shape ${formatShape(matrix.shape)}) and ${isVector ? "b array" : "second to last axis of b array"} ` +
        `(shape ${formatShape(right.shape)}) must match`,
    );
  }
  if (trans !== 0 && trans !== 1 && trans !== 2) {
    throw new WeftValueError(`'trans' value must be 0, 1, or 2, got ${String(trans)}`);
  }
  const columns = isVector ? expandDims(right, [right.ndim]) : right;
  const batch = broadcastShapes(
    matrix.shape.slice(0, -2),
    order.shape.slice(0, -1),
    columns.shape.slice(0, -2),
  );
  const a = broadcastTo(matrix, [...batch, ...matrix.shape.slice(-2)]);
  const p = broadcastTo(order, [...batch, last(order, 1)]);
  const y = broadcastTo(columns, [...batch, ...columns.shape.slice(-2)]);
  const solve = (x: NdArray, lower: boolean, transposeA: boolean): NdArray =>
    triangularSolve(a, x, { leftSide: true, lower, unitDiagonal: lower, transposeA });
  const x =
    trans === 0
      ? solve(solve(takeRows(y, p), true, false), false, false)
      : takeRows(solve(solve(y, false, true), true, true), sortedOrder(p, p.ndim - 1)[1]);
  return isVector ? reshape(x, x.shape.slice(0, -1)) : x;
}

/** [L, U] of the one matrix in which `lu` gives both: [..., m, k] and [..., k, n]. */
export function splitFactors(factors: NdArray): [l: NdArray, u: NdArray] {
  const k = Math.min(last(factors, 1), last(factors, 2));
  const n = factors.ndim;
  const low = strictlyLower(sliceInDim(factors, 0, k, { axis: n - 1 }));
  const isDiagonal = whereColumn(low, (row, column) => eq(row, column));
  const l = select(isDiagonal, constantLike(low, 1), low);
  return [l, upperTriangle(sliceInDim(factors, 0, k, { axis: n - 2 }))];
}

/**
 * Q·c of the orthogonal Q that reflectors stand for, or Qᵀ·c, c·Q, c·Qᵀ (`jax.lax.linalg.ormqr`). Not differentiable
 * by the reflectors.
 */
export function ormqr(
  a: ArrayLike,
  taus: ArrayLike,
  c: ArrayLike,
  options: { left?: boolean; transpose?: boolean } = {},
): NdArray {
  const { left = true, transpose: isTransposed = false } = options;
  const [reflectors, other] = [asArray(a), asArray(c)];
  const size = last(other, left ? 2 : 1);
  const [m, k] = [last(reflectors, 2), last(reflectors, 1)];
  if (m !== size || k > m) {
    throw new WeftValueError(
      `ormqr: reflectors of shape ${formatShape(reflectors.shape)} do not fit c of shape ${formatShape(other.shape)}`,
    );
  }
  const zeros = reflectors.shape.map((n, axis) => (axis === reflectors.ndim - 1 ? m - k : n));
  const square = bindOne("concatenate", [reflectors, full(0, reflectors.dtype, zeros)], {
    dimension: reflectors.ndim - 1,
  });
  const q = householderProduct(square, taus);
  const own = isTransposed ? matrixTransposed(q) : q;
  return left ? matrixProduct(own, other) : matrixProduct(other, own);
}

/** alpha·a·aᵀ + beta·c of a symmetric c (`jax.lax.linalg.symmetric_product`). The result is whole. */
export function symmetricProduct(
  a: ArrayLike,
  c: ArrayLike,
  options: { alpha?: number; beta?: number; symmetrizeOutput?: boolean } = {},
): NdArray {
  const { alpha = 1, beta = 0, symmetrizeOutput = false } = options;
  const [x, y] = [asArray(a), asArray(c)];
  const product = mul(matrixProduct(x, matrixTransposed(x)), alpha);
  const result = beta === 0 ? product : add(product, mul(y, beta));
  return symmetrizeOutput ? add(lowerTriangle(result), matrixTransposed(strictlyLower(result))) : result;
}

/**
 * x of the tridiagonal system with lower, main and upper diagonals dl, d, du ([..., m], dl[0] and du[m-1] unread) and
 * right sides b: [..., m, k] (`jax.lax.linalg.tridiagonal_solve`). By dense factorisation, with pivoting.
 */
export function tridiagonalSolve(dl: ArrayLike, d: ArrayLike, du: ArrayLike, b: ArrayLike): NdArray {
  const [low, main, high, right] = [dl, d, du, b].map(asArray);
  const m = last(main, 1);
  for (const x of [low, high]) {
    if (formatShape(x.shape) === formatShape(main.shape)) continue;
    throw new WeftValueError(
      `tridiagonal_solve: dl, d and du must have equal shapes, got ${[low, main, high].map((y) => formatShape(y.shape)).join(", ")}`,
    );
  }
  const shape = [...main.shape, m];
  const spread = (x: NdArray): NdArray => broadcastTo(expandDims(x, [x.ndim]), shape);
  const zero = constantLike(spread(main), 0);
  const at = (x: NdArray, offset: number, rest: NdArray): NdArray =>
    select(
      whereColumn(zero, (row, column) => eq(column, add(row, offset))),
      spread(x),
      rest,
    );
  const matrix = at(low, -1, at(high, 1, at(main, 0, zero)));
  const [factors, , permutation] = lu(matrix);
  return luSolve(factors, permutation, right);
}

/** Diagonals of square matrices: [..., n]. */
export function diagonalOf(x: NdArray): NdArray {
  const isDiagonal = whereColumn(x, (row, column) => eq(row, column));
  const kept = select(isDiagonal, x, constantLike(x, 0));
  return bindOne("reduce_sum", [kept], { axes: [x.ndim - 1] });
}
