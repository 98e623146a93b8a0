/**
 * `az.kde` with its defaults (arviz/stats/density_utils.py): a Gaussian kernel density estimate on a grid, by binning
 * and convolution, mirrored at the ends. The bandwidth is the mean of Silverman's and the improved Sheather–Jones rule
 * (Z. I. Botev, J. F. Grotowski and D. P. Kroese, "Kernel density estimation via diffusion", 2010).
 */
import { quantile, std, sum, type Vector } from "../numpy/reduce.ts";

export interface Density {
  readonly grid: Float64Array;
  readonly pdf: Float64Array;
  readonly bandwidth: number;
}

/** The density of finite draws that are not all equal. */
export function kde(draws: Vector, gridLength = 512): Density {
  const x = Float64Array.from(draws);
  const low = x.reduce((a, b) => Math.min(a, b));
  const high = x.reduce((a, b) => Math.max(a, b));
  if (!(high > low) || !Number.isFinite(high - low)) {
    throw new RangeError("kde: your data appears to have a single value or no finite values");
  }
  const counts = histogram(x, gridLength, low, high);
  const silverman = silvermanBandwidth(x);
  const bandwidth = 0.5 * (silverman + improvedSheatherJones(counts, x.length, high - low, silverman));

  const width = (high - low) / gridLength;
  const frequencies = counts.map((count) => count / width / x.length);
  const relative = bandwidth / width;
  const kernel = gaussianWindow(Math.max(1, Math.floor(relative * 2 * Math.PI)), relative);
  const scale = relative * Math.sqrt(2 * Math.PI);
  const pdf = convolveMirrored(frequencies, kernel).map((value) => value / scale);
  const grid = Float64Array.from({ length: gridLength }, (_, i) => low + (i + 0.5) * width);
  return { grid, pdf, bandwidth };
}

/** Counts in bins of equal width; the last bin holds its right end too. */
function histogram(x: Float64Array, bins: number, low: number, high: number): Float64Array {
  const counts = new Float64Array(bins);
  for (const value of x) {
    const bin = Math.min(Math.floor(((value - low) / (high - low)) * bins), bins - 1);
    counts[bin]!++;
  }
  return counts;
}

function silvermanBandwidth(x: Float64Array): number {
  const spread = Math.min(std(x), (quantile(x, 0.75) - quantile(x, 0.25)) / 1.34);
  return 0.9 * spread * x.length ** -0.2;
}

function improvedSheatherJones(counts: Float64Array, size: number, range: number, silverman: number): number {
  const coefficients = cosineTransform(counts.map((count) => count / size));
  const terms = counts.length - 2;
  const kSquared = Float64Array.from({ length: terms }, (_, i) => (i + 1) ** 2);
  const aSquared = Float64Array.from({ length: terms }, (_, i) => coefficients[i + 1]! ** 2);
  const root = bisect((t) => fixedPoint(t, size, kSquared, aSquared), 0, 0.01);
  return root === null || root <= 0 ? silverman : Math.sqrt(root) * range;
}

/** The discrete cosine transform (type II) of ArviZ, by its definition. */
function cosineTransform(x: Float64Array): Float64Array {
  const n = x.length;
  // cos(π k (2 j + 1) / 2 n) has the period 4 n in k (2 j + 1).
  const cosines = Float64Array.from({ length: 4 * n }, (_, i) => Math.cos((Math.PI * i) / (2 * n)));
  return x.map((_, k) => {
    let total = 0;
    for (let j = 0; j < n; j++) total += x[j]! * cosines[(k * (2 * j + 1)) % (4 * n)]!;
    return k === 0 ? total : 2 * total;
  });
}

/** t - ζ γ⁽⁷⁾(t), equation (30) of the paper. */
function fixedPoint(t: number, size: number, kSquared: Float64Array, aSquared: Float64Array): number {
  const functional = (power: number, time: number): number =>
    0.5 *
    Math.PI ** (2 * power) *
    sum(kSquared.map((k, i) => k ** power * aSquared[i]! * Math.exp(-k * Math.PI ** 2 * time)));
  let f = functional(7, t);
  for (let j = 6; j >= 2; j--) {
    const c1 = (1 + 0.5 ** (j + 0.5)) / 3;
    let c2 = 1 / Math.sqrt(Math.PI / 2);
    for (let odd = 1; odd <= 2 * j; odd += 2) c2 *= odd;
    f = functional(j, (c1 * (c2 / (size * f))) ** (2 / (3 + 2 * j)));
  }
  return t - (2 * size * Math.sqrt(Math.PI) * f) ** -0.4;
}

/** A zero between `low` and `high` to the last bit, or null where the signs at the ends are the same. */
function bisect(f: (t: number) => number, low: number, high: number): number | null {
  const atLow = f(low);
  if (Number.isNaN(atLow) || Math.sign(atLow) === Math.sign(f(high))) return null;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (Math.sign(f(middle)) === Math.sign(atLow)) low = middle;
    else high = middle;
  }
}

/** `scipy.signal.windows.gaussian(length, sd)` */
function gaussianWindow(length: number, sd: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.exp(-0.5 * ((i - (length - 1) / 2) / sd) ** 2));
}

/** Convolution of the size of f, of which a fifth is mirrored at both ends. */
function convolveMirrored(f: Float64Array, kernel: Float64Array): Float64Array {
  const pad = Math.floor(f.length / 5);
  const at = (i: number): number => {
    if (i < -pad || i >= f.length + pad) return 0;
    return f[i < 0 ? -1 - i : i >= f.length ? 2 * f.length - 1 - i : i]!;
  };
  const center = (kernel.length - 1) >> 1;
  return f.map((_, i) => {
    let total = 0;
    for (let j = 0; j < kernel.length; j++) total += kernel[j]! * at(i + center - j);
    return total;
  });
}
