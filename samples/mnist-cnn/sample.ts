/** Trains the network on all digits and looks at what it takes for what. */
import { type NdArray, numpy as np, random } from "weft";
import { code, heading, layered, line, plot, prose } from "../report/index.ts";
import type { SampleContext, SampleReport } from "../run/sample.ts";
import { type Digits, mnist } from "./dataset.ts";
import { BATCH_SIZE, classify, initialState, type Params, trainSteps } from "./model.ts";
import { confusionPlot, digitsPlot } from "./plots.ts";

export const SEED = 0;
/** Steps of one call, after which the progress bar moves. */
const STEPS_PER_CALL = 20;
/** Images that are classified at once. */
const CLASSIFIED_AT_ONCE = 1000;
const QUICK_IMAGES = 6400;
const QUICK_TESTS = 1000;

/** Classes of all images, in pieces. */
export async function classesOf(params: Params, { pixels }: Digits): Promise<number[]> {
  const classes: number[] = [];
  for (let at = 0; at < pixels.shape[0]!; at += CLASSIFIED_AT_ONCE) {
    const piece = pixels.slice([at, at + CLASSIFIED_AT_ONCE]);
    classes.push(...(await classify(params, piece).data()));
  }
  return classes;
}

function first({ pixels, labels }: Digits, count: number): Digits {
  return { pixels: pixels.slice([0, count]), labels: labels.slice([0, count]) };
}

export async function run({ print, show, progress, quick }: SampleContext): Promise<SampleReport> {
  const all = await mnist();
  const train = quick ? first(all.train, QUICK_IMAGES) : all.train;
  const test = quick ? first(all.test, QUICK_TESTS) : all.test;
  const count = train.pixels.shape[0]!;
  const stepCount = Math.floor(count / BATCH_SIZE);
  print(`${count} digits to train with, ${test.pixels.shape[0]} to test with`);

  let state = initialState(SEED);
  const losses: number[] = [];
  const bar = progress("Training", stepCount);
  const order = random.permutation(random.PRNGKey(SEED + 1), count);
  for (let step = 0; step < stepCount; step += STEPS_PER_CALL) {
    const steps = Math.min(STEPS_PER_CALL, stepCount - step);
    const batches: NdArray = order
      .slice([step * BATCH_SIZE, (step + steps) * BATCH_SIZE])
      .reshape([steps, BATCH_SIZE]);
    let values: NdArray;
    [state, values] = trainSteps(state, train.pixels, train.labels, batches);
    losses.push(...(await values.data()));
    bar.update(step + steps, `loss ${losses.at(-1)!.toFixed(3)}`);
  }
  bar.finish();
  await show("loss", lossPlot(losses));
  const truth = [...(await test.labels.data())];
  const classes = await classesOf(state.params, test);
  const accuracy = classes.filter((c, i) => c === truth[i]).length / truth.length;
  const percent = `${(100 * accuracy).toFixed(2)} %`;
  print(`${stepCount} steps: loss ${mean(losses.slice(-200)).toFixed(4)}, test accuracy ${percent}`);

  const wrong = classes.flatMap((c, i) => (c === truth[i] ? [] : [i]));
  const shown = wrong.slice(0, 24);
  const images = await np.take(test.pixels, np.array(shown, { dtype: "int32" }), { axis: 0 }).data();
  return {
    intro:
      "The convolutional network that “Introduction into JAX and Haiku” announces, in Haiku's words, on all of MNIST: two " +
      "convolutions with pooling, a hidden layer of 128, Adam with a learning rate that rises to 0.004 and falls again, once " +
      "over all images. Twenty steps of training are one compiled call.",
    sections: [
      heading("Training"),
      lossPlot(losses),
      prose(`Test accuracy after ${stepCount} steps of ${BATCH_SIZE} images: ${percent}.`),
      heading("What is taken for what"),
      confusionPlot(truth, classes),
      heading("Digits it got wrong"),
      digitsPlot(
        shown.map((n, at) => ({
          title: `${truth[n]} as ${classes[n]}`,
          pixels: images.slice(at * 784, (at + 1) * 784),
        })),
      ),
      heading("What ran"),
      code(
        trainSteps
          .lower(state, train.pixels, train.labels, np.zeros([1, BATCH_SIZE], { dtype: "int32" }))
          .compile()
          .asText({ stage: "fusion" }),
        "The fusion plan of the training loop.",
      ),
    ],
  };
}

function lossPlot(losses: readonly number[]) {
  // One point per call keeps the page small.
  const points = losses.flatMap((_, i) =>
    (i + 1) % STEPS_PER_CALL === 0
      ? [{ step: i + 1, loss: mean(losses.slice(i + 1 - STEPS_PER_CALL, i + 1)) }]
      : [],
  );
  return plot(
    layered({ x: "Step", y: "Cross entropy", yScale: "log" }, [
      line(
        "Loss",
        points.map((p) => p.step),
        points.map((p) => p.loss),
      ),
    ]),
    "The loss, averaged over twenty steps.",
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}
