/** samples/mcmc: the same chains as NumPyro's, and draws of a distribution that is known. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { jit, lax, type NdArray, numpy as np, random, vmap } from "weft";
import { type Chain, type ChainOptions, sampleChain } from "../samples/mcmc/sample-chain.ts";
import { adaptationSchedule } from "../samples/mcmc/warmup.ts";
import { summaryFrame } from "../samples/python/arviz/summary.ts";
import golden from "./golden/samples/nuts.json" with { type: "json" };
import { close } from "./helpers/close.ts";

type Density = (position: NdArray) => NdArray;

/** Correlation 0.9, in the position's dtype. */
const gaussian: Density = (z) => {
  const determinant = 4 - 1.8 ** 2;
  const precision = [
    [4 / determinant, -1.8 / determinant],
    [-1.8 / determinant, 1 / determinant],
  ];
  const distance = z.sub(np.array([1, -2], { dtype: z.dtype }));
  return np.dot(distance, np.array(precision, { dtype: z.dtype }).matmul(distance)).mul(-0.5);
};

/** R. M. Neal's funnel: x of standard deviation exp(y / 2). */
const funnel: Density = (z) => {
  const y = lax.indexInDim(z, 0, { keepdims: false });
  const x = lax.sliceInDim(z, 1, z.size);
  return np
    .square(y)
    .div(18)
    .add(np.sum(np.square(x)).mul(np.exp(y.neg())).mul(0.5))
    .add(y.mul(0.5 * x.size))
    .neg();
};

interface GoldenChain {
  readonly seed: number;
  readonly numWarmup: number;
  readonly numSamples: number;
  readonly draws: readonly (readonly number[])[];
  readonly numSteps: readonly number[];
  readonly acceptance: readonly number[];
  readonly potential: readonly number[];
  readonly diverging: readonly boolean[];
  readonly stepSize: number;
  readonly inverseMass: readonly number[];
}

function checkChain(density: Density, expected: GoldenChain, options: ChainOptions = {}): Chain<NdArray> {
  const { numWarmup, numSamples } = expected;
  const start = np.zeros([expected.inverseMass.length], { dtype: "float64" });
  const run = jit((key: NdArray, z: NdArray) =>
    sampleChain(density, key, z, { numWarmup, numSamples, ...options }),
  );
  const chain = run(random.PRNGKey(expected.seed), start);
  assert.deepEqual([...chain.numSteps.dataSync()], expected.numSteps, "leapfrog steps");
  close(chain.draws, expected.draws, 1e-6, "draws");
  close(chain.potential, expected.potential, 1e-6, "potential");
  close(chain.acceptance, expected.acceptance, 1e-6, "acceptance");
  close(chain.diverging, expected.diverging, 0, "diverging");
  close(chain.stepSize, expected.stepSize, 1e-6, "step size");
  close(chain.inverseMass, expected.inverseMass, 1e-6, "inverse mass");
  return chain;
}

describe("NUTS as NumPyro has it", () => {
  test("Stan's schedule of windows", () => {
    for (const [steps, windows] of Object.entries(golden.schedules)) {
      assert.deepEqual(adaptationSchedule(Number(steps)), windows, `${steps} steps`);
    }
  });

  test("a chain with its warm-up", () => {
    checkChain(gaussian, golden.gaussian);
  });

  test("a fixed step size", () => {
    checkChain(gaussian, golden.gaussianFixed, { stepSize: golden.gaussianFixed.stepSizeStart });
  });

  test("trees of the greatest depth", () => {
    const { stepSizeStart: stepSize } = golden.gaussianShallow;
    const chain = checkChain(gaussian, golden.gaussianShallow, { stepSize, maxTreeDepth: 4 });
    assert.equal(Number(np.max(chain.treeDepth).item()), 4);
  });

  test("divergences", () => {
    assert.ok(golden.funnel.diverging.includes(true), "the case has some");
    checkChain(funnel, golden.funnel, { stepSize: golden.funnel.stepSizeStart });
  });
});

describe("NUTS on a normal distribution with correlation 0.9", () => {
  const keys = random.split(random.PRNGKey(11), 4);
  const chainOf = (key: NdArray, z: { mu: NdArray }) => sampleChain(({ mu }) => gaussian(mu), key, z);
  const starts = {
    mu: np.array(
      [
        [5, 5],
        [-5, 5],
        [0, 0],
        [1, -9],
      ],
      { dtype: "float32" },
    ),
  };
  const chain = jit(chainOf);
  const chains = [...keys].map((key, i) =>
    chain(key, { mu: lax.indexInDim(starts.mu, i, { keepdims: false }) }),
  );

  test("moments within the Monte-Carlo error, R-hat at most 1.01, no divergence", () => {
    const column = (i: number) =>
      chains.map(({ draws }) => draws.mu.dataSync().filter((_, k) => k % 2 === i));
    const [x, y] = [column(0), column(1)];
    const product = x.map((xs, c) => xs.map((value, k) => (value - 1) * (y[c]![k]! + 2)));
    const { columns, rows } = summaryFrame({ x, y, product });
    const expected = [
      { mean: 1, sd: 1 },
      { mean: -2, sd: 2 },
      { mean: 1.8, sd: null },
    ];
    for (const [i, row] of rows.entries()) {
      const at = (name: string): number => row[columns.indexOf(name)]!;
      const { mean, sd } = expected[i]!;
      assert.ok(Math.abs(at("mean") - mean) <= 4 * at("mcse_mean"), `mean ${at("mean")}, expected ${mean}`);
      if (sd !== null)
        assert.ok(Math.abs(at("sd") - sd) <= 4 * at("mcse_sd"), `sd ${at("sd")}, expected ${sd}`);
      assert.ok(at("r_hat") <= 1.01, `r_hat ${at("r_hat")}`);
      assert.ok(at("ess_bulk") > 800, `ess ${at("ess_bulk")}`);
    }
    for (const { diverging } of chains) assert.equal(Number(np.sum(diverging).item()), 0);
  });

  test("chains mapped by vmap are the chains one after another", () => {
    const short = { numWarmup: 30, numSamples: 20 };
    const one = jit((key: NdArray, z: NdArray) => sampleChain(gaussian, key, z, short));
    const together = jit(vmap((key: NdArray, z: NdArray) => sampleChain(gaussian, key, z, short)));
    const start = starts.mu.astype("float64");
    const mapped = together(keys, start);
    for (let i = 0; i < 4; i++) {
      const row = (x: NdArray): NdArray => lax.indexInDim(x, i, { keepdims: false });
      const alone = one(row(keys), row(start));
      close(row(mapped.draws), alone.draws, 1e-6, `chain ${i}`);
      close(row(mapped.numSteps), alone.numSteps, 0, `steps of chain ${i}`);
    }
  });
});
