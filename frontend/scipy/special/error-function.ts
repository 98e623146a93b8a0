/** The error function and its kin, and the normal distribution function and its inverse. */
import type { DType } from "../../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  arrayFromData,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { reshape } from "../../lax/movement.ts";
import { isnan, where } from "../../numpy/logic.ts";
import { inexact, promoteArgsInexact, toArray } from "../../numpy/promotion.ts";
import { sum } from "../../numpy/reductions.ts";
import { arctan } from "../../numpy/ufuncs.ts";
import { customJvp } from "../../transforms/custom-jvp.ts";
import { DAWSON, NDTRI, OWENS_T } from "./coefficients.ts";
import { constant, polynomial, rational } from "./operands.ts";

/** The error function (`jax.scipy.special.erf`). */
export function erf(x: ArrayLike): NdArray {
  return lax.erf(inexact("erf", x));
}

/** 1 − erf(x), exact where it is small (`jax.scipy.special.erfc`). */
export function erfc(x: ArrayLike): NdArray {
  return lax.erfc(inexact("erfc", x));
}

/** The inverse of erf (`jax.scipy.special.erfinv`). */
export function erfinv(x: ArrayLike): NdArray {
  return lax.erfInv(inexact("erfinv", x));
}

/** Computes in float32 what is given in float16: the coefficients need it. */
function inSingle(x: NdArray, f: (x: NdArray) => NdArray): NdArray {
  return x.dtype === "float16" ? f(x.astype("float32")).astype("float16") : f(x);
}

/** Coefficients of erfc's asymptotic series, highest power of 1/x² first. */
const ERFCX_SERIES = [7918.06640625, -1055.7421875, 162.421875, -29.53125, 6.5625, -1.875, 0.75, -0.5, 1];

const erfcxOfArray = customJvp(
  (x: NdArray): NdArray =>
    inSingle(x, (a) => {
      // From where exp(x²) overflows: √(log of the greatest number).
      const [limit, terms] =
        a.dtype === "float64" ? [Math.sqrt(709.782712893384), 9] : [Math.sqrt(88.72283905), 5];
      const large = a.greater(limit);
      const safe = where(large, 1, a);
      const direct = lax.exp(lax.square(safe)).mul(lax.erfc(safe));
      const series = polynomial(ERFCX_SERIES.slice(-terms), lax.reciprocal(lax.square(a)));
      return where(large, series.div(a.mul(Math.sqrt(Math.PI))), direct);
    }),
);
erfcxOfArray.defJvp(([x], [dx]) => {
  const value = erfcxOfArray(x);
  return [
    value,
    dx.mul(
      x
        .mul(2)
        .mul(value)
        .sub(2 / Math.sqrt(Math.PI)),
    ),
  ];
});

/** exp(x²) erfc(x) (`jax.scipy.special.erfcx` of reals). */
export function erfcx(x: ArrayLike): NdArray {
  return erfcxOfArray(inexact("erfcx", x));
}

const dawsnOfArray = customJvp(
  (x: NdArray): NdArray =>
    inSingle(x, (a) => {
      const magnitude = lax.abs(a);
      const [near, far] = [magnitude.less(3.25), magnitude.greaterEqual(6.25)];
      const small = where(near, magnitude, 1);
      const square = lax.square(small);
      const first = small.mul(polynomial(DAWSON.an, square)).div(polynomial(DAWSON.ad, square));
      const large = where(near, 4, magnitude);
      const t = lax.reciprocal(lax.square(large));
      const tail = where(far, rational(DAWSON.cn, DAWSON.cd, t), rational(DAWSON.bn, DAWSON.bd, t));
      const second = lax.div(0.5, large).mul(t.mul(tail).add(1));
      return lax.sign(a).mul(where(near, first, second));
    }),
);
dawsnOfArray.defJvp(([x], [dx]) => {
  const value = dawsnOfArray(x);
  return [value, dx.mul(lax.sub(1, x.mul(2).mul(value)))];
});

