/** Factorisations and eigenvalues (`jax.numpy.linalg`), on the compiled path and batched over leading axes. */
import {
  type ArrayLike,
  ConcreteArray,
  formatShape,
  type NdArray,
  UnsupportedError,
  WeftValueError,
} from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import * as factor from "../../lax/linalg.ts";
import { expandDims, rev } from "../../lax/movement.ts";
import { broadcastTo, constantLike } from "../../lax/operands.ts";
import { sort, sortedOrder } from "../../lax/sorting.ts";
import { max } from "../reductions.ts";
import { takeAlongAxis } from "../take.ts";
import { checkSquare, epsilonOf, floatMatrix } from "./matrices.ts";

/** Options of `cholesky`. */
export interface CholeskyOptions {
  /** The upper factor, Lᵀ. */
  readonly upper?: boolean;
  readonly symmetrizeInput?: boolean;
}

/**
 * Lower triangular L with L·Lᵀ = a of symmetric positive definite matrices (`jnp.linalg.cholesky`). NaN where a matrix
 * is not positive definite. Throws WeftValueError unless the matrices are square.
 */
export function cholesky(a: ArrayLike, options: CholeskyOptions = {}): NdArray {
  const l = factor.cholesky(floatMatrix("linalg.cholesky", a), {
    symmetrizeInput: options.symmetrizeInput ?? true,
  });
  return options.upper ? factor.matrixTransposed(l) : l;
}

/** What `qr` gives, as in NumPy. */
export type QrMode = "reduced" | "complete" | "r" | "raw" | "full";

/**
 * QR decomposition with LAPACK's signs (`jnp.linalg.qr`): [Q, R], where Q is [..., m, min(m, n)], or [..., m, m] in
 * mode "complete"; R alone in mode "r"; in mode "raw" [reflectors and R transposed, tau].
 */
export function qr(a: ArrayLike, options: { readonly mode: "r" }): NdArray;
export function qr(a: ArrayLike, options?: { readonly mode?: Exclude<QrMode, "r"> }): [NdArray, NdArray];
export function qr(a: ArrayLike, options?: { readonly mode?: QrMode }): NdArray | [NdArray, NdArray];
export function qr(a: ArrayLike, options: { readonly mode?: QrMode } = {}): NdArray | [NdArray, NdArray] {
  const x = floatMatrix("linalg.qr", a);
  const { mode = "reduced" } = options;
  switch (mode) {
    case "raw": {
      const [factors, taus] = factor.geqrf(x);
      return [factor.matrixTransposed(factors), taus];
    }
    case "r":
      return factor.qr(x, { fullMatrices: false })[1];
    case "reduced":
    case "full":
    case "complete":
      return factor.qr(x, { fullMatrices: mode === "complete" });
    default:
      mode satisfies never;
      throw new WeftValueError(`Unsupported QR decomposition mode '${String(mode)}'`);
  }
}

/** Options of `svd`. */
export interface SvdOptions extends factor.SvdOptions {
  /** The matrices are symmetric: eigenvalues are used. */
  readonly hermitian?: boolean;
}

/**
 * Singular value decomposition (`jnp.linalg.svd`): [U, s, Vᵀ], s descending; s alone with `computeUv: false`. Of each
 * pair of vectors that of the shorter side has its element of greatest magnitude positive. With full matrices of another
 * shape than square it has no derivative, as in JAX.
 */
export function svd(a: ArrayLike, options: SvdOptions & { readonly computeUv: false }): NdArray;
export function svd(
  a: ArrayLike,
  options?: SvdOptions & { readonly computeUv?: true },
): [u: NdArray, s: NdArray, vh: NdArray];
export function svd(a: ArrayLike, options?: SvdOptions): NdArray | [u: NdArray, s: NdArray, vh: NdArray];
export function svd(
  a: ArrayLike,
  { hermitian = false, ...options }: SvdOptions = {},
): NdArray | [u: NdArray, s: NdArray, vh: NdArray] {
  const x = floatMatrix("linalg.svd", a);
  if (!hermitian) return factor.svd(x, options);
  const [v, w] = factor.eigh(x);
  const magnitude = lax.abs(w);
  const axis = w.ndim - 1;
  if (options.computeUv === false) return rev(sort(magnitude, { dimension: axis }), [axis]);
  const [, order] = sortedOrder(magnitude, axis, true);
  const values = takeAlongAxis(w, order, axis);
  const u = takeAlongAxis(v, expandDims(order, [axis]), axis + 1);
  const signs = broadcastTo(expandDims(lax.sign(values), [axis]), u.shape);
  return [u, lax.abs(values), factor.matrixTransposed(lax.mul(u, signs))];
}

