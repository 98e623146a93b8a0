/** Polynomials as vectors of coefficients, the highest power first (`jax.numpy`). */
import { type ArrayLike, convert, full, type NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { concatenate, indexInDim, pad, reshape, sliceInDim } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";
import { array } from "./array.ts";
import { IndexUpdate } from "./at.ts";
import { convolve } from "./calculus.ts";
import { finfo } from "./dtypes.ts";
import { atleast1d } from "./movement.ts";
import { promoteDTypes, promoteDTypesInexact } from "./promotion.ts";
import { add, multiply } from "./ufuncs.ts";
import { trimZeros } from "./updates.ts";

/**
 * p[0]·xⁿ⁻¹ + … + p[n−1] by Horner's scheme (`jnp.polyval`). Further axes of p are polynomials of their own and broadcast
 * with x.
 */
export function polyval(p: ArrayLike, x: ArrayLike): NdArray {
  const [coefficients, a] = promoteDTypes("polyval", p, x);
  if (coefficients.ndim === 0)
    throw new WeftTypeError("polyval: p must have at least one axis, got a scalar");
  const shape = broadcastShapes(coefficients.shape.slice(1), a.shape);
  let result = full(0, a.dtype, shape);
  for (const i of range(coefficients.shape[0])) {
    result = add(multiply(result, a), indexInDim(coefficients, i, { keepdims: false }));
  }
  return result;
}

/** a + b (`jnp.polyadd`). */
export function polyadd(a: ArrayLike, b: ArrayLike): NdArray {
  const [p, q] = promoteDTypes("polyadd", a, b);
  const [long, short] = q.shape[0] <= p.shape[0] ? [p, q] : [q, p];
  return add(long, pad(short, 0, [[long.shape[0] - short.shape[0], 0, 0]]));
}

/** a − b (`jnp.polysub`). */
export function polysub(a: ArrayLike, b: ArrayLike): NdArray {
  const [p, q] = promoteDTypes("polysub", a, b);
  return polyadd(p, lax.neg(q));
}

/** Options of `polymul` and `polydiv`. */
export interface TrimLeadingOption {
  /** Whether leading zeros go first; values must be known for it. Default false. */
  readonly trimLeadingZeros?: boolean;
}

/** a · b (`jnp.polymul`). */
export function polymul(a: ArrayLike, b: ArrayLike, options: TrimLeadingOption = {}): NdArray {
  let [p, q] = promoteDTypesInexact("polymul", a, b);
  if ((options.trimLeadingZeros ?? false) && (p.size > 1 || q.size > 1)) {
    [p, q] = [trimZeros(p, { trim: "f" }), trimZeros(q, { trim: "f" })];
  }
  const some = (x: NdArray): NdArray => (x.size === 0 ? full(0, x.dtype, [1]) : x);
  return convolve(some(p), some(q), "full");
}

/** Quotient and remainder of u by v (`jnp.polydiv`). */
export function polydiv(
  u: ArrayLike,
  v: ArrayLike,
  options: TrimLeadingOption = {},
): [quotient: NdArray, remainder: NdArray] {
  const [dividend, divisor] = promoteDTypesInexact("polydiv", u, v);
  const [m, n] = [dividend.size - 1, divisor.size - 1];
  const scale = lax.reciprocal(indexInDim(divisor, 0, { keepdims: false }));
  let rest = dividend;
  const digits: NdArray[] = [];
  for (const k of range(Math.max(m - n + 1, 0))) {
    const digit = lax.mul(scale, indexInDim(rest, k, { keepdims: false }));
    digits.push(reshape(digit, [1]));
    rest = new IndexUpdate(rest, [[k, k + n + 1]]).add(
      lax.neg(lax.mul(broadcastTo(digit, [n + 1]), divisor)),
    );
  }
  const quotient = digits.length === 0 ? full(0, dividend.dtype, [1]) : concatenate(digits, 0);
  if (!(options.trimLeadingZeros ?? false)) return [quotient, rest];
  // What rounding left of coefficients that are 0: NumPy's tolerance is the root of the machine precision.
  const tolerance = Math.sqrt(finfo(rest).eps);
  const kept = trimZeros(convert(lax.gt(lax.abs(rest), tolerance), "int32"), { trim: "f" }).size;
  return [quotient, sliceInDim(rest, rest.size - kept, rest.size)];
}

/** ∏ over j below m of (i − j), for i from `from` up: what m derivatives multiply a power with. */
function fallingFactorials(from: number, count: number, m: number): number[] {
  return range(count).map((i) => range(m).reduce((product, j) => product * Math.max(1, from + i - j), 1));
}

function checkOrder(m: number, message: string): void {
  if (!Number.isInteger(m)) throw new WeftTypeError(`m must be an integer, got ${m}`);
  if (m < 0) throw new WeftValueError(message);
}

/** The m-th derivative (`jnp.polyder`). */
export function polyder(p: ArrayLike, m = 1): NdArray {
  const [a] = promoteDTypesInexact("polyder", p);
  checkOrder(m, "Order of derivative must be positive");
  if (m === 0) return a;
  const count = Math.max(a.size - m, 0);
  const factors = fallingFactorials(m, count, m).reverse();
  if (count === 0) return full(0, a.dtype, [0]);
  return lax.mul(sliceInDim(a, 0, count), array(factors, { dtype: a.dtype }));
}

/** The m-th integral, with the constants k, one for all or one for each integration (`jnp.polyint`). */
export function polyint(p: ArrayLike, m = 1, k: ArrayLike | null = null): NdArray {
  const [a, given] = promoteDTypesInexact("polyint", p, k ?? 0);
  checkOrder(m, "Order of integral must be positive (see polyder)");
  const constants = atleast1d(given);
  const spread = constants.size === 1 ? broadcastTo(reshape(constants, [1]), [m]) : constants;
  if (spread.ndim !== 1 || spread.size !== m) {
    throw new WeftValueError("k must be a scalar or a rank-1 array of length 1 or m.");
  }
  if (m === 0) return a;
  const factors = fallingFactorials(0, a.size + m, m).reverse();
  return lax.div(concatenate([a, spread], 0), array(factors, { dtype: a.dtype }));
}

/** The coefficients of the polynomial with these zeros, or of a symmetric matrix's characteristic one (`jnp.poly`). */
export function poly(zeros: ArrayLike): NdArray {
  const [given] = promoteDTypesInexact("poly", zeros);
  const a = atleast1d(given);
  if (a.ndim !== 1) {
    throw new WeftValueError(
      "input must be 1d. (A square matrix would need eigenvalues, which are complex: give np.linalg.eigvalsh of a " +
        "symmetric one.)",
    );
  }
  if (a.size === 0) return full(1, a.dtype);
  const one = full(1, a.dtype, [1]);
  return range(a.size).reduce(
    (p, i) => convolve(p, concatenate([one, lax.neg(sliceInDim(a, i, i + 1))], 0), "full"),
    one,
  );
}
