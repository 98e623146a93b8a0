/** Special functions and what is made of them, where JAX has no numbers to compare with: accuracy, limits, errors. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as reference from "../compiler/primitives/special/series.ts";
import { grad, jit, lax, type NdArray, numpy as np, random, scipy, tree, vmap } from "../frontend/index.ts";

const { special, stats } = scipy;

function numbers(x: NdArray): number[] {
  return Array.from(x.dataSync(), Number);
}

/** The greatest relative error; below 1e-30 results of float32 have fewer digits, or none. */
function relativeError(actual: readonly number[], expected: readonly number[]): number {
  assert.equal(actual.length, expected.length);
  const errors = expected.map((x, i) => (Math.abs(x) < 1e-30 ? 0 : Math.abs(actual[i] / x - 1)));
  return Math.max(...errors);
}

describe("incomplete functions keep their bounds", () => {
  // In float64 the reference itself is no better: it takes the logarithms apart.
  // Parameters and arguments about them: the hard case, where the factor and the sum are neither 0 nor 1.
  const a = [0.1, 0.5, 1, 2.5, 7.9, 8, 12, 40, 150, 1000, 20000];
  const pairs = a.flatMap((p) => [0.5, 0.9, 0.999, 1.001, 1.1, 1.7].map((r): [number, number] => [p, r * p]));
  const bounds = { float32: 4e-4, float64: 1e-10 } as const;
  for (const dtype of ["float32", "float64"] as const) {
    const round = dtype === "float32" ? Math.fround : (x: number) => x;
    const rounded = pairs.map(([p, x]): [number, number] => [round(p), round(x)]);
    const p = np.array(
      rounded.map(([v]) => v),
      { dtype },
    );
    const x = np.array(
      rounded.map(([, v]) => v),
      { dtype },
    );
    for (const [name, f, oracle] of [
      ["igamma", lax.igamma, reference.igamma],
      ["igammac", lax.igammac, reference.igammac],
    ] as const) {
      test(`${name} in ${dtype}: relative error below ${bounds[dtype]}`, () => {
        const wanted = rounded.map(([v, y]) => oracle(v, y));
        const error = relativeError(numbers(f(p, x)), wanted);
        assert.ok(error < bounds[dtype], `${error}`);
      });
    }
    test(`betainc in ${dtype}: relative error below ${bounds[dtype]}`, () => {
      const triples = [0.2, 1, 5, 9, 60, 700].flatMap((u) =>
        [0.3, 2, 8, 45, 500].flatMap((v) =>
          [0.8, 0.98, 1.02, 1.2].map((r) => [u, v, Math.min((r * u) / (u + v), 0.95)].map(round)),
        ),
      );
      const column = (i: number): NdArray =>
        np.array(
          triples.map((t) => t[i]),
          { dtype },
        );
      const got = numbers(lax.betainc(column(0), column(1), column(2)));
      const error = relativeError(
        got,
        triples.map(([u, v, y]) => reference.betainc(u, v, y)),
      );
      assert.ok(error < bounds[dtype], `${error}`);
    });
  }
});

describe("limits that JAX does not take", () => {
  test("P(0, x) is 1 and P(∞, x) is 0", () => {
    assert.deepEqual(numbers(lax.igamma(np.array([0, 0, Infinity]), np.array([0.5, 3, 2]))), [1, 1, 0]);
    assert.deepEqual(numbers(lax.igammac(np.array([0, 0, Infinity]), np.array([0.5, 3, 2]))), [0, 0, 1]);
  });
});

