/**
 * More special functions in double precision for the `evaluate` rules; see elementwise/special-functions.ts. About 1e-13 relative
 * for moderate arguments. Equation numbers are those of the NIST Digital Library of Mathematical Functions.
 */
import { digamma, lgamma } from "./gamma-functions.ts";

/** P(a, x) = xᵃ e⁻ˣ Σ xⁿ / Γ(a + n + 1), all terms positive (DLMF 8.11.4). */
function lowerSeries(a: number, x: number): number {
  let term = Math.exp(a * Math.log(x) - x - lgamma(a + 1));
  let sum = term;
  for (let n = 1; n < 100_000; n++) {
    term *= x / (a + n);
    sum += term;
    if (n > x && term < sum * 1e-18) break;
  }
  return sum;
}

/** Q(a, x) by the even part of the continued fraction DLMF 8.9.2, from its tail. */
function upperFraction(a: number, x: number): number {
  const depth = 400;
  let tail = x + 2 * depth + 1 - a;
  for (let n = depth; n >= 1; n--) tail = x + 2 * n - 1 - a - (n * (n - a)) / tail;
  return Math.exp(a * Math.log(x) - x - lgamma(a)) / tail;
}

function incompleteGamma(a: number, x: number, upper: boolean): number {
  if (!(a >= 0 && x >= 0) || (a === 0 && x === 0)) return NaN;
  const certain = (p: number): number => (upper ? 1 - p : p);
  if (x === Infinity || a === 0) return certain(1);
  if (x === 0 || a === Infinity) return certain(0);
  if (x < a + 1) return certain(lowerSeries(a, x));
  return upper ? upperFraction(a, x) : 1 - upperFraction(a, x);
}

/** The regularised incomplete gamma function P(a, x). */
export function igamma(a: number, x: number): number {
  return incompleteGamma(a, x, false);
}

/** 1 - P(a, x). */
export function igammac(a: number, x: number): number {
  return incompleteGamma(a, x, true);
}

/** ∂P(a, x)/∂a: the terms of the series, each times log x - ψ(a + n + 1). */
export function igammaGradA(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return NaN;
  if (x === 0) return 0;
  if (x === Infinity) return NaN;
  const log = Math.log(x);
  let term = Math.exp(a * log - x - lgamma(a + 1));
  let psi = digamma(a + 1);
  let sum = term * (log - psi);
  for (let n = 1; n < 100_000; n++) {
    term *= x / (a + n);
    psi += 1 / (a + n);
    sum += term * (log - psi);
    if (n > x && Math.abs(term * (log - psi)) < Math.abs(sum) * 1e-18) break;
  }
  return sum;
}

/** The derivative by a of a sample of Gamma(a) that is x: -(∂P/∂a) / (∂P/∂x). */
export function randomGammaGrad(a: number, x: number): number {
  if (x === 0 && a > 0) return 0;
  return -igammaGradA(a, x) / Math.exp((a - 1) * Math.log(x) - x - lgamma(a));
}

/** xᵃ(1-x)ᵇ/(a B(a, b)) · F(a + b, 1; a + 1; x), all terms positive (DLMF 8.17.8). */
function betaSeries(a: number, b: number, x: number): number {
  const logBeta = lgamma(a) + lgamma(b) - lgamma(a + b);
  let term = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta) / a;
  let sum = term;
  for (let n = 0; n < 100_000; n++) {
    term *= ((a + b + n) / (a + 1 + n)) * x;
    sum += term;
    if (term < sum * 1e-18) break;
  }
  return sum;
}

/** The regularised incomplete beta function I_x(a, b). */
export function betainc(a: number, b: number, x: number): number {
  const [aZero, bZero] = [a === 0 || b === Infinity, b === 0 || a === Infinity];
  if (!(a >= 0 && b >= 0 && x >= 0 && x <= 1) || (aZero && bZero)) return NaN;
  if ((bZero && x !== 1) || x === 0) return 0;
  if (aZero || x === 1) return 1;
  return x < (a + 1) / (a + b + 2) ? betaSeries(a, b, x) : 1 - betaSeries(b, a, 1 - x);
}

/** The Hurwitz zeta function: 24 terms, then the rest by the Euler–Maclaurin formula (DLMF 25.11.28). */
export function zeta(x: number, q: number): number {
  if (x === 1) return Infinity;
  if (Number.isNaN(x) || Number.isNaN(q)) return NaN;
  if (q <= 0 && Number.isInteger(q)) return x % 2 === 0 ? Infinity : NaN;
  if (x < 1 || (q <= 0 && !Number.isInteger(x))) return NaN;
  const terms = 24;
  let sum = 0;
  for (let n = terms - 1; n >= 0; n--) sum += (q + n) ** -x;
  const a = q + terms;
  const last = a ** -x;
  if (last === 0) return sum;
  sum += (last * a) / (x - 1) + 0.5 * last;
  const bernoulli = [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160];
  let rising = x;
  for (const [j, c] of bernoulli.entries()) {
    sum += c * rising * last * a ** (-2 * j - 1);
    rising *= (x + 2 * j + 1) * (x + 2 * j + 2);
  }
  return sum;
}

/** The derivative of digamma of order m, a natural number. */
export function polygamma(m: number, x: number): number {
  if (!(m >= 0 && Number.isInteger(m))) return NaN;
  if (m === 0) return digamma(x);
  return (m % 2 === 0 ? -1 : 1) * Math.exp(lgamma(m + 1)) * zeta(m + 1, x);
}

/** e^-|x| I_order(x): the power series (DLMF 10.25.2), from 40 on the asymptotic one (DLMF 10.40.1). */
function scaledBessel(order: 0 | 1, x: number): number {
  if (Number.isNaN(x)) return x;
  const magnitude = Math.abs(x);
  const sign = order === 1 && x < 0 ? -1 : 1;
  if (magnitude === Infinity) return 0 * sign;
  if (magnitude < 40) {
    const quarter = (magnitude * magnitude) / 4;
    let term = order === 0 ? 1 : magnitude / 2;
    let sum = term;
    for (let k = 1; k < 200 && term > sum * 1e-18; k++) {
      term *= quarter / (k * (k + order));
      sum += term;
    }
    return sign * sum * Math.exp(-magnitude);
  }
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 25; k++) {
    term *= -(4 * order * order - (2 * k - 1) ** 2) / (8 * k * magnitude);
    sum += term;
  }
  return (sign * sum) / (Math.sqrt(2 * Math.PI) * Math.sqrt(magnitude));
}

export function besselI0e(x: number): number {
  return scaledBessel(0, x);
}

export function besselI1e(x: number): number {
  return x === 0 ? x : scaledBessel(1, x);
}
