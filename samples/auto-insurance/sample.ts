/** "Machine learning with JAX from scratch, part II": what it prints and plots. */
import { jit, type NdArray, numpy as np } from "weft";
import { code, heading, layered, line, plot, prose, scatter, table } from "../report/index.ts";
import type { SampleContext, SampleReport } from "../run/sample.ts";
import { buildAutoInsuranceDataset, type Dataset } from "./dataset.ts";
import {
  calculateCost,
  computeGradient,
  DOCUMENT_TRAINING,
  differentiateCost,
  forwardPass,
  type Gradient,
  type Parameters,
  train,
} from "./model.ts";

/** A float32 as Python prints a JAX scalar: the double it is, in full. */
const full = async (x: NdArray): Promise<string> => String((await x.data())[0]);

interface Run {
  readonly name: string;
  readonly parameters: Parameters;
  readonly costs: ArrayLike<number>;
  readonly kernels: string;
  readonly compileMs: number;
  readonly trainMs: number;
}

/** Compiles the whole training to one program, runs it, and prints the document's lines. */
async function runTraining(
  name: string,
  gradient: Gradient,
  { features, labels }: Dataset,
  print: SampleContext["print"],
): Promise<Run> {
  const options = { ...DOCUMENT_TRAINING, gradient };
  const training = jit((x: NdArray, y: NdArray) => train(x, y, options), { name: `train_${name}` });
  const started = performance.now();
  const compiled = training.lower(features, labels).compile();
  const compileMs = performance.now() - started;

  // The best of a few calls: the first ones run before the engine has optimised the module.
  let trainMs = Number.POSITIVE_INFINITY;
  let result = compiled.call(features, labels);
  for (let i = 0; i < 20; i++) {
    const before = performance.now();
    result = compiled.call(features, labels);
    trainMs = Math.min(trainMs, performance.now() - before);
  }
  const costs = await result.costs.data();
  const { epochs } = DOCUMENT_TRAINING;
  print(`Training with ${name === "grad" ? "grad" : "the derivative worked out by hand"}`);
  for (let epoch = 0; epoch < epochs; epoch += 5) print(`Epoch: ${epoch} Cost: ${costs[epoch]}`);
  print(`  trace and compile ${compileMs.toFixed(1)} ms, ${epochs} epochs ${(trainMs * 1000).toFixed(1)} µs`);
  print();
  const kernels = compiled.asText({ stage: "kernel" });
  return { name, parameters: result.parameters, costs, kernels, compileMs, trainMs };
}

export async function run({ print, show, data }: SampleContext): Promise<SampleReport> {
  const dataset = buildAutoInsuranceDataset(await data("auto-insurance.csv"));
  const { features, labels } = dataset;
  print(`Our features has shape: (${features.shape.join(", ")})`);
  print(`Our labels has shape: (${labels.shape.join(", ")})`);
  print();

  /** The document's `plot_results`, with more points over it if need be. */
  const xs = await features.data();
  const ys = await labels.data();
  const order = [...xs.keys()].sort((a, b) => xs[a] - xs[b]);
  const plotResults = (predictions: ArrayLike<number>, ...more: ReturnType<typeof scatter>[]) =>
    layered({ x: "Number of claims", y: "Claims in thousands of Swedish kronor" }, [
      scatter("Actual", xs, ys),
      line(
        "Model",
        order.map((i) => xs[i]),
        order.map((i) => predictions[i]),
      ),
      scatter("Predicted", xs, predictions),
      ...more,
    ]);

  const firstPredictions = forwardPass(features, np.array([0.5]), np.array([0.5]));
  const before = plot(
    plotResults(await firstPredictions.data()),
    "Actual and predicted payments before training.",
  );
  await show("before", before);
  print(`The total cost is: ${await full(calculateCost(firstPredictions, labels))}`);
  print();

  const byHand = await runTraining("by_hand", computeGradient, dataset, print);
  const byGrad = await runTraining("grad", differentiateCost, dataset, print);
  const { weight, bias } = byGrad.parameters;
  const costs = plot(
    layered({ x: "Number of epochs", y: "Cost" }, [
      line(
        "Cost",
        Array.from(byGrad.costs, (_, i) => i),
        byGrad.costs,
      ),
    ]),
    "The cost before each epoch.",
  );
  await show("costs", costs);

  const claims = 80;
  const [predicted] = await forwardPass(np.array([claims]), weight, bias).data();
  print(`weight ${await full(weight)}, bias ${await full(bias)}`);
  const gap = Math.abs(Number(await full(weight)) - Number(await full(byHand.parameters.weight)));
  print(`difference between the two trainings' weights: ${gap}`);
  print(`Prediction for ${claims} claims: ${predicted} thousand kronor`);

  const fittedValues = await forwardPass(features, weight, bias).data();
  const fitted = plot(plotResults(fittedValues), "Actual and predicted payments after training.");
  const prediction = plot(
    plotResults(fittedValues, scatter(`${claims} claims`, [claims], [predicted], { emphasis: true })),
    `For ${claims} claims the model predicts ${predicted.toFixed(1)} thousand kronor.`,
  );
  await show("fitted", prediction);

  return {
    intro:
      "From the number of claims in a geographical zone of Sweden, predict the total payment. The model, the cost and " +
      "the training are those of “Machine learning with JAX from scratch, part II”, written with Weft.",
    thumbnail: prediction,
    sections: [
      heading("Before training"),
      prose("With `weight = 0.5` and `bias = 0.5` the model's predictions miss the data."),
      before,
      heading("Training"),
      costs,
      table(
        ["Derivative", "Cost at epoch 0", "Cost at epoch 45", "Trace and compile, ms", "50 epochs, µs"],
        [byHand, byGrad].map((each) => [
          each.name === "grad" ? "grad" : "by hand",
          each.costs[0],
          each.costs[45],
          each.compileMs.toFixed(1),
          (each.trainMs * 1000).toFixed(1),
        ]),
        "Both trainings, each one compiled program.",
      ),
      heading("The fitted line"),
      fitted,
      heading("A new prediction"),
      prediction,
      heading("What ran"),
      code(byGrad.kernels, "The kernels of the training step with `grad`, as the compiler prints them."),
    ],
  };
}
