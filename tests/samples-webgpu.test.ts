/**
 * The samples on WebGPU, in Node: the short ones print what they print on Wasm, and the models of the others train as JAX
 * and its libraries do. `SAMPLES=all npm test -- samples-webgpu` also runs those whole, as with `--quick`.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { jit, type NdArray, type nn, numpy as np, random } from "weft";
import { run as autoInsurance } from "../samples/auto-insurance/sample.ts";
import { Model as Bambi } from "../samples/bayesian-regression/model.ts";
import { run as bayesianRegression, fit } from "../samples/bayesian-regression/sample.ts";
import * as gpt from "../samples/gpt/model.ts";
import { run as runGpt } from "../samples/gpt/sample.ts";
import { run as lineFit } from "../samples/line-fit/sample.ts";
import { makeObservations, onCpu } from "../samples/linear-regression/dataset.ts";
import { LinearRegression, type Model } from "../samples/linear-regression/model.ts";
import { run as linearRegression } from "../samples/linear-regression/sample.ts";
import { train } from "../samples/linear-regression/training.ts";
import { run as logisticRegression } from "../samples/logistic-regression/sample.ts";
import { mnist } from "../samples/mnist-cnn/dataset.ts";
import { BATCH_SIZE, initialState, trainSteps } from "../samples/mnist-cnn/model.ts";
import { run as mnistCnn, SEED } from "../samples/mnist-cnn/sample.ts";
import { DeepRegression, makeParabola, NonLinearRegression } from "../samples/nonlinear-regression/model.ts";
import { run as nonlinearRegression } from "../samples/nonlinear-regression/sample.ts";
import { summaryFrame } from "../samples/python/arviz/summary.ts";
import * as rnn from "../samples/rnn/model.ts";
import { run as runRnn } from "../samples/rnn/sample.ts";
import { useDevice } from "../samples/run/device.ts";
import type { RunSample } from "../samples/run/sample.ts";
import { run as sigmoidDerivatives } from "../samples/sigmoid-derivatives/sample.ts";
import { Vocabulary } from "../samples/text/vocabulary.ts";
import { makeDates } from "../samples/transformer/dates.ts";
import * as transformer from "../samples/transformer/model.ts";
import { run as runTransformer } from "../samples/transformer/sample.ts";
import { near, runRecorded, samePrinted, sampleGolden } from "./helpers/run-sample.ts";

const whole = process.env.SAMPLES === "all";

/** How far printed numbers may lie from those on Wasm, relative to their size or to one. */
const PRINTED: readonly (readonly [name: string, run: RunSample, tolerance: number])[] = [
  ["auto-insurance", autoInsurance, 1e-5],
  ["line-fit", lineFit, 1e-5],
  ["sigmoid-derivatives", sigmoidDerivatives, 1e-5],
  ["logistic-regression", logisticRegression, 1e-5],
];
/** After two thousand epochs, the last of them where little is left of the loss. */
const PRINTED_LONG: typeof PRINTED = [
  ["linear-regression", linearRegression, 1e-4],
  ["nonlinear-regression", nonlinearRegression, 2e-3],
];

/** What is not a measured time. */
const stable = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.trim() !== "" && !/ ms, /.test(line));

describe("samples print what they print on Wasm", () => {
  for (const [name, run, tolerance] of [...PRINTED, ...(whole ? PRINTED_LONG : [])]) {
    test(name, async () => {
      const onWasm = stable((await runRecorded(run, { quick: true })).printed);
      const onGpu = stable((await runRecorded(run, { device: "webgpu", quick: true })).printed);
      assert.equal(onGpu.length, onWasm.length);
      for (const [i, line] of onWasm.entries()) samePrinted(onGpu[i]!, line, tolerance);
    });
  }
});

const silent = {
  print: () => undefined,
  progress: () => ({ update: () => undefined, finish: () => undefined }),
  show: async () => undefined,
};

async function numbers(x: NdArray): Promise<number[]> {
  return Array.from(await x.data(), Number);
}

