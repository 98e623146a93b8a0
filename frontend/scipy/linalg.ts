/** `scipy.linalg` (`jax.scipy.linalg`): float32 and float64, on the compiled path; batched over leading axes where JAX is. */

import { switchCase } from "../control/index.ts";
import {
  type ArrayLike,
  formatShape,
  type NdArray,
  UnsupportedError,
  WeftValueError,
} from "../core/index.ts";
import { range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import * as factor from "../lax/linalg.ts";
import { broadcastedIota, concatenate, expandDims, reshape } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo, constantLike } from "../lax/operands.ts";
import * as np from "../numpy/index.ts";
import { checkSquare, floatMatrix, identityMatrices } from "../numpy/linalg/matrices.ts";
import { promoteDTypesInexact } from "../numpy/promotion.ts";
import { customJvp } from "../transforms/custom-jvp.ts";

export { det, inv } from "../numpy/linalg/index.ts";
export * from "./linalg-matrices.ts";

/** Which triangle of a matrix is meant. */
export interface LowerOption {
  readonly lower?: boolean;
}

function pair(name: string, a: ArrayLike, b: ArrayLike): [NdArray, NdArray] {
  const [x, y] = promoteDTypesInexact(name, a, b);
  return [floatMatrix(name, x), floatMatrix(name, y)];
}

/**
 * The Cholesky factor R with RᵀR = a, of the upper triangle of a; or L with L·Lᵀ = a of the lower one where `lower`
 * (`jax.scipy.linalg.cholesky`).
 */
export function cholesky(a: ArrayLike, options: LowerOption = {}): NdArray {
  const x = floatMatrix("scipy.linalg.cholesky", a);
  if (options.lower) return factor.cholesky(x, { symmetrizeInput: false });
  if (x.ndim < 2) return factor.cholesky(x);
  return factor.matrixTransposed(factor.cholesky(factor.matrixTransposed(x), { symmetrizeInput: false }));
}

/** [factor, lower] for `choSolve` (`jax.scipy.linalg.cho_factor`). */
export function choFactor(a: ArrayLike, options: LowerOption = {}): [c: NdArray, lower: boolean] {
  return [cholesky(a, options), options.lower ?? false];
}

/** x of a·x = b from a's `choFactor` (`jax.scipy.linalg.cho_solve`). b is [..., m] or [..., m, k]. */
export function choSolve([c, lower]: readonly [c: ArrayLike, lower: boolean], b: ArrayLike): NdArray {
  const [x, y] = pair("scipy.linalg.cho_solve", c, b);
  checkSystem("cho_solve", x, y);
  return withColumns(x, y, (l, right) => {
    const first = factor.triangularSolve(l, right, { leftSide: true, lower, transposeA: !lower });
    return factor.triangularSolve(l, first, { leftSide: true, lower, transposeA: lower });
  });
}

function checkSystem(name: string, a: NdArray, b: NdArray): void {
  checkSquare(`The first argument of ${name}`, a);
  const n = a.shape[a.ndim - 1];
  const rows = b.ndim === 0 ? null : b.shape[b.ndim === 1 || b.ndim === a.ndim - 1 ? b.ndim - 1 : b.ndim - 2];
  if (rows === n) return;
  throw new WeftValueError(
    `${name}: the arguments must have shapes a=[..., m, m] and b=[..., m, k] or b=[..., m]; got ` +
      `a=${formatShape(a.shape)} and b=${formatShape(b.shape)}`,
  );
}

/** Solves with b as columns, batch axes broadcast; a vector stays one. */
function withColumns(a: NdArray, b: NdArray, solveFor: (a: NdArray, b: NdArray) => NdArray): NdArray {
  const isVector = b.ndim === 1 || b.ndim === a.ndim - 1;
  const right = isVector ? expandDims(b, [b.ndim]) : b;
  const batch = broadcastShapes(a.shape.slice(0, -2), right.shape.slice(0, -2));
  const x = solveFor(
    broadcastTo(a, [...batch, ...a.shape.slice(-2)]),
    broadcastTo(right, [...batch, ...right.shape.slice(-2)]),
  );
  return isVector ? reshape(x, x.shape.slice(0, -1)) : x;
}

