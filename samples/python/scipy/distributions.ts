/** Tail probabilities and quantiles of `scipy.stats`, in float64, from the incomplete beta function. */
import { numpy as np, scipy } from "weft";

function regularizedBeta(a: number, b: number, x: number): number {
  const f64 = (value: number) => np.array(value, { dtype: "float64" });
  return scipy.special.betainc(f64(a), f64(b), f64(x)).item();
}

/** `stats.t.sf(t, df) * 2` for |t|: the probability of a distance from 0 of at least |t|. */
export function tTwoSided(t: number, df: number): number {
  return regularizedBeta(df / 2, 0.5, df / (df + t * t));
}

/** `stats.t.ppf(q, df)`: where the distribution function is q. */
export function tPpf(q: number, df: number): number {
  if (!(q > 0 && q < 1)) return q === 0 ? -Infinity : q === 1 ? Infinity : Number.NaN;
  const beyond = 2 * Math.min(q, 1 - q);
  // tTwoSided falls from 1 to 0; doubles are bisected until they are neighbours.
  let [low, high] = [0, 1];
  while (tTwoSided(high, df) > beyond) high *= 2;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return q < 0.5 ? -middle : middle;
    if (tTwoSided(middle, df) > beyond) low = middle;
    else high = middle;
  }
}

/** `stats.f.sf(f, dfn, dfd)` */
export function fSf(f: number, dfn: number, dfd: number): number {
  if (Number.isNaN(f)) return Number.NaN;
  return f > 0 ? regularizedBeta(dfd / 2, dfn / 2, dfd / (dfd + dfn * f)) : 1;
}

/** `stats.chi2.sf(x, 2)` */
export function chi2SfOf2(x: number): number {
  return Math.exp(-x / 2);
}