describe("models train as with JAX", () => {
  before(() => useDevice("webgpu"));
  after(() => useDevice("wasm"));

  /** Losses of the first 500 epochs against those that JAX has. */
  async function checkLosses(
    model: Model,
    data: readonly [NdArray, NdArray],
    expected: Readonly<Record<string, number>>,
    tolerance: number,
  ): Promise<void> {
    const params: nn.VariableDict = model.init(random.PRNGKey(0), data[0]);
    const { losses } = await train("test", model, params, data, 500, silent);
    const epochs = Object.keys(expected).filter((epoch) => Number(epoch) < losses.length);
    assert.ok(epochs.length >= 4);
    for (const epoch of epochs) near([losses[Number(epoch)]!], [expected[epoch]!], tolerance);
  }

  type Losses = { readonly losses: Readonly<Record<string, number>> };

  test("linear-regression: 500 epochs", async () => {
    const golden = sampleGolden<{ readonly trained: Losses }>("linear-regression");
    const { xObs, yObsNoisy } = makeObservations();
    const data = onCpu(() => [xObs.astype("float32"), yObsNoisy.astype("float32")] as const);
    await checkLosses(new LinearRegression(), data, golden.trained.losses, 2e-5);
  });

  test("nonlinear-regression: 500 epochs of each model", async () => {
    const golden = sampleGolden<Record<"linear" | "deep" | "wide", Losses>>("nonlinear-regression");
    const { xNonLinear, yNonLinear } = makeParabola();
    const data = [xNonLinear.slice("...", null), yNonLinear.slice("...", null)] as const;
    await checkLosses(new LinearRegression(), data, golden.linear.losses, 2e-5);
    await checkLosses(new DeepRegression(), data, golden.deep.losses, 1e-4);
    await checkLosses(new NonLinearRegression(), data, golden.wide.losses, 1e-4);
  });

  test("mnist-cnn: steps on the real digits", async () => {
    const golden = sampleGolden<{ readonly losses: readonly number[] }>("mnist-cnn");
    const digits = await mnist();
    const steps = whole ? golden.losses.length : 2;
    const images = digits.train.pixels.slice([0, steps * BATCH_SIZE]);
    const labels = digits.train.labels.slice([0, steps * BATCH_SIZE]);
    const batches = np.arange(steps * BATCH_SIZE, { dtype: "int32" }).reshape([steps, BATCH_SIZE]);
    const [, losses] = trainSteps(initialState(SEED), images, labels, batches);
    near(await numbers(losses), golden.losses.slice(0, steps), 2e-5);
  });

  const drawing = {
    key: random.PRNGKey(1),
    temperature: np.array(0.8),
    topK: np.array(5, { dtype: "int32" }),
  };

  interface Written<C> {
    readonly text: string;
    readonly config: C;
    readonly losses: readonly number[];
    readonly tokens: readonly number[];
  }

  test("rnn: 40 steps, and the text that it writes", async () => {
    const golden = sampleGolden<
      Written<never> & { readonly features: number; readonly training: rnn.Training }
    >("rnn");
    const vocabulary = new Vocabulary(golden.text);
    const text = np.array(vocabulary.encode(golden.text));
    const model = new rnn.CharLSTM({ vocabSize: vocabulary.size, features: golden.features, context: 32 });
    const start = rnn.createState(model, random.PRNGKey(0), golden.training);
    const [state, losses] = rnn.trainerOf(model, golden.training)(start, text);
    near(await numbers(losses), golden.losses, 1e-4);
    const tokens = rnn.generatorOf(model)(state.params, text.slice([null, 32]), np.array(8), drawing);
    assert.deepEqual(await numbers(tokens), golden.tokens);
  });

  test("gpt: 30 steps with dropout, and the text that it writes", async () => {
    const golden = sampleGolden<Written<gpt.Config> & { readonly training: gpt.Training }>("gpt");
    const vocabulary = new Vocabulary(golden.text);
    const text = np.array(vocabulary.encode(golden.text));
    const model = new gpt.GPT(golden.config);
    const start = gpt.createState(model, random.PRNGKey(0), golden.training);
    const [trained, losses] = gpt.trainerOf(model, golden.training)(start, text);
    near(await numbers(losses), golden.losses, 1e-4);
    const prompt = text.slice([null, golden.config.context]);
    const tokens = gpt.generatorOf(golden.config)(trained.params, prompt, np.array(4), drawing);
    assert.deepEqual(await numbers(tokens), golden.tokens);
  });

  test("transformer: 40 steps with dropout, and what it writes", async () => {
    interface Golden {
      readonly config: transformer.Config;
      readonly training: transformer.Training;
      readonly sources: readonly string[];
      readonly heldOut: { readonly sources: readonly string[] };
      readonly losses: readonly number[];
      readonly firstTokens: readonly (readonly number[])[];
    }
    const golden = sampleGolden<Golden>("transformer");
    const learned = await makeDates(random.PRNGKey(1), golden.sources.length, false);
    const heldOut = await makeDates(random.PRNGKey(2), golden.heldOut.sources.length, true);
    const model = new transformer.Transformer(golden.config);
    const start = transformer.createState(model, random.PRNGKey(0), golden.training);
    const tokens = transformer.translatorOf(golden.config)(start.params, heldOut.source);
    assert.deepEqual(await numbers(tokens), golden.firstTokens.flat());
    const trainer = transformer.trainerOf(model, golden.training);
    const [, losses] = trainer(start, learned.source, learned.target);
    near(await numbers(losses), golden.losses, 1e-4);
  });

  test("bayesian-regression: bambi's log densities, and a short chain about its posterior", async () => {
    interface Golden {
      readonly densities: readonly {
        readonly Intercept: number;
        readonly x0: number;
        readonly x1: number;
        readonly sigma_log__: number;
        readonly logp: number;
      }[];
      readonly posterior: Readonly<Record<string, { readonly mean: number; readonly sd: number }>>;
    }
    const golden = sampleGolden<Golden>("bayesian-regression");
    const { xObs, yObsNoisy } = makeObservations();
    const model = onCpu(() => {
      const df = { y: yObsNoisy.slice(":", 0), x0: xObs.slice(":", 0), x1: xObs.slice(":", 1) };
      return new Bambi("y ~ x0 + x1", df);
    });
    const density = jit((at: Readonly<Record<string, NdArray>>) => model.logDensity(at));
    for (const { sigma_log__: sigma_log, logp, ...rest } of golden.densities) {
      const at = Object.entries({ ...rest, sigma_log }).map(([name, x]) => [name, np.array(x)] as const);
      near(await numbers(density(Object.fromEntries(at))), [logp], 1e-6);
    }
    const { posterior } = await fit(model, { chains: 1, tune: 60, draws: 40, seed: 0 }, silent);
    const { index, columns, rows } = onCpu(() => summaryFrame(posterior));
    for (const [i, name] of index.entries()) {
      const { mean, sd } = golden.posterior[name]!;
      const found = rows[i]![columns.indexOf("mean")]!;
      assert.ok(Math.abs(found - mean) < sd, `${name}: ${found}, bambi ${mean}`);
    }
  });
});

