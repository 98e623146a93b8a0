/** `statsmodels.api.OLS`: ordinary least squares with all its statistics (statsmodels/regression/linear_model.py). */
import { type NdArray, numpy as np } from "weft";
import { mean, sum } from "../numpy/reduce.ts";
import { fSf, tPpf, tTwoSided } from "../scipy/distributions.ts";

/** Columns by name: n numbers each. */
export type Columns = Readonly<Record<string, NdArray>>;

/** The columns with one of ones before them (`sm.add_constant`). */
export function addConstant(columns: Columns): Columns {
  const [first] = Object.values(columns);
  if (first === undefined) throw new Error("addConstant: there are no columns");
  return { const: np.onesLike(first), ...columns };
}

/** The model `endog = exog · coefficients + noise`. `endog` is the only column of its frame: its name is printed. */
export class OLS {
  readonly endogName: string;
  readonly exogNames: readonly string[];
  readonly #endog: NdArray;
  readonly #exog: NdArray;

  constructor(endog: Columns, exog: Columns) {
    const [[endogName, y] = [], ...more] = Object.entries(endog);
    if (endogName === undefined || y === undefined || more.length > 0) {
      throw new Error(`OLS: one column of endog expected, got ${Object.keys(endog).length}`);
    }
    for (const [name, column] of Object.entries(exog)) {
      if (column.ndim !== 1 || column.length !== y.length) {
        throw new Error(
          `OLS: ${endogName} has ${y.length} elements, but ${name} has shape [${column.shape}]`,
        );
      }
    }
    this.endogName = endogName;
    this.exogNames = Object.keys(exog);
    this.#endog = y.astype("float64");
    this.#exog = np.stack(Object.values(exog), { axis: 1 }).astype("float64");
  }

  /** By the pseudo-inverse, as statsmodels does unless told otherwise. */
  fit(): OLSResults {
    const [nobs, terms] = this.#exog.shape as [number, number];
    const [u, s, vh] = np.linalg.svd(this.#exog, { fullMatrices: false });
    const singular = Array.from(s.dataSync(), Number);
    const largest = Math.max(...singular);
    const inverse = singular.map((value) => (value > 1e-15 * largest ? 1 / value : 0));
    const pinv = vh.T.mul(np.array(inverse, { dtype: "float64" })).matmul(u.T);
    const params = pinv.matmul(this.#endog);
    const covariance = pinv.matmul(pinv.T);
    const residuals = this.#endog.sub(this.#exog.matmul(params));
    const rank = singular.filter((value) => value > largest * terms * Number.EPSILON).length;
    const numbers = (x: NdArray): number[] => Array.from(x.dataSync(), Number);
    return new OLSResults({
      endogName: this.endogName,
      exogNames: this.exogNames,
      nobs,
      rank,
      hasConstant: this.#hasConstant(rank),
      params: numbers(params),
      normalizedVariances: numbers(np.diag(covariance)),
      residuals: numbers(residuals),
      endog: numbers(this.#endog),
      singularValues: singular,
    });
  }

  /** Whether a constant is a column, or a combination of columns. */
  #hasConstant(rank: number): boolean {
    const [nobs] = this.#exog.shape as [number];
    const ranges = np.ptp(this.#exog, { axis: 0 }).dataSync();
    const firstRow = this.#exog.slice(0).dataSync();
    if (ranges.some((range, i) => Number(range) === 0 && Number(firstRow[i]) !== 0)) return true;
    const augmented = np.concatenate([np.ones([nobs, 1], { dtype: "float64" }), this.#exog], 1);
    return Number(np.linalg.matrixRank(augmented).item()) === rank;
  }
}

interface Fitted {
  readonly endogName: string;
  readonly exogNames: readonly string[];
  readonly nobs: number;
  readonly rank: number;
  readonly hasConstant: boolean;
  readonly params: readonly number[];
  /** Of the coefficients, for noise of variance one. */
  readonly normalizedVariances: readonly number[];
  readonly residuals: readonly number[];
  readonly endog: readonly number[];
  readonly singularValues: readonly number[];
}

export class OLSResults {
  readonly endogName: string;
  readonly exogNames: readonly string[];
  readonly nobs: number;
  readonly hasConstant: boolean;
  readonly dfModel: number;
  readonly dfResid: number;
  /** The coefficients, in the order of `exogNames`, and the same for what follows. */
  readonly params: readonly number[];
  readonly bse: readonly number[];
  readonly tvalues: readonly number[];
  readonly pvalues: readonly number[];
  readonly residuals: readonly number[];
  /** Sum of squared residuals, and of squares about the mean (about zero without a constant). */
  readonly ssr: number;
  readonly tss: number;
  readonly rsquared: number;
  readonly rsquaredAdj: number;
  readonly fvalue: number;
  readonly fPvalue: number;
  readonly llf: number;
  readonly aic: number;
  readonly bic: number;
  readonly smallestEigenvalue: number;
  readonly conditionNumber: number;

  constructor(fitted: Fitted) {
    const { nobs, rank, params, residuals, endog } = fitted;
    const constant = fitted.hasConstant ? 1 : 0;
    this.endogName = fitted.endogName;
    this.exogNames = fitted.exogNames;
    this.nobs = nobs;
    this.hasConstant = fitted.hasConstant;
    this.dfModel = rank - constant;
    this.dfResid = nobs - rank;
    this.residuals = residuals;
    this.ssr = sum(residuals.map((e) => e * e));
    const origin = fitted.hasConstant ? mean(endog) : 0;
    this.tss = sum(endog.map((y) => (y - origin) ** 2));

    const scale = this.ssr / this.dfResid;
    this.params = params;
    this.bse = fitted.normalizedVariances.map((variance) => Math.sqrt(variance * scale));
    this.tvalues = params.map((coefficient, i) => coefficient / this.bse[i]!);
    this.pvalues = this.tvalues.map((t) => tTwoSided(t, this.dfResid));

    this.rsquared = 1 - this.ssr / this.tss;
    this.rsquaredAdj = 1 - ((nobs - constant) / this.dfResid) * (1 - this.rsquared);
    this.fvalue = (this.tss - this.ssr) / this.dfModel / scale;
    this.fPvalue = fSf(this.fvalue, this.dfModel, this.dfResid);
    this.llf = (-nobs / 2) * (Math.log(this.ssr) + 1 + Math.log((2 * Math.PI) / nobs));
    this.aic = -2 * this.llf + 2 * rank;
    this.bic = -2 * this.llf + Math.log(nobs) * rank;
    const smallest = Math.min(...fitted.singularValues);
    this.smallestEigenvalue = smallest ** 2;
    this.conditionNumber = smallest > 0 ? Math.max(...fitted.singularValues) / smallest : Infinity;
  }

  /** Intervals that hold the coefficients with probability 1 - alpha. */
  confInt(alpha = 0.05): [low: number, high: number][] {
    const quantile = tPpf(1 - alpha / 2, this.dfResid);
    return this.params.map((coefficient, i) => {
      const reach = quantile * this.bse[i]!;
      return [coefficient - reach, coefficient + reach];
    });
  }
}