/** Singular values, descending (`jnp.linalg.svdvals`). */
export function svdvals(x: ArrayLike): NdArray {
  return svd(x, { computeUv: false });
}

/** Options of `eigh` and `eigvalsh`. */
export interface EighOptions {
  /** Which triangle is read where the matrix is not symmetrised. Default "L". */
  readonly UPLO?: "L" | "U" | null;
  readonly symmetrizeInput?: boolean;
}

/**
 * [eigenvalues ascending, eigenvectors in columns] of symmetric matrices (`jnp.linalg.eigh`). The element of greatest
 * magnitude of each eigenvector is positive. The derivative is that for distinct eigenvalues, as in JAX.
 */
export function eigh(a: ArrayLike, options: EighOptions = {}): [eigenvalues: NdArray, eigenvectors: NdArray] {
  const { UPLO = "L", symmetrizeInput = true } = options;
  if (UPLO !== "L" && UPLO !== "U" && UPLO !== null) {
    throw new WeftValueError(`UPLO must be one of None, 'L', or 'U', got ${String(UPLO)}`);
  }
  const [v, w] = factor.eigh(floatMatrix("linalg.eigh", a), { lower: UPLO !== "U", symmetrizeInput });
  return [w, v];
}

/** Eigenvalues of symmetric matrices, ascending (`jnp.linalg.eigvalsh`). */
export function eigvalsh(a: ArrayLike, options: EighOptions = {}): NdArray {
  return eigh(a, options)[0];
}

/**
 * [eigenvalues, eigenvectors in columns] of symmetric matrices, as `eigh` gives them (`jnp.linalg.eig`). The eigenvalues
 * of other matrices are complex, for which there is no dtype: throws UnsupportedError for an array known to be
 * asymmetric; under a transformation, where that cannot be seen, the result is NaN for such a matrix.
 */
export function eig(a: ArrayLike): [eigenvalues: NdArray, eigenvectors: NdArray] {
  const x = floatMatrix("linalg.eig", a);
  checkSquare("Argument to eig", x);
  const asymmetry = lax.abs(lax.sub(x, factor.matrixTransposed(x)));
  const axis = [x.ndim - 2, x.ndim - 1];
  const greatest = x.size === 0 ? constantLike(x, 0) : max(lax.abs(x), { axis, keepdims: true });
  // What rounding of a symmetric expression may leave.
  const bound = lax.mul(greatest, 16 * epsilonOf(x));
  const isSymmetric = x.size === 0 ? null : lax.le(max(asymmetry, { axis, keepdims: true }), bound);
  if (isSymmetric instanceof ConcreteArray && [...isSymmetric.dataSync()].some((flag) => !flag)) {
    const isNaNInput = [...x.dataSync()].some(Number.isNaN);
    if (!isNaNInput) {
      throw new UnsupportedError(
        `eig takes symmetric matrices only: those of shape ${formatShape(x.shape)} given are not, and eigenvalues of other matrices ` +
          "are complex, for which Weft has no dtype. Singular values (np.linalg.svd) exist for every matrix.",
      );
    }
  }
  const [w, v] = eigh(x);
  if (isSymmetric === null) return [w, v];
  const kept = (y: NdArray, flags: NdArray): NdArray =>
    lax.select(broadcastTo(flags, y.shape), y, constantLike(y, Number.NaN));
  const flags = isSymmetric;
  return [kept(w, dropLast(flags)), kept(v, flags)];
}

/** Eigenvalues of symmetric matrices (`jnp.linalg.eigvals`); see `eig`. */
export function eigvals(a: ArrayLike): NdArray {
  return eig(a)[0];
}

function dropLast(x: NdArray): NdArray {
  return x.reshape(x.shape.slice(0, -1));
}