/** Samples that draw or write by numbers of their own training, where a rounding changes what comes after it. */
const CHANGING: Readonly<Record<string, readonly [RunSample, (printed: string) => void]>> = {
  "bayesian-regression": [
    bayesianRegression,
    (printed) =>
      assert.match(printed, /\nsigma +0\.5[\s\S]*\nIntercept +3\.\d+[\s\S]*\nx0 +1\.\d+[\s\S]*\nx1 +2\./),
  ],
  "mnist-cnn": [
    mnistCnn,
    (printed) => {
      const accuracy = Number(/test accuracy ([\d.]+) %/.exec(printed)?.[1]);
      assert.ok(accuracy > 85, `test accuracy ${accuracy} %`);
    },
  ],
  transformer: [
    runTransformer,
    (printed) => {
      const right = Number(/([\d.]+) % of the held-out dates right/.exec(printed)?.[1]);
      assert.ok(right > 20, `${right} % of the dates right`);
    },
  ],
  rnn: [runRnn, (printed) => checkWriter(printed, 0.05)],
  gpt: [runGpt, (printed) => checkWriter(printed, 0.15)],
};

function checkWriter(printed: string, behind: number): void {
  const number = (pattern: RegExp): number => Number(pattern.exec(printed)?.[1]);
  const [bigram, heldOut] = [number(/Bigram model: loss ([\d.]+)/), number(/held-out loss ([\d.]+)/)];
  assert.ok(heldOut < bigram + behind, `held-out ${heldOut}, bigram ${bigram}`);
  assert.match(printed, /Temperature 0.5:\nThe whale [a-z]/);
}

describe("long samples, whole", { skip: whole ? false : "SAMPLES=all runs them" }, () => {
  for (const [name, [run, check]] of Object.entries(CHANGING)) {
    test(name, async () => {
      const { printed } = await runRecorded(run, { device: "webgpu", quick: true });
      check(printed.join("\n"));
    });
  }
});
