/** samples/line-fit against the document's own code, run with JAX (tests/golden/samples/line-fit.py). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type NdArray, numpy as np } from "weft";
import {
  gradOfLoss,
  gradOfX2,
  leastSquares,
  loss,
  lossLandscape,
  makePoints,
  x2,
} from "../samples/line-fit/model.ts";
import { run } from "../samples/line-fit/sample.ts";
import { flat } from "./helpers/close.ts";
import { near, runRecorded, samePrinted, sampleGolden } from "./helpers/run-sample.ts";

interface Golden {
  readonly printed: readonly string[];
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly beta0: number;
  readonly beta1: number;
  readonly x2At34: number;
  readonly losses50: readonly number[];
  readonly betaHistory: readonly (readonly number[])[];
  readonly bRange: readonly number[];
  readonly mRange: readonly number[];
  readonly landscape: readonly (readonly number[])[];
}

const golden = sampleGolden<Golden>("line-fit");
const points = makePoints();

test("the points are JAX's", () => {
  near(flat(points.x), golden.x, 3e-7);
  near(flat(points.y), golden.y, 3e-7);
});

test("least squares in closed form", () => {
  const { beta0, beta1 } = leastSquares(points);
  near([beta0.item(), beta1.item()], [golden.beta0, golden.beta1], 1e-6);
});

test("x2 and its gradient, a pair", () => {
  assert.equal(x2([np.array(3), np.array(4)]).item(), golden.x2At34);
  for (const [x, y] of [
    [1, 1],
    [2, 3],
    [3, 4],
  ] as const) {
    const gradient = gradOfX2([np.array(x), np.array(y)]);
    assert.ok(Array.isArray(gradient));
    assert.deepEqual(
      gradient.map((each: NdArray) => each.item()),
      [2 * x, 2 * y],
    );
  }
});

test("50 epochs of gradient descent, each as JAX has it", () => {
  let beta: NdArray = np.array([1, 1]);
  near(flat(beta), golden.betaHistory[0]!, 0);
  for (const [i, expected] of golden.losses50.entries()) {
    beta = beta.sub(gradOfLoss(beta, points.x, points.y).mul(0.1));
    near(flat(beta), golden.betaHistory[i + 1]!, 1e-6);
    near([loss(beta, points.x, points.y).item()], [expected], 1e-6);
  }
});

test("the loss landscape, 20 × 20", () => {
  const { bRange, mRange, losses } = lossLandscape(points);
  near(flat(bRange), golden.bRange, 1e-6);
  near(flat(mRange), golden.mRange, 1e-6);
  assert.deepEqual(losses.shape, [20, 20]);
  near(flat(losses), golden.landscape.flat(), 2e-6);
});

test("what the sample prints and plots", async () => {
  const { printed, shown, report } = await runRecorded(run);
  const lines = printed.filter((each) => each !== "");
  // The tuple of gradients, which Python prints with dtypes, is compared above; so is x2.
  const comparable = (line: string): boolean => /^(beta_|Step|Final)/.test(line);
  const ours = lines.filter(comparable);
  const python = golden.printed.filter(comparable);
  assert.equal(ours.length, python.length);
  for (const [i, line] of ours.entries()) samePrinted(line, python[i]!, 1e-6);
  assert.equal(
    lines[0],
    golden.printed[0]!.slice(2, -2).replaceAll("', '", "  "),
    "the first five points, as printed",
  );
  assert.equal(lines.filter((line) => line.startsWith("Step")).length, 60);

  const kinds = report.sections.map((section) => section.kind);
  assert.equal(kinds.filter((kind) => kind === "plot").length, 5);
  assert.equal(kinds.filter((kind) => kind === "plot3d").length, 1);
  // Live: the two histories grow with the epochs.
  assert.equal(shown.filter(({ id }) => id === "offset").length, 10);
});
