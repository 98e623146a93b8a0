/** Moments and the tests of normality of `scipy.stats` and `statsmodels.stats.stattools`. */
import { mean, sum, type Vector } from "../numpy/reduce.ts";
import { chi2SfOf2 } from "./distributions.ts";

export interface TestResult {
  readonly statistic: number;
  readonly pvalue: number;
}

function centralMoment(x: Vector, order: number): number {
  const center = mean(x);
  return mean(Array.from(x, (value) => (value - center) ** order));
}

/** `stats.skew(x)` */
export function skew(x: Vector): number {
  return centralMoment(x, 3) / centralMoment(x, 2) ** 1.5;
}

/** `stats.kurtosis(x, fisher=False)`: 3 for a normal distribution. */
export function kurtosis(x: Vector): number {
  return centralMoment(x, 4) / centralMoment(x, 2) ** 2;
}

/** The score of `stats.skewtest`: R. B. D'Agostino (1970). */
function skewScore(x: Vector): number {
  const n = x.length;
  const y = skew(x) * Math.sqrt(((n + 1) * (n + 3)) / (6 * (n - 2)));
  const beta2 = (3 * (n ** 2 + 27 * n - 70) * (n + 1) * (n + 3)) / ((n - 2) * (n + 5) * (n + 7) * (n + 9));
  const w2 = -1 + Math.sqrt(2 * (beta2 - 1));
  const delta = 1 / Math.sqrt(0.5 * Math.log(w2));
  const alpha = Math.sqrt(2 / (w2 - 1));
  const scaled = (y === 0 ? 1 : y) / alpha;
  return delta * Math.log(scaled + Math.sqrt(scaled ** 2 + 1));
}

/** The score of `stats.kurtosistest`: F. J. Anscombe and W. J. Glynn (1983). */
function kurtosisScore(x: Vector): number {
  const n = x.length;
  const expected = (3 * (n - 1)) / (n + 1);
  const variance = (24 * n * (n - 2) * (n - 3)) / ((n + 1) ** 2 * (n + 3) * (n + 5));
  const standardized = (kurtosis(x) - expected) / Math.sqrt(variance);
  const rootBeta1 =
    ((6 * (n ** 2 - 5 * n + 2)) / ((n + 7) * (n + 9))) *
    Math.sqrt((6 * (n + 3) * (n + 5)) / (n * (n - 2) * (n - 3)));
  const a = 6 + (8 / rootBeta1) * (2 / rootBeta1 + Math.sqrt(1 + 4 / rootBeta1 ** 2));
  const denominator = 1 + standardized * Math.sqrt(2 / (a - 4));
  const root = Math.sign(denominator) * Math.cbrt((1 - 2 / a) / Math.abs(denominator));
  return (1 - 2 / (9 * a) - root) / Math.sqrt(2 / (9 * a));
}

/** `omni_normtest(x)`, which is `stats.normaltest`; NaN for fewer than eight values. */
export function omnibusTest(x: Vector): TestResult {
  if (x.length < 8) return { statistic: Number.NaN, pvalue: Number.NaN };
  const statistic = skewScore(x) ** 2 + kurtosisScore(x) ** 2;
  return { statistic, pvalue: chi2SfOf2(statistic) };
}

/** `jarque_bera(x)` */
export function jarqueBera(x: Vector): TestResult {
  const statistic = (x.length / 6) * (skew(x) ** 2 + (kurtosis(x) - 3) ** 2 / 4);
  return { statistic, pvalue: chi2SfOf2(statistic) };
}

/** `durbin_watson(x)`: about 2 where neighbours are not correlated. */
export function durbinWatson(x: Vector): number {
  const differences = Array.from({ length: x.length - 1 }, (_, i) => (x[i + 1]! - x[i]!) ** 2);
  return sum(differences) / sum(Array.from(x, (value) => value ** 2));
}
