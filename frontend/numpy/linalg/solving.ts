/** Linear systems, inverses and least squares (`jax.numpy.linalg`). */
import {
  type ArrayLike,
  asArray,
  convert,
  formatShape,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../../core/index.ts";
import { canonicalizeAxes, otherAxes, range } from "../../lax/axes.ts";
import * as lax from "../../lax/elementwise.ts";
import * as factor from "../../lax/linalg.ts";
import { expandDims, reshape, sliceInDim, transpose } from "../../lax/movement.ts";
import { broadcastShapes, broadcastTo, constantLike } from "../../lax/operands.ts";
import { customJvp } from "../../transforms/custom-jvp.ts";
import { matmul } from "../linalg.ts";
import { norm } from "../norms.ts";
import { promoteDTypesInexact, toArray } from "../promotion.ts";
import { max, sum } from "../reductions.ts";
import { svd } from "./decompositions.ts";
import { epsilonOf, floatMatrix, identityMatrices, zerosOf } from "./matrices.ts";

/** x of a·x = b, of equal batch axes, in operations that are linear in b one by one: for rules of derivatives. */
export function factorAndSolve(a: NdArray, b: NdArray): NdArray {
  const [factors, , permutation] = factor.lu(a);
  return factor.luSolve(factors, permutation, b);
}

/** a·x = b of equal batch axes. Its tangent is solved with the same factors: ẋ = a⁻¹·(ḃ - ȧ·x). */
const solveSystems = customJvp((a: NdArray, b: NdArray) => factorAndSolve(a, b));
solveSystems.defJvp(([a, b], [da, db]) => {
  const [factors, , permutation] = factor.lu(a);
  const x = factor.luSolve(factors, permutation, b);
  const right = lax.sub(db, factor.matrixProduct(da, x));
  return [x, factor.luSolve(factors, permutation, right)];
});

/**
 * x of a·x = b (`jnp.linalg.solve`): b is a vector [m] where it has one axis, else [..., m, k]; leading axes are
 * broadcast. A singular matrix gives infinities or NaN. Throws WeftValueError where shapes do not fit.
 */
export function solve(a: ArrayLike, b: ArrayLike): NdArray {
  const [x, y] = promoteDTypesInexact("linalg.solve", a, b).map((z) => floatMatrix("linalg.solve", z));
  if (x.ndim < 2) {
    throw new WeftValueError(
      `left hand array must be at least two dimensional; got a.shape=${formatShape(x.shape)}`,
    );
  }
  const isVector = y.ndim === 1;
  const m = x.shape[x.ndim - 1];
  if (x.shape[x.ndim - 2] !== m || y.ndim === 0 || y.shape[isVector ? 0 : y.ndim - 2] !== m) {
    throw new WeftValueError(
      "The arguments to solve must have shapes a=[..., m, m] and b=[..., m, k] or b=[..., m]; got " +
        `a=${formatShape(x.shape)} and b=${formatShape(y.shape)}`,
    );
  }
  const right = isVector ? expandDims(y, [1]) : y;
  const batch = broadcastShapes(x.shape.slice(0, -2), right.shape.slice(0, -2));
  const solution = solveSystems(
    broadcastTo(x, [...batch, m, m]),
    broadcastTo(right, [...batch, ...right.shape.slice(-2)]),
  );
  return isVector ? reshape(solution, [...batch, m]) : solution;
}

/** Inverses of square matrices (`jnp.linalg.inv`); infinities or NaN where there is none. */
export function inv(a: ArrayLike): NdArray {
  const x = floatMatrix("linalg.inv", a);
  if (x.ndim < 2 || x.shape[x.ndim - 1] !== x.shape[x.ndim - 2]) {
    throw new WeftValueError(`Argument to inv must have shape [..., n, n], got ${formatShape(x.shape)}.`);
  }
  return solve(x, identityMatrices(x.shape[x.ndim - 1], x, x.shape.slice(0, -2)));
}

/** Options of `pinv`. */
export interface PinvOptions {
  /** Singular values up to this times the greatest count as zero. Default 10·max(m, n)·eps. */
  readonly rtol?: ArrayLike | null;
  /** The matrices are symmetric. */
  readonly hermitian?: boolean;
  /** Another name of rtol. */
  readonly rcond?: ArrayLike | null;
}

function pseudoInverse(a: NdArray, rtol: NdArray, hermitian: boolean): NdArray {
  const [u, s, vh] = svd(a, { fullMatrices: false, hermitian });
  const greatest = sliceInDim(s, 0, 1, { axis: s.ndim - 1 });
  const cutoff = lax.mul(broadcastTo(expandDims(rtol, [rtol.ndim]), greatest.shape), greatest);
  const isKept = lax.gt(s, broadcastTo(cutoff, s.shape));
  const divisor = lax.select(isKept, s, constantLike(s, Number.POSITIVE_INFINITY));
  const ut = factor.matrixTransposed(u);
  const scaled = lax.div(ut, broadcastTo(expandDims(divisor, [divisor.ndim]), ut.shape));
  return factor.matrixProduct(factor.matrixTransposed(vh), scaled);
}

/** Golub and Pereyra 1973. */
function pinvRule(hermitian: boolean) {
  const apply = customJvp((a: NdArray, rtol: NdArray) => pseudoInverse(a, rtol, hermitian));
  apply.defJvp(([a, rtol], [tangent]) => {
    const p = apply(a, rtol);
    const x = hermitian ? factor.symmetrize(a) : a;
    const dx = hermitian ? factor.symmetrize(tangent) : tangent;
    const product = factor.matrixProduct;
    const [dxT, pT] = [factor.matrixTransposed(dx), factor.matrixTransposed(p)];
    const [m, n] = a.shape.slice(-2);
    if (m >= n) {
      const s = product(product(p, pT), dxT);
      const t = product(product(dxT, pT), p);
      const first = lax.neg(product(product(p, dx), p));
      const second = lax.sub(s, product(product(s, x), p));
      return [p, lax.add(lax.add(first, second), lax.sub(t, product(product(p, x), t)))];
    }
    const s = product(p, product(pT, dxT));
    const t = product(dxT, product(pT, p));
    const first = lax.neg(product(p, product(dx, p)));
    const second = lax.sub(s, product(s, product(x, p)));
    return [p, lax.add(lax.add(first, second), lax.sub(t, product(p, product(x, t))))];
  });
  return apply;
}

const pinvGeneral = pinvRule(false);
const pinvHermitian = pinvRule(true);

/** Moore-Penrose inverses [..., n, m] of matrices [..., m, n] (`jnp.linalg.pinv`). */
export function pinv(a: ArrayLike, options: PinvOptions = {}): NdArray {
  const x = floatMatrix("linalg.pinv", a);
  const { rtol = null, rcond = null, hermitian = false } = options;
  if (rtol !== null && rcond !== null) {
    throw new WeftValueError("pinv: only one of rtol and rcond may be specified.");
  }
  const [m, n] = x.shape.slice(-2);
  if (m === 0 || n === 0) return zerosOf(x, [...x.shape.slice(0, -2), n, m]);
  const bound = convert(asArray(rtol ?? rcond ?? 10 * Math.max(m, n) * epsilonOf(x)), x.dtype);
  return (hermitian ? pinvHermitian : pinvGeneral)(x, bound);
}

/**
 * [x, residuals, rank, singular values] of the least squares problem a·x = b of one matrix (`jnp.linalg.lstsq`): the
 * solution of least length. Singular values up to `rcond` (default max(m, n)·eps) times the greatest count as zero. The
 * residuals are given in every case, as by JAX under jit.
 */
export function lstsq(
  a: ArrayLike,
  b: ArrayLike,
  options: { readonly rcond?: number | null } = {},
): [x: NdArray, residuals: NdArray, rank: NdArray, s: NdArray] {
  const [x, y] = promoteDTypesInexact("linalg.lstsq", a, b).map((z) => floatMatrix("linalg.lstsq", z));
  if (x.shape[0] !== y.shape[0]) {
    throw new WeftValueError("Leading dimensions of input arrays must match");
  }
  if (x.ndim !== 2) {
    throw new WeftTypeError(`${x.ndim}-dimensional array given. Array must be two-dimensional`);
  }
  if (y.ndim !== 1 && y.ndim !== 2) {
    throw new WeftTypeError(`${y.ndim}-dimensional array given. Array must be one or two-dimensional`);
  }
  const right = y.ndim === 1 ? expandDims(y, [1]) : y;
  const [m, n] = x.shape;
  const flat = (z: NdArray): NdArray => (y.ndim === 1 ? reshape(z, [n]) : z);
  const residuals = (z: NdArray): NdArray => lax.square(norm(lax.sub(right, matmul(x, z)), { axis: 0 }));
  if (x.size === 0) {
    const zero = zerosOf(x, [n, right.shape[1]]);
    return [flat(zero), residuals(zero), convert(asArray(0), "int32"), zerosOf(x, [0])];
  }
  const given = options.rcond ?? null;
  const eps = epsilonOf(x);
  const rcond = given === null ? eps * Math.max(m, n) : given < 0 ? eps : given;
  const [u, s, vt] = svd(x, { fullMatrices: false });
  const bound = lax.mul(sliceInDim(s, 0, 1), rcond);
  const isKept = lax.bitwiseAnd(lax.gt(s, 0), lax.ge(s, broadcastTo(bound, s.shape)));
  const safe = lax.select(isKept, s, constantLike(s, 1));
  const inverse = lax.select(isKept, lax.div(constantLike(s, 1), safe), constantLike(s, 0));
  const projected = matmul(factor.matrixTransposed(u), right);
  const scaled = lax.mul(broadcastTo(expandDims(inverse, [1]), projected.shape), projected);
  const solution = matmul(factor.matrixTransposed(vt), scaled);
  return [flat(solution), residuals(solution), sum(convert(isKept, "int32")), s];
}

/** The number of singular values above `rtol`, an absolute bound (`jnp.linalg.matrix_rank`); default max(s)·max(m, n)·eps. */
export function matrixRank(
  x: ArrayLike,
  options: {
    readonly rtol?: ArrayLike | null;
    readonly hermitian?: boolean;
    readonly tol?: ArrayLike | null;
  } = {},
): NdArray {
  const a = floatMatrix("linalg.matrix_rank", x);
  const { rtol = null, tol = null, hermitian = false } = options;
  if (rtol !== null && tol !== null) {
    throw new WeftValueError("matrix_rank: only one of tol or rtol may be specified.");
  }
  if (a.ndim < 2) return convert(max(convert(lax.ne(a, 0), "int32")), "int32");
  const s = svd(a, { computeUv: false, fullMatrices: false, hermitian });
  const given = tol ?? rtol;
  const largest = Math.max(...a.shape.slice(-2));
  if (s.shape[s.ndim - 1] === 0) return sum(convert(s, "int32"), { axis: -1 });
  const bound =
    given === null
      ? lax.mul(max(s, { axis: -1, keepdims: true }), largest * epsilonOf(a))
      : expandDims(convert(asArray(given), s.dtype), [asArray(given).ndim]);
  return sum(convert(lax.gt(s, broadcastTo(bound, s.shape)), "int32"), { axis: -1 });
}

/** Inverse of a tensor by its first `ind` axes (`jnp.linalg.tensorinv`). */
export function tensorinv(a: ArrayLike, ind = 2): NdArray {
  const x = toArray("tensorinv", a);
  if (!Number.isInteger(ind) || ind <= 0) {
    throw new WeftValueError(`ind must be a positive integer; got ind=${ind}`);
  }
  const [left, right] = [x.shape.slice(0, ind), x.shape.slice(ind)];
  const size = (shape: readonly number[]): number => shape.reduce((p, n) => p * n, 1);
  if (size(left) !== size(right)) {
    throw new WeftValueError(
      "tensorinv is only possible when the product of the first `ind` dimensions equals that of the remaining " +
        `dimensions. got a.shape=${formatShape(x.shape)} with ind=${ind}.`,
    );
  }
  return reshape(inv(reshape(x, [size(left), size(right)])), [...right, ...left]);
}

/** x of tensordot(a, x, x.ndim) = b (`jnp.linalg.tensorsolve`); `axes` of a are moved to its end first. */
export function tensorsolve(
  a: ArrayLike,
  b: ArrayLike,
  options: { readonly axes?: readonly number[] | null } = {},
): NdArray {
  const y = toArray("tensorsolve", b);
  const given = toArray("tensorsolve", a);
  const axes = options.axes ?? null;
  const moved = axes === null ? [] : canonicalizeAxes(axes, given.ndim);
  const x = transpose(given, [...otherAxes(given.ndim, moved), ...moved]);
  const shape = x.shape.slice(y.ndim);
  if (range(y.ndim).some((i) => x.shape[i] !== y.shape[i])) {
    throw new WeftValueError(
      "After moving axes to end, leading shape of a must match shape of b. got " +
        `a.shape=${formatShape(x.shape)}, b.shape=${formatShape(y.shape)}`,
    );
  }
  const size = shape.reduce((p, n) => p * n, 1);
  if (y.size !== size) {
    throw new WeftValueError(
      "Input arrays must have prod(a.shape[:b.ndim]) == prod(a.shape[b.ndim:]); got " +
        `a.shape=${formatShape(x.shape)}, b.ndim=${y.ndim}.`,
    );
  }
  return reshape(solve(reshape(x, [y.size, size]), reshape(y, [y.size])), shape);
}