/** Dawson's function exp(−x²) ∫₀ˣ exp(t²) dt (`jax.scipy.special.dawsn`). */
export function dawsn(x: ArrayLike): NdArray {
  return dawsnOfArray(inexact("dawsn", x));
}

/** An operand of the functions that JAX has for float32 and float64 alone. Numbers are float32. */
function singleOrDouble(name: string, x: ArrayLike): NdArray {
  const a = typeof x === "number" ? inexact(name, x) : toArray(name, x);
  if (a.dtype === "float32" || a.dtype === "float64") return a;
  throw new WeftTypeError(
    `x.dtype=${a.dtype} is not supported by ${name}: convert to float32 or float64 with astype.`,
  );
}

/** Φ(x), the standard normal distribution function (`jax.scipy.special.ndtr`). */
export function ndtr(x: ArrayLike): NdArray {
  const a = singleOrDouble("ndtr", x);
  const w = a.mul(0.5 * Math.SQRT2);
  const z = lax.abs(w);
  const tail = lax.erfc(z);
  const y = where(z.less(0.5 * Math.SQRT2), lax.erf(w).add(1), where(w.greater(0), lax.sub(2, tail), tail));
  return y.mul(0.5);
}

/** The inverse of ndtr (`jax.scipy.special.ndtri`). */
export function ndtri(p: ArrayLike): NdArray {
  const a = singleOrDouble("ndtri", p);
  const complement = where(a.greater(-Math.expm1(-2)), lax.sub(1, a), a);
  // Any number that gives no NaN; what comes of it is not used.
  const safe = where(complement.equal(0), 0.5, complement);
  const w = safe.sub(0.5);
  const ww = lax.square(w);
  const central = w.add(w.mul(ww).mul(rational(NDTRI.p0, NDTRI.q0, ww))).mul(-Math.sqrt(2 * Math.PI));
  const z = lax.sqrt(lax.log(safe).mul(-2));
  const first = z.sub(lax.log(z).div(z));
  const inverse = lax.reciprocal(z);
  const far = first.sub(rational(NDTRI.p2, NDTRI.q2, inverse).div(z));
  const near = first.sub(rational(NDTRI.p1, NDTRI.q1, inverse).div(z));
  const magnitude = where(safe.greater(Math.exp(-2)), central, where(z.greaterEqual(8), far, near));
  const x = where(a.greater(1 - Math.exp(-2)), magnitude, lax.neg(magnitude));
  const { POSITIVE_INFINITY: infinity } = Number;
  return where(a.equal(0), -infinity, where(a.equal(1), infinity, x));
}

/** Where log Φ changes from the asymptotic series to log(Φ), and from that to −Φ(−x). */
const LOG_NDTR_SEGMENTS: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  float32: [-10, 5],
  float64: [-20, 8],
};

function doubleFactorial(n: number): number {
  return n <= 1 ? 1 : n * doubleFactorial(n - 2);
}

function logNdtrTail(x: NdArray, order: number): NdArray {
  const square = lax.square(x);
  const scale = square
    .mul(-0.5)
    .sub(lax.log(lax.neg(x)))
    .sub(0.5 * Math.log(2 * Math.PI));
  if (order === 0) return scale;
  let even = constant(x, 0);
  let odd = constant(x, 0);
  let power = square;
  for (let n = 1; n <= order; n++) {
    const term = lax.div(doubleFactorial(2 * n - 1), power);
    if (n % 2 === 1) odd = odd.add(term);
    else even = even.add(term);
    power = power.mul(square);
  }
  return scale.add(lax.log(even.add(1).sub(odd)));
}

const logNdtrOfArray = customJvp(
  (order: number, x: NdArray): NdArray => {
    const [low, high] = LOG_NDTR_SEGMENTS[x.dtype] ?? [-10, 5];
    const above = x.greater(high);
    const distribution = ndtr(where(above, lax.neg(x), lax.max(x, low)));
    // The bound keeps the derivative of the branch not taken finite.
    const tail = logNdtrTail(lax.min(x, low), order);
    return where(above, lax.neg(distribution), where(x.greater(low), lax.log(distribution), tail));
  },
  { nondiffArgnums: [0] },
);
logNdtrOfArray.defJvp((order: number, [x]: [NdArray], [dx]: [NdArray]) => {
  const value = logNdtrOfArray(order, x);
  const logDensity = lax
    .square(x)
    .mul(-0.5)
    .sub(Math.log(Math.sqrt(2 * Math.PI)));
  return [value, dx.mul(lax.exp(logDensity.sub(value)))];
});

