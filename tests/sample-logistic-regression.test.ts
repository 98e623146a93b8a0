/** samples/logistic-regression against the document's own code, run with JAX and scikit-learn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { grad, type NdArray, numpy as np, random } from "weft";
import { cost, costByC, costByW, iterate } from "../samples/logistic-regression/model.ts";
import { ETA, prepareData, run, SEED } from "../samples/logistic-regression/sample.ts";
import { close, flat } from "./helpers/close.ts";
import { near, runRecorded, sampleGolden } from "./helpers/run-sample.ts";

interface Golden {
  readonly seed: number;
  readonly eta: number;
  readonly w0: readonly number[];
  readonly yTrain: readonly number[];
  readonly yTest: readonly number[];
  readonly firstRow: readonly number[];
  readonly costs: readonly number[];
  readonly parameters: readonly { iteration: number; c: number; w: readonly number[] }[];
  readonly accuraciesTrain: readonly number[];
  readonly accuraciesTest: readonly number[];
  readonly report: string;
}

const golden = sampleGolden<Golden>("logistic-regression");
const data = prepareData();
const labels = np.array(Float32Array.from(data.yTrain));

test("samples, split and scaling are scikit-learn's", () => {
  assert.deepEqual([SEED, ETA], [golden.seed, golden.eta]);
  assert.deepEqual(Array.from(data.yTrain), golden.yTrain);
  assert.deepEqual(Array.from(data.yTest), golden.yTest);
  near(flat(data.xTrainS).slice(0, 20), golden.firstRow, 1e-7);
});

test("500 iterations: cost and parameters as JAX has them", () => {
  let c: NdArray = np.array(1);
  let w: NdArray = random.normal(random.PRNGKey(0), [20]);
  near(flat(w), golden.w0, 3e-7);
  const known = new Map(golden.parameters.map((each) => [each.iteration, each]));
  for (const [i, expected] of golden.costs.entries()) {
    if (i % 50 === 0 || i < 3) near([cost(c, w, data.xTrainS, labels).item()], [expected], 1e-5);
    [c, w] = iterate(c, w, data.xTrainS, labels, ETA);
    const there = known.get(i);
    if (there !== undefined) near([c.item(), ...flat(w)], [there.c, ...there.w], 1e-5);
  }
});

test("argnums 0 and 1 are the parts of both", () => {
  const [c, w] = [np.array(1), random.normal(random.PRNGKey(0), [20])];
  const [byC, byW] = grad(cost, { argnums: [0, 1] })(c, w, data.xTrainS, labels);
  close([costByC(c, w, data.xTrainS, labels), costByW(c, w, data.xTrainS, labels)], [byC, byW], 1e-6);
});

test("the accuracies and the report, as scikit-learn prints it", async () => {
  const { printed, report, shown } = await runRecorded(run);
  const curves = report.sections.find((section) => section.kind === "plot");
  const series = JSON.stringify(curves?.kind === "plot" && curves.spec);
  // A sample whose probability is within rounding of ½ may fall on the other side: none does here.
  for (const [name, expected] of [
    ["Train", golden.accuraciesTrain],
    ["Test", golden.accuraciesTest],
  ] as const) {
    const values = [...series.matchAll(/\{"series":"(\w+)","x":\d+,"y":([\d.e-]+)\}/g)];
    const ours = values.filter(([, of]) => of === name).map(([, , y]) => Number(y));
    near(ours, expected, 1e-12);
  }
  assert.ok(printed.join("\n").includes(golden.report.trimEnd()));
  assert.equal(shown.length, 25);
});
