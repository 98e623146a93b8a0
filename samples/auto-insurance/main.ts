/** `npm start`: trains the document's model, compares its derivative with `grad`, and writes a report. */
import { jit, type NdArray, numpy as np } from "weft";
import {
  code,
  heading,
  layered,
  line,
  output,
  plot,
  prose,
  scatter,
  table,
  writeReport,
} from "../report/index.ts";
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

const EPOCHS = DOCUMENT_TRAINING.epochs;
const REPORT = "out/auto-insurance/report.html";

const printed: string[] = [];
function print(text = ""): void {
  console.log(text);
  printed.push(text);
}

/** A float32 as Python prints a JAX scalar: the double it is, in full. */
function full(x: NdArray): string {
  return String(x.item());
}

interface Run {
  readonly name: string;
  readonly parameters: Parameters;
  readonly costs: ArrayLike<number>;
  readonly kernels: string;
  readonly compileMs: number;
  readonly trainMs: number;
}

/** Compiles the whole training to one program, runs it once, and prints the document's lines. */
async function runTraining(name: string, gradient: Gradient, { features, labels }: Dataset): Promise<Run> {
  const options = { ...DOCUMENT_TRAINING, gradient };
  const training = jit((x: NdArray, y: NdArray) => train(x, y, options), { name: `train_${name}` });
  const started = performance.now();
  const compiled = training.lower(features, labels).compile();
  const compileMs = performance.now() - started;

  // The best of a few calls: the first ones run before the engine has optimised the module.
  let trainMs = Infinity;
  let result = compiled.call(features, labels);
  for (let i = 0; i < 20; i++) {
    const before = performance.now();
    result = compiled.call(features, labels);
    trainMs = Math.min(trainMs, performance.now() - before);
  }
  const costs = await result.costs.data();
  print(`Training with ${name === "grad" ? "grad" : "the derivative worked out by hand"}`);
  for (let epoch = 0; epoch < EPOCHS; epoch += 5) print(`Epoch: ${epoch} Cost: ${costs[epoch]}`);
  print(`  trace and compile ${compileMs.toFixed(1)} ms, ${EPOCHS} epochs ${(trainMs * 1000).toFixed(1)} µs`);
  print();
  return {
    name,
    parameters: result.parameters,
    costs,
    kernels: compiled.asText({ stage: "kernel" }),
    compileMs,
    trainMs,
  };
}

const dataset = await buildAutoInsuranceDataset();
const { features, labels } = dataset;
print(`Our features has shape: (${features.shape.join(", ")})`);
print(`Our labels has shape: (${labels.shape.join(", ")})`);
print();

const before: Parameters = { weight: np.array([0.5]), bias: np.array([0.5]) };
const firstPredictions = forwardPass(features, before.weight, before.bias);
print(`The total cost is: ${full(calculateCost(firstPredictions, labels))}`);
print();

const byHand = await runTraining("by_hand", computeGradient, dataset);
const byGrad = await runTraining("grad", differentiateCost, dataset);

const claims = 80;
const prediction = forwardPass(np.array([claims]), byGrad.parameters.weight, byGrad.parameters.bias);
const [predicted] = await prediction.data();
print(`weight ${full(byGrad.parameters.weight)}, bias ${full(byGrad.parameters.bias)}`);
const gap = Math.abs(Number(byGrad.parameters.weight.item()) - Number(byHand.parameters.weight.item()));
print(`difference between the two trainings' weights: ${gap}`);
print(`Prediction for ${claims} claims: ${predicted} thousand kronor`);

const axes = { x: "Number of claims", y: "Claims in thousands of Swedish kronor" };
const xs = await features.data();
const ys = await labels.data();
const fitted = await forwardPass(features, byGrad.parameters.weight, byGrad.parameters.bias).data();
const order = [...xs.keys()].sort((a, b) => xs[a] - xs[b]);
const lineThrough = (values: ArrayLike<number>) =>
  line(
    "Fitted line",
    order.map((i) => xs[i]),
    order.map((i) => values[i]),
  );

const path = await writeReport(REPORT, {
  title: "Swedish auto insurance",
  subtitle: "Linear regression by gradient descent, compiled to one WebAssembly call",
  intro:
    "From the number of claims in a geographical zone of Sweden, predict the total payment. The model, the cost and " +
    "the training are those of “Machine learning with JAX from scratch, part II”, written with Weft.",
  sections: [
    heading("Before training"),
    prose("With `weight = 0.5` and `bias = 0.5` the model's predictions miss the data."),
    plot(
      layered(axes, [scatter("Actual", xs, ys), scatter("Predicted", xs, await firstPredictions.data())]),
      "Actual and predicted payments before training.",
    ),
    heading("Training"),
    plot(
      layered({ x: "Number of epochs", y: "Cost" }, [
        line(
          "Cost",
          Array.from(byGrad.costs, (_, i) => i),
          byGrad.costs,
        ),
      ]),
      "The cost before each epoch.",
    ),
    table(
      ["Derivative", "Cost at epoch 0", "Cost at epoch 45", "Trace and compile, ms", "50 epochs, µs"],
      [byHand, byGrad].map((run) => [
        run.name === "grad" ? "grad" : "by hand",
        run.costs[0],
        run.costs[45],
        run.compileMs.toFixed(1),
        (run.trainMs * 1000).toFixed(1),
      ]),
      "Both trainings, each one compiled program.",
    ),
    heading("The fitted line"),
    plot(
      layered(axes, [scatter("Actual", xs, ys), scatter("Predicted", xs, fitted), lineThrough(fitted)]),
      "Actual and predicted payments after training.",
    ),
    heading("A new prediction"),
    plot(
      layered(axes, [
        scatter("Actual", xs, ys),
        lineThrough(fitted),
        scatter(`${claims} claims`, [claims], [predicted], { emphasis: true }),
      ]),
      `For ${claims} claims the model predicts ${predicted.toFixed(1)} thousand kronor.`,
    ),
    heading("What ran"),
    code(byGrad.kernels, "The kernels of the training step with `grad`, as the compiler prints them."),
    output(printed.join("\n"), "What the sample printed."),
  ],
});
console.log();
console.log(`Report: ${path}`);