/**
 * log Φ(x), exact in both tails (`jax.scipy.special.log_ndtr`). `seriesOrder`: terms of the series far below, 0 to 30.
 */
export function logNdtr(x: ArrayLike, options: { readonly seriesOrder?: number } = {}): NdArray {
  const { seriesOrder = 3 } = options;
  if (!Number.isInteger(seriesOrder)) throw new WeftTypeError("series_order must be an integer.");
  if (seriesOrder < 0) throw new WeftValueError("series_order must be non-negative.");
  if (seriesOrder > 30) throw new WeftValueError("series_order must be <= 30.");
  return logNdtrOfArray(seriesOrder, singleOrDouble("log_ndtr", x));
}

/** ∫₀ᵃ exp(−h²(1 + u²)/2)/(1 + u²) du / 2π for 0 ≤ a ≤ 1, by quadrature over a last axis. */
function owensTQuadrature(h: NdArray, a: NdArray): NdArray {
  const row = (values: readonly number[]): NdArray => arrayFromData(values, h.dtype, [values.length]);
  const column = (x: NdArray): NdArray => reshape(x, [...x.shape, 1]);
  const r = column(lax.square(a)).mul(row(OWENS_T.nodes)).add(1);
  const integrand = lax.exp(column(lax.square(h)).mul(-0.5).mul(r)).div(r);
  return a.mul(sum(integrand.mul(row(OWENS_T.weights)), { axis: -1 }));
}

const owensTOfArrays = customJvp((h0: NdArray, a: NdArray): NdArray => {
  const h = lax.abs(h0);
  const magnitude = lax.abs(a);
  const normal = h.mul(Math.SQRT1_2);
  const inside = magnitude.lessEqual(1);
  const [modifiedA, modifiedH] = [
    where(inside, magnitude, lax.reciprocal(magnitude)),
    where(inside, h, magnitude.mul(h)),
  ];
  let result = owensTQuadrature(modifiedH, modifiedA);
  result = where(modifiedH.equal(0), arctan(modifiedA).div(2 * Math.PI), result);
  const scaled = modifiedH.mul(Math.SQRT1_2);
  result = where(modifiedA.equal(1), lax.erfc(lax.neg(scaled)).mul(lax.erfc(scaled)).mul(0.125), result);
  const product = magnitude.mul(normal);
  const [left, right] = [lax.erfc(normal), lax.erfc(product)];
  const central = lax.sub(0.25, lax.erf(normal).mul(lax.erf(product)).mul(0.25)).sub(result);
  const tails = left.add(right).sub(left.mul(right)).mul(0.25).sub(result);
  const outside = where(magnitude.mul(h).lessEqual(0.67), central, tails);
  result = lax.sign(a).mul(where(inside.logicalNot(), outside, result));
  return where(isnan(a).logicalOr(isnan(h)), Number.NaN, result);
});
owensTOfArrays.defJvp(([h, a], [dh, da]) => {
  const density = lax.exp(lax.square(h).mul(-0.5)).mul(lax.erf(a.mul(h).mul(Math.SQRT1_2)));
  const slopeH = density.div(-2 * Math.sqrt(2 * Math.PI));
  const factor = lax.square(a).add(1);
  const slopeA = lax.exp(factor.mul(lax.square(h)).mul(-0.5)).div(factor.mul(2 * Math.PI));
  return [owensTOfArrays(h, a), slopeH.mul(dh).add(slopeA.mul(da))];
});

/** Owen's T function (`jax.scipy.special.owens_t`). */
export function owensT(h: ArrayLike, a: ArrayLike): NdArray {
  const [x, y] = promoteArgsInexact("owens_t", h, a);
  return owensTOfArrays(x, y);
}