describe("derivatives", () => {
  test("of betainc in a and b are refused in JAX's words", () => {
    const f = (a: NdArray) => lax.betainc(a, 2, 0.5);
    assert.throws(() => grad(f)(np.array(1.5)), /Betainc gradient with respect to a and b not supported/);
  });

  test("of igamma in a agree with differences, under jit and vmap", () => {
    const a = np.array([0.7, 3, 12], { dtype: "float64" });
    const x = np.array([1.1, 2.5, 13], { dtype: "float64" });
    const h = 1e-5;
    const slope = numbers(
      lax
        .igamma(a.add(h), x)
        .sub(lax.igamma(a.sub(h), x))
        .div(2 * h),
    );
    const derivative = grad((a: NdArray, x: NdArray) => lax.igamma(a, x));
    const mapped = numbers(jit(vmap(derivative))(a, x));
    assert.ok(relativeError(mapped, slope) < 1e-8);
  });

  test("of samples are implicit: their mean is the derivative of the mean", () => {
    const keys = random.key(5);
    const mean = (a: NdArray) => np.mean(random.gamma(keys, a, [2000]));
    const slope = grad(mean)(np.array(2.5)).item();
    // E[x] is a; the standard error of this mean is about 0.015.
    assert.ok(Math.abs(slope - 1) < 0.08, `${slope}`);
  });
});

describe("argument checks", () => {
  test("polygamma takes integers, ndtr single or double", () => {
    assert.throws(() => special.polygamma(1.5, np.array([1])), /must be of integer type. Got dtype float32/);
    assert.throws(() => special.ndtr(np.array([1], { dtype: "int32" })), /not supported/);
    assert.throws(() => special.logNdtr(np.array([1]), { seriesOrder: 31 }), /series_order must be <= 30/);
    assert.throws(() => special.bernoulli(-1), /n must be a non-negative integer/);
    assert.throws(() => stats.rankdata(np.array([1]), { nanPolicy: "omit" }), /is not implemented/);
    assert.throws(() => random.poisson(random.key(0), 3, [2], { dtype: "float32" }), /must be an int dtype/);
    assert.throws(() => random.dirichlet(random.key(0), 3), /alpha.ndim >= 1/);
  });

  test("location and scale by position or by name", () => {
    const x = np.array([0.5, 1.5]);
    const named = stats.gamma.logpdf(x, 2, { loc: 0.25, scale: 3 });
    assert.deepEqual(numbers(stats.gamma.logpdf(x, 2, 0.25, 3)), numbers(named));
    assert.deepEqual(numbers(stats.norm.cdf(x, { scale: 2 })), numbers(stats.norm.cdf(x.div(2))));
  });
});

describe("gaussianKde", () => {
  const points = np.array([0.1, 0.5, 0.9, 2.5, 2.7, 4]);

  test("is a density, whose integrals agree with sums", () => {
    const kde = stats.gaussianKde(points);
    const [step, start] = [0.01, -6];
    const grid = np.arange(0, 1800).mul(step).add(start);
    const density = kde.evaluate(grid);
    assert.ok(Math.abs(np.sum(density).item() * step - 1) < 1e-4);
    const inside = np.where(grid.less(1), density, 0);
    assert.ok(Math.abs(np.sum(inside).item() * step - kde.integrateBox1d(-100, 1).item()) < 2e-3);
    const square = np.sum(density.mul(density)).item() * step;
    assert.ok(Math.abs(kde.integrateKde(kde).item() - square) < 1e-4);
    const normal = stats.norm.pdf(grid, 1, 0.5);
    const product = np.sum(density.mul(normal)).item() * step;
    assert.ok(Math.abs(kde.integrateGaussian(1, 0.25).item() - product) < 1e-4);
    assert.ok(relativeError(numbers(np.exp(kde.logpdf(points))), numbers(kde.pdf(points))) < 1e-5);
  });

  test("is a tree, and draws near its points", () => {
    const kde = stats.gaussianKde(points, { bwMethod: 0.2, weights: np.array([1, 1, 1, 2, 2, 3]) });
    const { leaves, treedef } = tree.flatten(kde);
    assert.equal(leaves.length, 5);
    const again: unknown = tree.unflatten(treedef, leaves);
    assert.ok(again instanceof stats.GaussianKde);
    assert.deepEqual(numbers(again.pdf(points)), numbers(kde.pdf(points)));
    const drawn = kde.resample(random.key(1), [500]);
    assert.deepEqual(drawn.shape, [1, 500]);
    assert.ok(Math.abs(np.mean(drawn).item() - 2.39) < 0.35);
  });
});
