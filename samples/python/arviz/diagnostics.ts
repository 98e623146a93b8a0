/**
 * ArviZ's diagnostics of Markov chains (arviz/stats/diagnostics.py): rank-normalised split R-hat, effective sample
 * sizes and Monte-Carlo errors after A. Vehtari, A. Gelman, D. Simpson, B. Carpenter and P.-C. Bürkner,
 * "Rank-normalization, folding, and localization: an improved R-hat" (2021).
 */
import { numpy as np, scipy } from "weft";
import { mean, median, quantile, std, sum, type Vector, variance } from "../numpy/reduce.ts";

/** The draws of one number: a list of chains of the same length. */
export type Chains = readonly Vector[];

/** Fewer draws than this per chain say nothing. */
const MIN_DRAWS = 4;

/** The larger of the R-hats of location and of scale; NaN for a single chain. */
export function rhat(chains: Chains): number {
  if (!isValid(chains) || chains.length < 2) return Number.NaN;
  const center = median(flat(chains));
  const folded = mapChains(chains, (x) => Math.abs(x - center));
  return Math.max(plainRhat(zScale(splitChains(chains))), plainRhat(zScale(splitChains(folded))));
}

/** Effective sample size for the bulk of the distribution. */
export function essBulk(chains: Chains): number {
  return isValid(chains) ? ess(zScale(splitChains(chains))) : Number.NaN;
}

/** The smaller of the effective sample sizes of the 5 % and the 95 % quantile. */
export function essTail(chains: Chains): number {
  return Math.min(essQuantile(chains, 0.05), essQuantile(chains, 0.95));
}

export function essQuantile(chains: Chains, probability: number): number {
  if (!isValid(chains)) return Number.NaN;
  const bound = quantile(flat(chains), probability);
  return ess(splitChains(mapChains(chains, (x) => (x <= bound ? 1 : 0))));
}

/** Effective sample size for the mean. */
export function essMean(chains: Chains): number {
  return isValid(chains) ? ess(splitChains(chains)) : Number.NaN;
}

/** Monte-Carlo standard error of the mean. */
export function mcseMean(chains: Chains): number {
  return std(flat(chains), 1) / Math.sqrt(essMean(chains));
}

/** Monte-Carlo standard error of the standard deviation. */
export function mcseSd(chains: Chains): number {
  const center = mean(flat(chains));
  const squares = mapChains(chains, (x) => (x - center) ** 2);
  const expected = mean(flat(squares));
  const fourth = mean(flat(mapChains(squares, (x) => x * x)));
  return Math.sqrt((fourth - expected * expected) / essMean(squares) / expected / 4);
}

/** The narrowest interval that holds the share `probability` of the draws. */
export function hdi(chains: Chains, probability = 0.94): [low: number, high: number] {
  const order = flat(chains).sort();
  const width = Math.floor(probability * order.length);
  let best = 0;
  for (let i = 1; i < order.length - width; i++) {
    if (order[i + width]! - order[i]! < order[best + width]! - order[best]!) best = i;
  }
  return [order[best]!, order[best + width]!];
}

/** All draws, chain after chain. */
export function flat(chains: Chains): Float64Array {
  return Float64Array.from(chains.flatMap((chain) => Array.from(chain)));
}

/** Effective sample size from the autocorrelations, by Geyer's initial monotone sequence. */
function ess(chains: Chains): number {
  const draws = chains[0]!.length;
  const total = chains.length * draws;
  const values = flat(chains);
  if (extent(values) < Number.EPSILON) return total;

  const covariance = autocovariances(chains);
  const within = (covariance(0) * draws) / (draws - 1);
  const between = chains.length > 1 ? variance(chains.map(mean), 1) : 0;
  const pooled = (within * (draws - 1)) / draws + between;
  const correlation = (lag: number): number => 1 - (within - covariance(lag)) / pooled;

  const rho = new Float64Array(draws);
  let even = 1;
  let odd = correlation(1);
  rho[0] = even;
  rho[1] = odd;
  let t = 1;
  for (; t < draws - 3 && even + odd > 0; t += 2) {
    even = correlation(t + 1);
    odd = correlation(t + 2);
    if (even + odd >= 0) {
      rho[t + 1] = even;
      rho[t + 2] = odd;
    }
  }
  const last = t - 2;
  if (even > 0) rho[last + 1] = even;
  for (t = 1; t <= last - 2; t += 2) {
    const before = rho[t - 1]! + rho[t]!;
    if (rho[t + 1]! + rho[t + 2]! > before) rho[t + 1] = rho[t + 2] = before / 2;
  }
  const tau = -1 + 2 * sum(rho.subarray(0, last + 1)) + sum(rho.subarray(last + 1, last + 2));
  return total / Math.max(tau, 1 / Math.log10(total));
}

/** The autocovariance at a lag, as mean over the chains. Only the few lags that are asked for are computed. */
function autocovariances(chains: Chains): (lag: number) => number {
  const centered = chains.map((chain) => {
    const center = mean(chain);
    return Float64Array.from(chain, (x) => x - center);
  });
  return (lag) =>
    mean(
      centered.map((chain) => {
        let total = 0;
        for (let i = lag; i < chain.length; i++) total += chain[i]! * chain[i - lag]!;
        return total / chain.length;
      }),
    );
}

function plainRhat(chains: Chains): number {
  const draws = chains[0]!.length;
  const between = draws * variance(chains.map(mean), 1);
  const within = mean(chains.map((chain) => variance(chain, 1)));
  return Math.sqrt((between / within + draws - 1) / draws);
}

/** The first and the second half of every chain. */
function splitChains(chains: Chains): Float64Array[] {
  const halves = (chain: Vector): [Float64Array, Float64Array] => {
    const values = Float64Array.from(chain);
    const half = values.length >> 1;
    return [values.subarray(0, half), values.subarray(values.length - half)];
  };
  const split = chains.map(halves);
  return [...split.map(([first]) => first), ...split.map(([, second]) => second)];
}

/** Normal scores of the ranks, with Blom's offset of 3/8. */
function zScale(chains: Chains): Float64Array[] {
  const draws = chains[0]!.length;
  const values = np.array(flat(chains));
  const probabilities = scipy.stats
    .rankdata(values)
    .astype("float64")
    .sub(3 / 8)
    .div(values.size + 1 / 4);
  const scores = Float64Array.from(scipy.special.ndtri(probabilities).dataSync());
  return chains.map((_, i) => scores.subarray(i * draws, (i + 1) * draws));
}

function mapChains(chains: Chains, f: (x: number) => number): Float64Array[] {
  return chains.map((chain) => Float64Array.from(chain, f));
}

function extent(values: Float64Array): number {
  return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));
}

function isValid(chains: Chains): boolean {
  const draws = chains[0]?.length ?? 0;
  if (chains.some((chain) => chain.length !== draws)) {
    throw new RangeError(`chains of different lengths: ${chains.map((chain) => chain.length).join(", ")}`);
  }
  return draws >= MIN_DRAWS && flat(chains).every(Number.isFinite);
}