/** [P, L, U] with a = P·L·U; [P·L, U] with `permuteL` (`jax.scipy.linalg.lu`). */
export function lu(a: ArrayLike, options: { readonly permuteL: true }): [pl: NdArray, u: NdArray];
export function lu(
  a: ArrayLike,
  options?: { readonly permuteL?: false },
): [p: NdArray, l: NdArray, u: NdArray];
export function lu(a: ArrayLike, options: { readonly permuteL?: boolean } = {}): NdArray[] {
  const x = floatMatrix("scipy.linalg.lu", a);
  const [factors, , permutation] = factor.lu(x);
  const [l, u] = factor.splitFactors(factors);
  const m = x.shape[x.ndim - 2];
  const shape = [...permutation.shape, m];
  const columns = broadcastTo(expandDims(permutation, [permutation.ndim - 1]), shape);
  const p = lax.eq(columns, broadcastedIota("int32", shape, shape.length - 2)).astype(x.dtype);
  return options.permuteL ? [factor.matrixProduct(p, l), u] : [p, l, u];
}

/** [L and U in one matrix, row exchanges] for `luSolve` (`jax.scipy.linalg.lu_factor`). */
export function luFactor(a: ArrayLike): [lu: NdArray, pivots: NdArray] {
  const [factors, pivots] = factor.lu(floatMatrix("scipy.linalg.lu_factor", a));
  return [factors, pivots];
}

/** x of a·x = b from a's `luFactor`; of aᵀ·x = b for trans 1 and 2 (`jax.scipy.linalg.lu_solve`). */
export function luSolve(
  [factors, pivots]: readonly [lu: ArrayLike, pivots: NdArray],
  b: ArrayLike,
  options: { readonly trans?: 0 | 1 | 2 } = {},
): NdArray {
  const [x, y] = pair("scipy.linalg.lu_solve", factors, b);
  checkSystem("lu_solve", x, y);
  const permutation = factor.luPivotsToPermutation(pivots, x.shape[x.ndim - 1]);
  return factor.luSolve(x, permutation, y, options.trans ?? 0);
}

/** Options of `qr`. */
export interface QrOptions {
  readonly mode?: "full" | "r" | "economic";
  readonly pivoting?: boolean;
}

/** [Q, R], by default with square Q; R alone in mode "r" (`jax.scipy.linalg.qr`). Column pivoting is not there. */
export function qr(a: ArrayLike, options: QrOptions & { readonly mode: "r" }): [r: NdArray];
export function qr(a: ArrayLike, options?: QrOptions): [q: NdArray, r: NdArray];
export function qr(a: ArrayLike, options: QrOptions = {}): NdArray[] {
  const { mode = "full", pivoting = false } = options;
  if (mode !== "full" && mode !== "r" && mode !== "economic") {
    throw new WeftValueError(`Unsupported QR decomposition mode '${String(mode)}'`);
  }
  const [q, r] = factor.qr(floatMatrix("scipy.linalg.qr", a), {
    pivoting,
    fullMatrices: mode !== "economic",
  });
  return mode === "r" ? [r] : [q, r];
}

/** Options of `svd`. */
export interface SvdOptions {
  readonly fullMatrices?: boolean;
  readonly computeUv?: boolean;
}

/** [U, s, Vᵀ], or s alone; see `np.linalg.svd` (`jax.scipy.linalg.svd`). */
export function svd(a: ArrayLike, options: SvdOptions & { readonly computeUv: false }): NdArray;
export function svd(
  a: ArrayLike,
  options?: SvdOptions & { readonly computeUv?: true },
): [u: NdArray, s: NdArray, vh: NdArray];
export function svd(a: ArrayLike, options: SvdOptions = {}): NdArray | [u: NdArray, s: NdArray, vh: NdArray] {
  return factor.svd(floatMatrix("scipy.linalg.svd", a), options);
}

/** Options of `eigh` and `eigvalsh`. */
export interface EighOptions extends LowerOption {
  readonly eigvalsOnly?: boolean;
  /** Of the generalised problem; must be null, as in JAX. */
  readonly b?: null;
}

