/** "Introduction into JAX and Haiku", its classifier: what it prints and plots. */
import { type NdArray, numpy as np, random } from "weft";
import {
  accuracyScore,
  classificationReport,
  type Matrix,
  makeClassification,
  StandardScaler,
  trainTestSplit,
} from "../python/sklearn/index.ts";
import { code, heading, layered, line, output, plot, prose } from "../report/index.ts";
import type { SampleContext, SampleReport } from "../run/sample.ts";
import { classify, cost, iterate } from "./model.ts";

/** The document draws its data without a seed and does not say its learning rate. */
export const SEED = 15;
export const ETA = 0.1;

/** float64 on the host to f32[n, features], as JAX takes NumPy's arrays. */
const toArray = ({ rows, columns, data }: Matrix): NdArray =>
  np.array(Float32Array.from(data)).reshape([rows, columns]);

/** The document's samples: made, split and standardised. */
export function prepareData() {
  const { x, y } = makeClassification({ nClasses: 2, nSamples: 500, randomState: SEED });

  const [xTrain, xTest, yTrain, yTest] = trainTestSplit([x, y], { randomState: SEED });
  const scaler = new StandardScaler();
  scaler.fit(xTrain);
  const xTrainS = toArray(scaler.transform(xTrain));
  const xTestS = toArray(scaler.transform(xTest));
  return { xTrainS, xTestS, yTrain, yTest };
}

export async function run({ print, show, progress, quick }: SampleContext): Promise<SampleReport> {
  const { xTrainS, xTestS, yTrain, yTest } = prepareData();
  const labels = np.array(Float32Array.from(yTrain));
  print(`${xTrainS.shape[0]} samples to train with, ${xTestS.shape[0]} to test with`);

  let c: NdArray = np.array(1.0);
  let w: NdArray = random.normal(random.PRNGKey(0), [xTrainS.shape[1]!]);
  const [costBefore] = await cost(c, w, xTrainS, labels).data();
  print(`Cost before training: ${costBefore}`);

  const accuraciesTrain: number[] = [];
  const accuraciesTest: number[] = [];
  const accuracies = () => {
    const iterations = accuraciesTrain.map((_, i) => i);
    return plot(
      layered({ x: "Iteration", y: "Accuracy" }, [
        line("Train", iterations, accuraciesTrain),
        line("Test", iterations, accuraciesTest),
      ]),
      "The share of samples that are classified rightly, after each iteration.",
    );
  };

  const nIter = quick ? 100 : 500;
  const bar = progress("Training", nIter);
  for (let i = 0; i < nIter; i++) {
    [c, w] = iterate(c, w, xTrainS, labels, ETA);

    const predictionsTrain = await classify(c, w, xTrainS).data();
    const predictionsTest = await classify(c, w, xTestS).data();

    accuraciesTrain.push(accuracyScore(yTrain, predictionsTrain));
    accuraciesTest.push(accuracyScore(yTest, predictionsTest));
    bar.update(i + 1, `test accuracy ${accuraciesTest[i]!.toFixed(3)}`);
    if ((i + 1) % 20 === 0) await show("accuracies", accuracies());
  }
  bar.finish();
  const [costAfter] = await cost(c, w, xTrainS, labels).data();
  print(`Cost after training: ${costAfter}`);
  print(`Accuracy: train ${accuraciesTrain.at(-1)}, test ${accuraciesTest.at(-1)}`);
  print();

  const predictions = await classify(c, w, xTestS).data();
  const report = classificationReport(yTest, predictions);
  print(report);

  return {
    intro:
      "Five hundred samples of 20 features, most of them noise, are split, standardised and classified as in " +
      "“Introduction into JAX and Haiku”. `make_classification`, `train_test_split`, `StandardScaler` and " +
      "`classification_report` are ports that give scikit-learn's numbers for a seed.",
    sections: [
      heading("Accuracy"),
      accuracies(),
      heading("The report"),
      output(report, "`classification_report` of the test samples."),
      heading("What ran"),
      prose(
        "`cost` is compiled by `jit`; its derivatives by `c` and by `w` are two more programs, called in every iteration.",
      ),
      code(
        cost.lower(c, w, xTrainS, labels).compile().asText({ stage: "kernel" }),
        "The kernels of the cost.",
      ),
    ],
  };
}
