/** samples/python/statsmodels and LinearRegression against the originals. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type NdArray, numpy as np } from "weft";
import { makeObservations } from "../samples/linear-regression/dataset.ts";
import { defaultRng } from "../samples/python/numpy/default-rng.ts";
import { fSf, tPpf } from "../samples/python/scipy/distributions.ts";
import { LinearRegression } from "../samples/python/sklearn/linear-regression.ts";
import { addConstant, type Columns, OLS } from "../samples/python/statsmodels/ols.ts";
import { summary } from "../samples/python/statsmodels/summary.ts";
import golden from "./golden/samples/least-squares.json" with { type: "json" };
import { flat } from "./helpers/close.ts";

type Case = readonly [endog: Columns, exog: Columns];

const { xObs, yObsNoisy } = makeObservations();
const column = (x: NdArray, i: number): NdArray => x.slice(":", i);

function cases(): Record<keyof typeof golden.cases, Case> {
  const document = { x0: column(xObs, 0), x1: column(xObs, 1) };
  const first = (x: NdArray): NdArray => x.slice([0, 6]);
  const z = defaultRng(3).normal(0, 1, [30, 4]);
  const [a, b, c, noise] = [0, 1, 2, 3].map((i) => column(z, i)) as [NdArray, NdArray, NdArray, NdArray];
  const y = a.add(b.mul(2)).add(c.mul(3)).add(noise.pow(3));
  const other = { a, "a quite long predictor name": b, b: c };
  return {
    document: [{ y: column(yObsNoisy, 0) }, addConstant(document)],
    few: [
      { y: first(column(yObsNoisy, 0)) },
      addConstant({ x0: first(document.x0), x1: first(document.x1) }),
    ],
    "long names": [{ "a very long response name indeed": y }, addConstant(other)],
    "no constant": [{ "a very long response name indeed": y }, other],
    scaled: [{ y: y.mul(1e6) }, addConstant({ a: a.mul(1e5), b: b.mul(1e-3), c })],
    dependent: [{ y }, addConstant({ a, b, c: a.sub(b) })],
  };
}

function near(actual: readonly number[], expected: readonly number[], tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (const [i, value] of expected.entries()) {
    assert.ok(
      Math.abs(actual[i]! - value) <= tolerance * Math.max(1e-300, Math.abs(value)),
      `${what}: ${actual[i]}, expected ${value}`,
    );
  }
}

describe("OLS as statsmodels has it", () => {
  const now = new Date(2024, 1, 9, 8, 5, 3);
  for (const [name, [endog, exog]] of Object.entries(cases())) {
    test(name, () => {
      const expected = golden.cases[name as keyof typeof golden.cases];
      const results = new OLS(endog, exog).fit();
      near(results.params, expected.params, 1e-9, "params");
      near(results.bse, expected.bse, 1e-9, "bse");
      near(results.pvalues, expected.pvalues, 1e-7, "pvalues");
      near(results.confInt().flat(), expected.confInt.flat(), 1e-8, "confInt");
      const { ssr, rsquared, rsquaredAdj, fvalue, fPvalue, llf, aic, bic } = results;
      near(
        [ssr, rsquared, rsquaredAdj, fvalue, llf, aic, bic],
        [
          expected.ssr,
          expected.rsquared,
          expected.rsquared_adj,
          expected.fvalue,
          expected.llf,
          expected.aic,
          expected.bic,
        ],
        1e-9,
        "statistics",
      );
      near([fPvalue], [expected.f_pvalue], 1e-8, "f_pvalue");
      const text = (lines: string): string =>
        // What is rounding error alone differs between machines.
        name === "dependent" ? lines.replace(/(Cond\. No\.|eigenvalue is) +\S+/g, "$1 …") : lines;
      assert.equal(text(summary(results, now)), text(expected.summary));
    });
  }

  test("quantiles of t and tails of F", () => {
    for (const [q, df, expected] of golden.distributions.t) {
      near([tPpf(q!, df!)], [expected!], 1e-9, `t.ppf(${q}, ${df})`);
    }
    for (const [f, a, b, expected] of golden.distributions.f) {
      near([fSf(f!, a!, b!)], [expected!], 1e-10, `f.sf(${f}, ${a}, ${b})`);
    }
  });

  test("columns that do not fit are refused", () => {
    assert.throws(
      () => new OLS({ y: np.zeros([3]) }, { x: np.zeros([4]) }),
      /y has 3 elements, but x has shape \[4\]/,
    );
    assert.throws(() => new OLS({}, { x: np.zeros([4]) }), /one column of endog expected, got 0/);
  });
});

describe("LinearRegression as scikit-learn has it", () => {
  const expected = golden.sklearn;

  test("with an intercept, for a column of targets", () => {
    const model = new LinearRegression().fit(xObs, yObsNoisy);
    assert.deepEqual(model.coef.shape, [1, 2]);
    near(flat(model.coef), expected.coef.flat(), 1e-10, "coef_");
    near(flat(model.intercept), expected.intercept, 1e-10, "intercept_");
    assert.equal(model.rank, expected.rank);
    near(flat(model.singular), expected.singular, 1e-10, "singular_");
    near([model.score(xObs, yObsNoisy)], [expected.score], 1e-12, "score");
    near(flat(model.predict(xObs.slice([0, 3]))), expected.predict.flat(), 1e-10, "predict");
  });

  test("without one, for a vector of targets", () => {
    const targets = column(yObsNoisy, 0);
    const model = new LinearRegression({ fitIntercept: false }).fit(xObs, targets);
    assert.deepEqual(model.coef.shape, [2]);
    near(flat(model.coef), expected.plainCoef, 1e-10, "coef_");
    assert.equal(model.intercept.item(), expected.plainIntercept);
    near([model.score(xObs, targets)], [expected.plainScore], 1e-10, "score");
  });

  test("errors in scikit-learn's words", () => {
    assert.throws(() => new LinearRegression().predict(xObs), /is not fitted yet/);
    assert.throws(
      () => new LinearRegression().fit(xObs, np.zeros([3])),
      /inconsistent numbers of samples: \[200, 3\]/,
    );
    assert.throws(
      () => new LinearRegression().fit(np.zeros([3]), np.zeros([3])),
      /Expected 2D array, got 1D/,
    );
  });
});
