/** Density estimates with Gaussian kernels. */
import { type ArrayLike, type NdArray, UnsupportedError, WeftValueError } from "../../core/index.ts";
import * as lax from "../../lax/elementwise.ts";
import { cholesky, diagonalOf, triangularSolve } from "../../lax/linalg.ts";
import { expandDims, indexInDim, reshape, squeeze } from "../../lax/movement.ts";
import { inv } from "../../numpy/linalg/solving.ts";
import { promoteDTypesInexact, toArray } from "../../numpy/promotion.ts";
import { prod, sum } from "../../numpy/reductions.ts";
import { cov } from "../../numpy/statistics.ts";
import { take } from "../../numpy/take.ts";
import { choice } from "../../random/discrete.ts";
import { type KeyLike, splitWords } from "../../random/keys.ts";
import { normal } from "../../random/normal.ts";
import { registerPytreeNode } from "../../tree/tree.ts";
import { ndtr } from "../special/error-function.ts";
import { logsumexp } from "../special/logarithmic.ts";

/** A rule for the width of the kernels, its factor, or a function of the estimate. */
export type BandwidthMethod = "scott" | "silverman" | number | NdArray | ((kde: GaussianKde) => ArrayLike);

/** Options of `GaussianKde` and `gaussianKde`. */
export interface KdeOptions {
  /** Default "scott". */
  readonly bwMethod?: BandwidthMethod | null;
  /** Weights of the points: [n]. Default: equal ones. */
  readonly weights?: ArrayLike | null;
}

interface Parts {
  readonly neff: NdArray;
  readonly dataset: NdArray;
  readonly weights: NdArray;
  readonly covariance: NdArray;
  readonly invCov: NdArray;
}

/** At least two axes, the new one first. */
function rows(x: NdArray): NdArray {
  return x.ndim >= 2 ? x : reshape(x, [1, x.size]);
}

/** A density estimated from points dataset[d, n], or [n] (`jax.scipy.stats.gaussian_kde`). A node of trees. */
export class GaussianKde {
  /** The number of points that weigh as much as these. */
  neff!: NdArray;
  dataset!: NdArray;
  weights!: NdArray;
  covariance!: NdArray;
  invCov!: NdArray;

  /** Throws WeftValueError for fewer than two points, or weights of another length. */
  constructor(dataset: ArrayLike, options: KdeOptions = {}) {
    const { bwMethod, weights: given } = options;
    const points = rows(toArray("gaussian_kde", dataset));
    if (points.size <= 1) throw new WeftValueError("`dataset` input should have multiple elements.");
    const [d, n] = points.shape;
    const [data, raw] = promoteDTypesInexact("gaussian_kde", points, given ?? 1);
    if ((given ?? null) !== null) {
      if (raw.ndim !== 1) throw new WeftValueError("`weights` input should be one-dimensional.");
      if (raw.size !== n) throw new WeftValueError("`weights` input should be of length n");
    }
    const weights =
      (given ?? null) === null
        ? data
            .slice(0)
            .mul(0)
            .add(1 / n)
        : raw.div(sum(raw));
    this.dataset = data;
    this.weights = weights;
    this.neff = lax.reciprocal(sum(lax.square(weights)));
    const factor = this.bandwidth(bwMethod ?? "scott", d);
    const covariance = reshape(cov(data, { aweights: weights }), [d, d]);
    this.covariance = covariance.mul(lax.square(factor));
    this.invCov = inv(covariance).div(lax.square(factor));
  }

  private bandwidth(method: BandwidthMethod, d: number): NdArray {
    if (method === "scott") return lax.pow(this.neff, -1 / (d + 4));
    if (method === "silverman") return lax.pow(this.neff.mul((d + 2) / 4), -1 / (d + 4));
    if (typeof method === "string") {
      throw new WeftValueError("`bw_method` should be 'scott', 'silverman', a scalar, or a callable.");
    }
    return toArray("gaussian_kde", typeof method === "function" ? method(this) : method);
  }

  /** An estimate from its parts, as trees put it together. */
  static fromParts(parts: Parts): GaussianKde {
    return Object.assign(Object.create(GaussianKde.prototype) as GaussianKde, parts);
  }

  /** Dimension of the points. */
  get d(): number {
    return this.dataset.shape[0];
  }
  /** Number of points. */
  get n(): number {
    return this.dataset.shape[1];
  }

  private points(x: ArrayLike): NdArray {
    const points = rows(toArray("gaussian_kde.evaluate", x));
    const [d, m] = points.shape;
    if (d === this.d) return points;
    if (d === 1 && m === this.d) return reshape(points, [this.d, 1]);
    throw new WeftValueError(`points have dimension ${d}, dataset has dimension ${this.d}`);
  }

  /** Logarithms of the kernels: [points of x, points of the dataset]. */
  private kernels(x: ArrayLike): NdArray {
    const whitening = cholesky(this.invCov);
    const [data, points] = promoteDTypesInexact("gaussian_kde", this.dataset, this.points(x));
    const [white, whiteX] = [data.T.matmul(whitening), points.T.matmul(whitening)];
    const norm = sum(lax.log(diagonalOf(whitening))).sub(0.5 * this.d * Math.log(2 * Math.PI));
    const differences = expandDims(whiteX, [1]).sub(expandDims(white, [0]));
    return norm.sub(sum(lax.square(differences), { axis: -1 }).mul(0.5));
  }

