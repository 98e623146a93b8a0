/** samples/sigmoid-derivatives against the document's own code, run with JAX. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jit, numpy as np, vmap } from "weft";
import { gradient, hessian, sigmoid } from "../samples/sigmoid-derivatives/model.ts";
import { run } from "../samples/sigmoid-derivatives/sample.ts";
import { flat } from "./helpers/close.ts";
import { near, runRecorded, sampleGolden } from "./helpers/run-sample.ts";

interface Golden {
  readonly x: readonly number[];
  readonly derivative: readonly number[];
  readonly hessian: readonly number[];
  readonly sigmoid: readonly number[];
  readonly hessianAtZero: number;
}

const golden = sampleGolden<Golden>("sigmoid-derivatives");
const xRange = np.linspace(-5, 5, 100);

test("the sigmoid at 100 points", () => {
  near(flat(xRange), golden.x, 1e-6);
  near(flat(sigmoid(xRange)), golden.sigmoid, 2e-7);
});

test("its derivatives, point by point and by vmap", () => {
  near(
    [...xRange].map((x) => gradient(x).item()),
    golden.derivative,
    2e-7,
  );
  near(
    [...xRange].map((x) => hessian(x).item()),
    golden.hessian,
    2e-7,
  );
  near(flat(jit(vmap(gradient))(xRange)), golden.derivative, 2e-7);
  near(flat(jit(vmap(hessian))(xRange)), golden.hessian, 2e-7);
  assert.equal(hessian(np.array(0)).item(), golden.hessianAtZero);
});

test("what the sample prints and plots", async () => {
  const { printed, shown, report } = await runRecorded(run);
  assert.deepEqual(printed, [
    "sigmoid(0) = 0.5",
    "derivative at 0 = 0.25",
    `second derivative at 0 = ${golden.hessianAtZero}`,
  ]);
  assert.equal(report.sections.filter((section) => section.kind === "plot").length, 1);
  assert.deepEqual(
    shown.map(({ id }) => id),
    ["curves"],
  );
});
