/**
 * Special functions in double precision for the `evaluate` rules: the oracle that the math library (compiler/math)
 * is compared with, so nothing here shares an algorithm with it. About 1e-14 relative, except next to the zeros of
 * lgamma and digamma, where the error is absolute. Series and continued fractions are those of the NIST Digital
 * Library of Mathematical Functions (DLMF), whose equation numbers are given.
 */

const EULER_GAMMA = 0.5772156649015329;

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

/** sin(πx) with the reduction done exactly. */
function sinPi(x: number): number {
  const r = x - 2 * Math.round(x / 2);
  if (Math.abs(r) <= 0.25) return Math.sin(Math.PI * r);
  if (Math.abs(r) <= 0.75) return Math.sign(r) * Math.cos(Math.PI * (0.5 - Math.abs(r)));
  return Math.sign(r) * Math.sin(Math.PI * (1 - Math.abs(r)));
}

/** ζ(k) - 1 by Euler–Maclaurin with the first ten terms summed; k of at least 2. */
function zetaMinusOne(k: number): number {
  const n = 10;
  let sum = n ** (1 - k) / (k - 1) + 0.5 * n ** -k;
  const bernoulli = [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000];
  let rising = k;
  for (const [j, c] of bernoulli.entries()) {
    sum += c * rising * n ** (-k - 2 * j - 1);
    rising *= (k + 2 * j + 1) * (k + 2 * j + 2);
  }
  for (let m = n - 1; m >= 2; m--) sum += m ** -k;
  return sum;
}

/** ζ(2) - 1, ζ(3) - 1, … */
const ZETA_MINUS_ONE: readonly number[] = Array.from({ length: 60 }, (_, i) => zetaMinusOne(i + 2));

/** log Γ(2 + z) for |z| ≤ 0.6 (DLMF 5.7.3): accurate next to its zero as well. */
function lgammaNearTwo(z: number): number {
  let sum = 0;
  for (let k = 61; k >= 2; k--) sum += (ZETA_MINUS_ONE[k - 2] * (-z) ** k) / k;
  return (1 - EULER_GAMMA) * z + sum;
}

/** Coefficients B(2k) / (2k(2k-1)) of Stirling's series (DLMF 5.11.1). */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];

/** log |Γ(x)|; +∞ at the poles. */
export function lgamma(x: number): number {
  if (Number.isNaN(x)) return x;
  if (!Number.isFinite(x)) return Infinity;
  if (x <= 0 && Number.isInteger(x)) return Infinity;
  if (Math.abs(x) < 1e-9) return -Math.log(Math.abs(x)) - EULER_GAMMA * x;
  if (x < 0.5) {
    if (x > -0.5) return lgammaNearTwo(x) - Math.log(Math.abs(x)) - Math.log1p(x);
    return Math.log(Math.PI / Math.abs(sinPi(x))) - lgamma(1 - x);
  }
  if (x <= 1.5) return lgammaNearTwo(x - 1) - Math.log1p(x - 1);
  if (x < 15) {
    let product = 1;
    let y = x;
    while (y > 2.6) product *= --y;
    return lgammaNearTwo(y - 2) + Math.log(product);
  }
  let series = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) series = series / (x * x) + STIRLING[k];
  const log = Math.log(x);
  return x * (log - 1) - 0.5 * log + 0.5 * Math.log(2 * Math.PI) + series / x;
}

/** The logarithmic derivative of Γ; NaN at its poles, 0 and the negative integers, as XLA has it. */
export function digamma(x: number): number {
  if (x === Infinity) return x;
  if (!Number.isFinite(x) || (x <= 0 && Number.isInteger(x))) return NaN;
  if (x < 0) {
    const r = x - Math.round(x);
    // cot(πx) through the reduced argument; tan is odd with period 1 in x.
    return digamma(1 - x) - Math.PI / Math.tan(Math.PI * r);
  }
  let sum = 0;
  let y = x;
  while (y < 15) sum -= 1 / y++;
  // DLMF 5.11.2: ln y - 1/(2y) - Σ B(2k)/(2k y^2k)
  const c = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12];
  let series = 0;
  for (let k = c.length - 1; k >= 0; k--) series = (series + c[k]) / (y * y);
  return sum + Math.log(y) - 0.5 / y - series;
}

/** The derivative of digamma; +∞ at the poles. */
export function trigamma(x: number): number {
  if (Number.isNaN(x) || x === -Infinity) return NaN;
  if (x <= 0 && Number.isInteger(x)) return Infinity;
  if (x < 0) {
    const s = sinPi(x);
    return (Math.PI * Math.PI) / (s * s) - trigamma(1 - x);
  }
  let sum = 0;
  let y = x;
  while (y < 15) {
    sum += 1 / (y * y);
    y++;
  }
  // DLMF 5.15.8: 1/y + 1/(2y²) + Σ B(2k)/y^(2k+1)
  const c = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6];
  let series = 0;
  for (let k = c.length - 1; k >= 0; k--) series = (series + c[k]) / (y * y);
  return sum + (1 + 0.5 / y + series) / y;
}

/** pow with C's special cases, where JavaScript differs: 1^NaN and (±1)^±∞ are 1. */
export function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && Math.abs(y) === Infinity)) return 1;
  return x ** y;
}
