/** samples/linear-regression against the document's own code, run with JAX, Flax and optax. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { numpy as np, optim, random } from "weft";
import { einsumForm, makeObservations, plane } from "../samples/linear-regression/dataset.ts";
import { flaxL2LossOf, LinearRegression } from "../samples/linear-regression/model.ts";
import { run } from "../samples/linear-regression/sample.ts";
import { train } from "../samples/linear-regression/training.ts";
import { flat } from "./helpers/close.ts";
import { near, runRecorded, sampleGolden } from "./helpers/run-sample.ts";

interface Dense {
  readonly dense: { readonly bias: readonly number[]; readonly kernel: readonly (readonly number[])[] };
}

interface Golden {
  readonly xObs: readonly (readonly number[])[];
  readonly yFirst: number;
  readonly yObs: readonly (readonly number[])[];
  readonly yEinsum: readonly (readonly number[])[];
  readonly init: Dense;
  readonly tabulate: string;
  readonly applyOneZero: readonly number[];
  readonly y0Pred: readonly number[];
  readonly lossByHand: readonly number[];
  readonly lossByOptax: number;
  readonly flaxL2Loss: number;
  readonly trained: { readonly losses: Readonly<Record<string, number>>; readonly params: Dense };
}

const golden = sampleGolden<Golden>("linear-regression");
const { xObs, yObs, yObsNoisy } = makeObservations();
const [x, y, yNoisy] = [xObs, yObs, yObsNoisy].map((each) => each.astype("float32"));
const model = new LinearRegression();
const key = random.PRNGKey(0);
const params = model.init(key, x);
const silent = {
  progress: () => ({ update: () => undefined, finish: () => undefined }),
  show: async () => undefined,
};

test("the points are NumPy's, bit for bit", () => {
  assert.deepEqual(xObs.slice([0, 10]).toArray(), golden.xObs);
  assert.deepEqual([plane(0, 1), plane(1, 0)], [5.2, 4.2]);
});

test("the plane: one by one, as a matrix product, by einsum", () => {
  const [x0, x1] = golden.xObs[0]!;
  assert.equal(plane(x0!, x1!), golden.yFirst);
  near(flat(yObs.slice([0, 5])), golden.yObs.flat(), 1e-15);
  near(flat(einsumForm(xObs).slice([0, 5])), golden.yEinsum.flat(), 1e-15);
  near(flat(einsumForm(xObs)), flat(yObs), 1e-15);
});

test("Flax's parameters for the key, and its table", () => {
  assert.deepEqual(Object.keys(params.params), ["dense"]);
  near(flat(params.params.dense.kernel), golden.init.dense.kernel.flat(), 1e-7);
  near(flat(params.params.dense.bias), golden.init.dense.bias, 0);
  const trimmed = (table: string): string =>
    table
      .replace(/[ \t]+$/gm, "")
      .replace(/^ +(?=\S)/gm, "")
      .trim();
  // Flax leaves the operations out unless asked for.
  assert.equal(trimmed(model.tabulate(key, x, { computeFlops: false })), trimmed(golden.tabulate));
  assert.match(model.tabulate(key, x), /flops/);
});

test("apply, and the loss by hand and from the library", () => {
  near(flat(model.apply(params, np.array([1, 0]))), golden.applyOneZero, 1e-7);
  const first = x!.slice(0);
  const { kernel, bias } = params.params.dense;
  const y0Pred = kernel
    .slice(0)
    .mul(first.slice(0))
    .add(kernel.slice(1).mul(first.slice(1)))
    .add(bias);
  near(flat(y0Pred), golden.y0Pred, 1e-6);
  near(flat(y0Pred.sub(y!.slice(0)).pow(2).div(2)), golden.lossByHand, 1e-6);
  const library = optim.l2Loss(model.apply(params, first).slice(0), y!.slice(0, 0));
  near([library.item()], [golden.lossByOptax], 1e-6);
  near([flaxL2LossOf(model)(params, first, y!.slice(0)).item()], [golden.flaxL2Loss], 1e-6);
});

test("10 000 epochs of Adam end where JAX does, near the plane", async () => {
  const { state, losses } = await train("test", model, params, [x!, yNoisy!], 10000, silent);
  for (const [epoch, loss] of Object.entries(golden.trained.losses))
    near([losses[Number(epoch)]!], [loss], 2e-5);
  const { kernel, bias } = state.params.params.dense;
  const found = [...flat(kernel), ...flat(bias)];
  const { dense } = golden.trained.params;
  near(found, [...dense.kernel.flat(), ...dense.bias], 1e-5);
  near(found, [1.1, 2.1, 3.1], 0.02);
  assert.equal(state.step.item(), 10000);
});

test("what the sample prints and plots", async () => {
  const { printed, shown, report } = await runRecorded(run, { quick: true });
  const lines = printed.join("\n");
  assert.match(lines, /^5\.2\n4\.2\n\[\[-5\.45327955 -3\.66483321\]/);
  assert.match(lines, /\(1, 2\) \(200, 2\)\n\[\[-10\.59475724\]/);
  assert.match(lines, /bias: \[0\.\], kernel: \[\[0\.82354623\], \[0\.23058918\]\]/);
  assert.match(lines, /OLS Regression Results[\s\S]*F-statistic: +6\.789e\+04[\s\S]*Durbin-Watson: +2\.001/);
  assert.match(lines, /coef_: \[\[1\.09581356 2\.09434038\]\]\nintercept_: \[3\.09513748\]/);
  assert.equal(printed.filter((line) => line.startsWith("Epoch: ")).length, 10);
  const kinds = report.sections.map((section) => section.kind);
  assert.equal(kinds.filter((kind) => kind === "plot3d").length, 2, "the plane, and the observations");
  assert.equal(kinds.filter((kind) => kind === "plot").length, 2, "loss and fit");
  assert.equal(shown.length, 4, "the loss after each 500 of 2000 epochs");
});
