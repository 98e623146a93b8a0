/**
 * The gamma function and its derivatives in double precision for the `evaluate` rules; see
 * elementwise/special-functions.ts. About 1e-14 relative, except next to the zeros of lgamma and digamma, where the error
 * is absolute.
 */

const EULER_GAMMA = 0.5772156649015329;

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