/** [eigenvalues, eigenvectors] of symmetric matrices; eigenvalues alone with `eigvalsOnly` (`jax.scipy.linalg.eigh`). */
export function eigh(a: ArrayLike, options: EighOptions & { readonly eigvalsOnly: true }): NdArray;
export function eigh(a: ArrayLike, options?: EighOptions): [w: NdArray, v: NdArray];
export function eigh(a: ArrayLike, options: EighOptions = {}): NdArray | [w: NdArray, v: NdArray] {
  if (options.b !== undefined && options.b !== null) {
    throw new UnsupportedError("Only the b=null case of eigh is implemented");
  }
  const [v, w] = factor.eigh(floatMatrix("scipy.linalg.eigh", a), { lower: options.lower ?? true });
  return options.eigvalsOnly ? w : [w, v];
}

/**
 * x of a·x = b (`jax.scipy.linalg.solve`). `assumeA: "pos"`: a is symmetric positive definite and Cholesky is used, of the
 * triangle that `lower` says.
 */
export function solve(
  a: ArrayLike,
  b: ArrayLike,
  options: LowerOption & { readonly assumeA?: "gen" | "sym" | "her" | "pos" } = {},
): NdArray {
  const { assumeA = "gen", lower = false } = options;
  if (assumeA !== "gen" && assumeA !== "sym" && assumeA !== "her" && assumeA !== "pos") {
    throw new WeftValueError(
      `Expected assume_a to be one of ['gen', 'sym', 'her', 'pos']; got '${String(assumeA)}'`,
    );
  }
  if (assumeA !== "pos") return np.linalg.solve(a, b);
  const [x, y] = pair("scipy.linalg.solve", a, b);
  checkSystem("solve", x, y);
  return withColumns(x, y, lower ? solvePositiveLower : solvePositiveUpper);
}

/** As `np.linalg.solve`: the tangent is solved with the same factors, ẋ = a⁻¹·(ḃ - ȧ·x). */
function positiveSolver(lower: boolean) {
  const byFactor = (a: NdArray, b: NdArray): NdArray => choSolve(choFactor(a, { lower }), b);
  const solver = customJvp(byFactor);
  solver.defJvp(([a, b], [da, db]) => {
    const factors = choFactor(a, { lower });
    const x = choSolve(factors, b);
    return [x, choSolve(factors, lax.sub(db, factor.matrixProduct(da, x)))];
  });
  return solver;
}
const solvePositiveLower = positiveSolver(true);
const solvePositiveUpper = positiveSolver(false);

/** x of op(a)·x = b with a triangular matrix a: trans 0 or "N", 1 or "T", 2 or "C" (`jax.scipy.linalg.solve_triangular`). */
export function solveTriangular(
  a: ArrayLike,
  b: ArrayLike,
  options: LowerOption & {
    readonly trans?: 0 | 1 | 2 | "N" | "T" | "C";
    readonly unitDiagonal?: boolean;
  } = {},
): NdArray {
  const { trans = 0, lower = false, unitDiagonal = false } = options;
  if (![0, 1, 2, "N", "T", "C"].includes(trans)) {
    throw new WeftValueError(`Invalid 'trans' value ${String(trans)}`);
  }
  const [x, y] = pair("scipy.linalg.solve_triangular", a, b);
  checkSystem("solve_triangular", x, y);
  const transposeA = trans !== 0 && trans !== "N";
  return withColumns(x, y, (matrix, right) =>
    factor.triangularSolve(matrix, right, { leftSide: true, lower, transposeA, unitDiagonal }),
  );
}

/** Numerator coefficients of the Padé approximants of exp, and the 1-norm up to which each is exact: Higham 2005. */
const PADE: Readonly<Record<number, readonly number[]>> = {
  3: [120, 60, 12, 1],
  5: [30240, 15120, 3360, 420, 30, 1],
  7: [17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1],
  9: [17643225600, 8821612800, 2075673600, 302702400, 30270240, 2162160, 110880, 3960, 90, 1],
  13: [
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
    670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
  ],
};
const BOUNDS = {
  float32: { degrees: [3, 5, 7], norms: [4.25873e-1, 1.880152677804762], greatest: 3.92572478313866 },
  float64: {
    degrees: [3, 5, 7, 9, 13],
    norms: [1.495585217958292e-2, 2.53939833006323e-1, 9.504178996162932e-1, 2.097847961257068],
    greatest: 5.371920351148152,
  },
} as const;

