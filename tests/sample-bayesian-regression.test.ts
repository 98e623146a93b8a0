/** samples/bayesian-regression against bambi (tests/golden/samples/bayesian-regression.py). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { device, jit, type NdArray, numpy as np, random, withDefaultDevice } from "weft";
import { Model, type Position } from "../samples/bayesian-regression/model.ts";
import { fit, run } from "../samples/bayesian-regression/sample.ts";
import { makeObservations } from "../samples/linear-regression/dataset.ts";
import { sampleChain } from "../samples/mcmc/sample-chain.ts";
import { flat } from "../samples/python/arviz/diagnostics.ts";
import { summaryFrame } from "../samples/python/arviz/summary.ts";
import { quantile } from "../samples/python/numpy/reduce.ts";
import { near, runRecorded, sampleGolden } from "./helpers/run-sample.ts";

interface Parameter {
  readonly mean: number;
  readonly sd: number;
  readonly mcse_mean: number;
  readonly mcse_sd: number;
  readonly quantiles: readonly number[];
}

interface Golden {
  readonly data: { readonly y: readonly number[]; readonly ySum: number };
  readonly model: string;
  readonly densities: readonly {
    readonly Intercept: number;
    readonly x0: number;
    readonly x1: number;
    readonly sigma_log__: number;
    readonly logp: number;
  }[];
  readonly posterior: Readonly<Record<string, Parameter>>;
}

const golden = sampleGolden<Golden>("bayesian-regression");
const { xObs, yObsNoisy } = makeObservations();
const df = { y: yObsNoisy.slice(":", 0), x0: xObs.slice(":", 0), x1: xObs.slice(":", 1) };
const model = new Model("y ~ x0 + x1", df);

test("the noisy observations are NumPy's and SciPy's", () => {
  near([...df.y.dataSync()].slice(0, 5), golden.data.y, 1e-15);
  near([np.sum(df.y).item()], [golden.data.ySum], 1e-12);
});

test("the model as bambi prints it, default priors and all", () => {
  assert.equal(String(model), golden.model);
});

test("the log density is PyMC's, constants and Jacobian included", () => {
  const f32 = (x: number): NdArray => np.array(x, { dtype: "float32" });
  for (const { Intercept, x0, x1, sigma_log__, logp } of golden.densities) {
    const position = { Intercept: f32(Intercept), x0: f32(x0), x1: f32(x1), sigma_log: f32(sigma_log__) };
    near([model.logDensity(position).item()], [logp], 1e-6);
  }
});

test("four chains of 1000 + 1000: bambi's posterior within the Monte-Carlo error", async () => {
  const options = { chains: 4, tune: 1000, draws: 1000, seed: 0 };
  const silent = {
    print: () => undefined,
    progress: () => ({ update: () => undefined, finish: () => undefined }),
  };
  const { posterior, stats } = await fit(model, options, silent);
  const { index, columns, rows } = summaryFrame(posterior);
  assert.deepEqual(index, ["sigma", "Intercept", "x0", "x1"], "bambi's order");
  for (const [i, name] of index.entries()) {
    const at = (column: string): number => rows[i]![columns.indexOf(column)]!;
    const expected = golden.posterior[name]!;
    for (const statistic of ["mean", "sd"] as const) {
      const error = Math.hypot(at(`mcse_${statistic}`), expected[`mcse_${statistic}`]);
      const distance = Math.abs(at(statistic) - expected[statistic]);
      assert.ok(
        distance <= 4 * error,
        `${statistic} of ${name}: ${at(statistic)}, bambi ${expected[statistic]}`,
      );
    }
    assert.ok(at("r_hat") <= 1.01, `r_hat of ${name}: ${at("r_hat")}`);
    assert.ok(
      at("ess_bulk") > 2000 && at("ess_tail") > 1500,
      `${name}: ${at("ess_bulk")}, ${at("ess_tail")}`,
    );
    for (const [k, q] of [0.05, 0.25, 0.5, 0.75, 0.95].entries()) {
      const distance = Math.abs(quantile(flat(posterior[name]!), q) - expected.quantiles[k]!);
      assert.ok(distance <= 0.12 * expected.sd, `${q} quantile of ${name} is off by ${distance}`);
    }
  }
  assert.equal(stats.length, 4);
  for (const { divergences, acceptance, stepSize } of stats) {
    assert.equal(divergences, 0);
    assert.ok(acceptance > 0.75 && acceptance < 0.97, `acceptance ${acceptance}`);
    assert.ok(stepSize > 0.4 && stepSize < 1.2, `step size ${stepSize}`);
  }
});

// Its sums share rows with many small computations: more buffers than an adapter binds, were they not counted.
test("where a chain starts, and the gradient of the log density there, on WebGPU", async () => {
  const gpu = await device("webgpu");
  const start = (key: NdArray) =>
    sampleChain((at: Position) => model.logDensity(at), key, model.initialPosition(key), {
      numWarmup: 0,
      numSamples: 1,
      maxTreeDepth: 1,
      stepSize: 1e-4,
    });
  const key = random.PRNGKey(3);
  const [expected, found] = [jit(start)(key), withDefaultDevice(gpu, () => jit(start)(key))];
  near(await found.potential.data(), expected.potential.dataSync(), 1e-4);
  near(await found.draws.x0!.data(), expected.draws.x0!.dataSync(), 1e-3);
});

test("what the sample prints and plots", async () => {
  const { printed, shown, report } = await runRecorded(run, { quick: true });
  const text = printed.join("\n");
  assert.ok(text.startsWith(golden.model));
  assert.match(text, /NUTS: \[sigma, Intercept, x0, x1\]/);
  assert.match(text, /Sampling 4 chains for 200 tune and 200 draw iterations \(800 \+ 800 draws total\)/);
  assert.match(text, /mean +sd +hdi_3% +hdi_97% +mcse_mean +mcse_sd +ess_bulk +ess_tail +r_hat\nsigma +0\.5/);
  const kinds = report.sections.map((section) => section.kind);
  assert.equal(kinds.filter((kind) => kind === "plot").length, 2, "trace and posterior");
  assert.deepEqual(
    shown.map(({ id }) => id),
    ["trace", "posterior"],
  );
  const schedule = report.sections.find((section) => section.kind === "code");
  assert.ok(schedule?.kind === "code");
  assert.match(
    schedule.text,
    /for #\d+ in 0\.\.400 \{[\s\S]*while[\s\S]*while[\s\S]*while/,
    "loops in a loop",
  );
});

test("a formula or data that do not fit are refused", () => {
  assert.throws(() => new Model("y ~ x0 * x1", df), /expected a formula such as "y ~ x0 \+ x1"/);
  assert.throws(() => new Model("y = x0", df), /expected a formula/);
  assert.throws(() => new Model("y ~ x2", df), /the formula names x2, but the data have y, x0, x1/);
});
