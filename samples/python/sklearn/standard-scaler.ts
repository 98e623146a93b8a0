import { sumColumns } from "../numpy/sum-columns.ts";
import { type Matrix, zeros } from "./matrix.ts";

export interface StandardScalerOptions {
  readonly withMean?: boolean;
  readonly withStd?: boolean;
}

interface Fit {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly scale: Float64Array;
}

/**
 * `sklearn.preprocessing.StandardScaler`: takes each feature's mean from it and divides by its standard deviation.
 * Missing values (NaN) are disregarded by `fit` and kept by `transform`.
 */
export class StandardScaler {
  readonly #withMean: boolean;
  readonly #withStd: boolean;
  #fit: Fit | null = null;

  constructor({ withMean = true, withStd = true }: StandardScalerOptions = {}) {
    this.#withMean = withMean;
    this.#withStd = withStd;
  }

  /** Finds means and variances by two passes with a correction (Chan, Golub and LeVeque, 1983). */
  fit(x: Matrix): this {
    const { columns, data } = x;
    if (x.rows === 0) throw new RangeError("Found array with 0 sample(s) while a minimum of 1 is required.");
    const present = data.map((value) => (Number.isNaN(value) ? 0 : 1));
    const counts = sumColumns(present, columns);
    const sumPresent = (values: Float64Array): Float64Array =>
      sumColumns(
        values.map((value) => (Number.isNaN(value) ? 0 : value)),
        columns,
      );
    const mean = sumPresent(data).map((sum, j) => sum / counts[j]!);
    const centred = data.map((value, i) => value - mean[i % columns]!);
    const correction = sumPresent(centred);
    const variance = sumPresent(centred.map((value) => value * value)).map(
      (sum, j) => (sum - correction[j]! ** 2 / counts[j]!) / counts[j]!,
    );
    // A feature whose variance is nothing but rounding is constant, and is not divided by it.
    const eps = Number.EPSILON;
    const scale = variance.map((each, j) => {
      const bound = counts[j]! * eps * each + (counts[j]! * mean[j]! * eps) ** 2;
      return each <= bound ? 1 : Math.sqrt(each);
    });
    this.#fit = { mean, variance, scale };
    return this;
  }

  transform(x: Matrix): Matrix {
    const { mean, scale } = this.#fitted(x);
    return this.#map(x, (value, j) => {
      const centred = this.#withMean ? value - mean[j]! : value;
      return this.#withStd ? centred / scale[j]! : centred;
    });
  }

  fitTransform(x: Matrix): Matrix {
    return this.fit(x).transform(x);
  }

  inverseTransform(x: Matrix): Matrix {
    const { mean, scale } = this.#fitted(x);
    return this.#map(x, (value, j) => {
      const scaled = this.#withStd ? value * scale[j]! : value;
      return this.#withMean ? scaled + mean[j]! : scaled;
    });
  }

  /** scikit-learn's `mean_`. */
  get mean(): Float64Array {
    return this.#fitted().mean;
  }

  /** scikit-learn's `var_`. */
  get variance(): Float64Array {
    return this.#fitted().variance;
  }

  /** scikit-learn's `scale_`. */
  get scale(): Float64Array {
    return this.#fitted().scale;
  }

  #fitted(x?: Matrix): Fit {
    if (this.#fit === null) {
      throw new Error(
        "This StandardScaler instance is not fitted yet. Call 'fit' with appropriate arguments before using this " +
          "estimator.",
      );
    }
    const expected = this.#fit.mean.length;
    if (x !== undefined && x.columns !== expected) {
      throw new RangeError(
        `X has ${x.columns} features, but StandardScaler is expecting ${expected} features as input.`,
      );
    }
    return this.#fit;
  }

  #map(x: Matrix, f: (value: number, column: number) => number): Matrix {
    const mapped = zeros(x.rows, x.columns);
    x.data.forEach((value, i) => {
      mapped.data[i] = f(value, i % x.columns);
    });
    return mapped;
  }
}