/** [U, V]: the odd and the even part of the approximant's numerator, of matrices [n, n]. */
function padeParts(a: NdArray, degree: number): [u: NdArray, v: NdArray] {
  const b = PADE[degree];
  const eye = identityMatrices(a.shape[0], a, []);
  const times = factor.matrixProduct;
  const powers = [eye, times(a, a)];
  const reach = degree === 13 ? 3 : (degree - 1) / 2;
  while (powers.length <= reach) powers.push(times(powers[powers.length - 1], powers[1]));
  const combine = (first: number, count: number): NdArray =>
    range(count)
      .map((i) => lax.mul(powers[i], b[first + 2 * i]))
      .reduce((x, y) => lax.add(x, y));
  if (degree !== 13) return [times(a, combine(1, reach + 1)), combine(0, reach + 1)];
  const upper = (first: number): NdArray =>
    [1, 2, 3].map((i) => lax.mul(powers[i], b[first + 6 + 2 * i])).reduce((x, y) => lax.add(x, y));
  const high = (first: number): NdArray => lax.add(times(powers[3], upper(first)), combine(first, 4));
  return [times(a, high(1)), high(0)];
}

function expmOne(a: NdArray, isTriangular: boolean, maxSquarings: number): NdArray {
  const { degrees, norms, greatest } = BOUNDS[a.dtype === "float64" ? "float64" : "float32"];
  const norm = np.linalg.norm(a, { ord: 1 });
  const ratio = np.log2(lax.div(norm, greatest));
  const needed = np.maximum(0, np.floor(ratio));
  const isOver = lax.gt(needed, maxSquarings);
  const squarings = np.where(lax.isFinite(needed), np.minimum(needed, maxSquarings), 0);
  const scaled = lax.div(a, broadcastTo(np.exp2(squarings), a.shape));
  const index = norms.map((bound) => lax.ge(norm, bound).astype("int32")).reduce((x, y) => lax.add(x, y));
  const [u, v] = switchCase(
    index,
    degrees.map((degree) => (x: NdArray) => padeParts(x, degree)),
    scaled,
  );
  const [numerator, denominator] = [lax.add(u, v), lax.sub(v, u)];
  let result = isTriangular
    ? solveTriangular(denominator, numerator)
    : np.linalg.solve(denominator, numerator);
  for (const i of range(maxSquarings)) {
    const isWanted = broadcastTo(lax.gt(squarings, i), a.shape);
    result = lax.select(isWanted, factor.matrixProduct(result, result), result);
  }
  return lax.select(broadcastTo(isOver, a.shape), constantLike(result, Number.NaN), result);
}

/**
 * Matrix exponentials by scaling, Padé approximation and squaring (`jax.scipy.linalg.expm`). NaN where more than
 * `maxSquarings` squarings would be needed, which is where the norm exceeds about 2^maxSquarings.
 */
export function expm(
  a: ArrayLike,
  options: { readonly upperTriangular?: boolean; readonly maxSquarings?: number } = {},
): NdArray {
  const x = floatMatrix("scipy.linalg.expm", a);
  checkSquare("expm: the argument", x);
  const { upperTriangular = false, maxSquarings = 16 } = options;
  if (x.size === 0) return x;
  if (x.ndim === 2) return expmOne(x, upperTriangular, maxSquarings);
  const n = x.shape[x.ndim - 1];
  const flat = reshape(x, [x.size / (n * n), n, n]);
  const each = range(flat.shape[0]).map((i) => {
    const one = reshape(np.take(flat, i, { axis: 0 }), [n, n]);
    return expandDims(expmOne(one, upperTriangular, maxSquarings), [0]);
  });
  return reshape(concatenate(each, 0), x.shape);
}