  /** The density at x[d, m], or [m]: [m]. */
  evaluate(x: ArrayLike): NdArray {
    return sum(lax.exp(this.kernels(x)).mul(this.weights), { axis: -1 });
  }

  /** The density, as `evaluate`. */
  pdf(x: ArrayLike): NdArray {
    return this.evaluate(x);
  }

  /** Logarithm of the density. */
  logpdf(x: ArrayLike): NdArray {
    return logsumexp(this.kernels(x).add(lax.log(this.weights)), { axis: -1 });
  }

  /** exp(−½ yᵀ C⁻¹ y)/√det(2πC), for the columns y of `differences`[d, …], C = factor·factorᵀ. */
  private convolve(factor: NdArray, differences: NdArray): NdArray {
    const solved = triangularSolve(factor, differences, { leftSide: true, lower: true });
    const scale = prod(diagonalOf(factor)).mul(Math.sqrt(2 * Math.PI) ** this.d);
    return lax.exp(sum(lax.square(solved), { axis: 0 }).mul(-0.5)).div(scale);
  }

  /** The integral of the density times a normal one of mean[d] and cov[d, d]. */
  integrateGaussian(mean: ArrayLike, covariance: ArrayLike): NdArray {
    const given = toArray("integrate_gaussian", mean);
    const center = reshape(given, [given.size]);
    const c = rows(toArray("integrate_gaussian", covariance));
    if (center.size !== this.d) throw new WeftValueError(`mean does not have dimension ${this.d}`);
    if (c.shape[0] !== this.d || c.shape[1] !== this.d) {
      throw new WeftValueError(`covariance does not have dimension ${this.d}`);
    }
    const factor = cholesky(this.covariance.add(c));
    const kernels = this.convolve(factor, this.dataset.sub(expandDims(center, [1])));
    return sum(kernels.mul(this.weights));
  }

  /** The integral of the density from low to high, for points of one dimension. */
  integrateBox1d(low: ArrayLike, high: ArrayLike): NdArray {
    if (this.d !== 1) throw new WeftValueError("integrate_box_1d() only handles 1D pdfs");
    const sigma = squeeze(lax.sqrt(this.covariance), [0, 1]);
    const data = squeeze(this.dataset, [0]);
    const below = (limit: ArrayLike): NdArray => {
      const end = toArray("integrate_box_1d", limit);
      if (end.ndim !== 0) {
        throw new WeftValueError("the limits of integration in integrate_box_1d must be scalars");
      }
      return ndtr(end.sub(data).div(sigma));
    };
    return sum(this.weights.mul(below(high).sub(below(low))));
  }

  /** The integral of the product with another estimate of the same dimension. */
  integrateKde(other: GaussianKde): NdArray {
    if (other.d !== this.d) throw new WeftValueError("KDEs are not the same dimensionality");
    const factor = cholesky(this.covariance.add(other.covariance));
    const differences = expandDims(this.dataset, [2]).sub(expandDims(other.dataset, [1]));
    const kernels = reshape(this.convolve(factor, reshape(differences, [this.d, this.n * other.n])), [
      this.n,
      other.n,
    ]);
    return sum(kernels.mul(expandDims(this.weights, [1])).mul(other.weights));
  }

  /** Random points [d, …shape] from the estimated density. */
  resample(key: KeyLike, shape: readonly number[] = []): NdArray {
    const words = splitWords("resample", key, [2]);
    const [indexKey, noiseKey] = [0, 1].map((i) => indexInDim(words, i, { keepdims: false }));
    const index = choice(indexKey, this.n, shape, { p: this.weights });
    const noise = normal(noiseKey, [...shape, this.d], { dtype: this.dataset.dtype });
    const scaled = noise.matmul(cholesky(this.covariance).T);
    return take(this.dataset, index, { axis: 1 }).add(scaled.T);
  }

  /** Always throws UnsupportedError, as in JAX: use `integrateBox1d`. */
  integrateBox(): never {
    throw new UnsupportedError("only 1D box integrations are supported; use `integrate_box_1d`");
  }

  /** Always throws UnsupportedError, as in JAX: give `bwMethod` to the constructor. */
  setBandwidth(): never {
    throw new UnsupportedError("dynamically changing the bandwidth method is not supported");
  }
}

registerPytreeNode(
  GaussianKde,
  ({ neff, dataset, weights, covariance, invCov }) => ({
    children: [neff, dataset, weights, covariance, invCov],
    keys: ["neff", "dataset", "weights", "covariance", "invCov"],
  }),
  // Trees are rebuilt with whatever stands for an array: types and axes too.
  (children) => {
    const [neff, dataset, weights, covariance, invCov] = children as NdArray[];
    return GaussianKde.fromParts({ neff, dataset, weights, covariance, invCov });
  },
);

/** A density estimated from points[d, n], or [n] (`jax.scipy.stats.gaussian_kde`). */
export function gaussianKde(dataset: ArrayLike, options: KdeOptions = {}): GaussianKde {
  return new GaussianKde(dataset, options);
}
