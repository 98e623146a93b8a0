/**
 * Special functions in double precision for the `evaluate` rules: the oracle that the math library (compiler/math)
 * is compared with, so nothing here shares an algorithm with it. About 1e-14 relative. Series and continued fractions are
 * those of the NIST Digital Library of Mathematical Functions (DLMF), whose equation numbers are given.
 */

/** exp(-x²) without the error that squaring puts into the exponent: x² = h² + (x - h)(x + h), h² exact. */
function expMinusSquare(x: number): number {
  const h = Math.fround(x);
  // The two exponents cannot be added first: that would round again.
  return Math.exp(-h * h) * Math.exp(-(x - h) * (x + h));
}

/** DLMF 7.6.2: a series of positive terms, for |x| up to about 3. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 200 && Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * expMinusSquare(x) * sum;
}

/** DLMF 7.9.1 as a continued fraction from the tail, for x of at least 1. */
function erfcFraction(x: number): number {
  let tail = x;
  for (let n = 240; n >= 1; n--) tail = x + n / 2 / tail;
  return expMinusSquare(x) / (Math.sqrt(Math.PI) * tail);
}

export function erf(x: number): number {
  if (Number.isNaN(x) || x === 0) return x;
  const magnitude = Math.abs(x);
  if (magnitude > 6) return Math.sign(x);
  return magnitude < 2 ? erfSeries(x) : Math.sign(x) * (1 - erfcFraction(magnitude));
}

export function erfc(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < 1) return x < -6 ? 2 : 1 - erf(x);
  return x > 28 ? 0 : erfcFraction(x);
}

/** Inverse of erf by Halley's iteration on erf, or on erfc where y is near ±1. */
export function erfInv(y: number): number {
  const magnitude = Math.abs(y);
  if (!(magnitude <= 1)) return NaN;
  if (y === 0) return y;
  if (magnitude === 1) return y * Infinity;
  // Winitzki's approximation to start from, relative error 2e-3.
  const log = Math.log1p(-magnitude * magnitude);
  const half = 2 / (Math.PI * 0.147) + log / 2;
  let x = Math.sqrt(Math.max(Math.sqrt(half * half - log / 0.147) - half, 0));
  if (magnitude < 1e-3) x = (magnitude * Math.sqrt(Math.PI)) / 2;
  for (let i = 0; i < 6; i++) {
    const error = magnitude < 0.75 ? erf(x) - magnitude : 1 - magnitude - erfc(x);
    const step = error / ((2 / Math.sqrt(Math.PI)) * expMinusSquare(x));
    x -= step / (1 + x * step);
  }
  return Math.sign(y) * x;
}

/** pow with C's special cases, where JavaScript differs: 1^NaN and (±1)^±∞ are 1. */
export function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  return x ** y;
}
