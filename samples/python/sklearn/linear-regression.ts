/** `sklearn.linear_model.LinearRegression`: least squares by the singular values of the centred data. */
import { type NdArray, numpy as np } from "weft";

export interface LinearRegressionOptions {
  /** Whether an intercept is fitted; without one the data are taken as centred. Default true. */
  readonly fitIntercept?: boolean;
}

export class LinearRegression {
  readonly #fitIntercept: boolean;
  #fitted: { coef: NdArray; intercept: NdArray; rank: number; singular: NdArray } | null = null;

  constructor({ fitIntercept = true }: LinearRegressionOptions = {}) {
    this.#fitIntercept = fitIntercept;
  }

  /** Fits f[n, features] to targets f[n], or to several, f[n, targets]. */
  fit(x: NdArray, y: NdArray): this {
    if (x.ndim !== 2) throw new Error(`Expected 2D array, got ${x.ndim}D array instead: reshape your data`);
    if (x.shape[0] !== y.shape[0]) {
      throw new Error(
        `Found input variables with inconsistent numbers of samples: [${x.shape[0]}, ${y.shape[0]}]`,
      );
    }
    const centre = (values: NdArray): NdArray =>
      this.#fitIntercept
        ? np.mean(values, { axis: 0 })
        : np.zeros(values.shape.slice(1), { dtype: values.dtype });
    const [xMean, yMean] = [centre(x), centre(y)];
    const [solution, , rank, singular] = np.linalg.lstsq(x.sub(xMean), y.sub(yMean));
    const coef = solution.T;
    const intercept = yMean.sub(np.dot(xMean, solution));
    this.#fitted = { coef, intercept, rank: Number(rank.item()), singular };
    return this;
  }

  /** f[features], or f[targets, features]. */
  get coef(): NdArray {
    return this.#parameters.coef;
  }

  /** A scalar, or f[targets]. */
  get intercept(): NdArray {
    return this.#parameters.intercept;
  }

  get rank(): number {
    return this.#parameters.rank;
  }

  /** Singular values of the centred data. */
  get singular(): NdArray {
    return this.#parameters.singular;
  }

  predict(x: NdArray): NdArray {
    return x.matmul(this.coef.T).add(this.intercept);
  }

  /** The coefficient of determination R² of the predictions; with several targets their mean. */
  score(x: NdArray, y: NdArray): number {
    const residual = np.sum(np.square(y.sub(this.predict(x))), { axis: 0 });
    const total = np.sum(np.square(y.sub(np.mean(y, { axis: 0 }))), { axis: 0 });
    return np.mean(np.subtract(1, residual.div(total))).item();
  }

  get #parameters() {
    if (this.#fitted === null) {
      throw new Error(
        "This LinearRegression instance is not fitted yet. Call 'fit' with appropriate arguments before using this estimator.",
      );
    }
    return this.#fitted;
  }
}
