/** samples/mnist-cnn against Haiku and optax: the first steps of its training, on the real digits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { numpy as np, tree } from "weft";
import { mnist } from "../samples/mnist-cnn/dataset.ts";
import { BATCH_SIZE, initialState, network, normalise, trainSteps } from "../samples/mnist-cnn/model.ts";
import { SEED } from "../samples/mnist-cnn/sample.ts";
import { flat } from "./helpers/close.ts";
import { near, sampleGolden } from "./helpers/run-sample.ts";

interface Golden {
  readonly parameters: Readonly<Record<string, number>>;
  readonly losses: readonly number[];
  readonly logits: readonly (readonly number[])[];
}

const golden = sampleGolden<Golden>("mnist-cnn");

test("all the digits of MNIST", async () => {
  const { train, test } = await mnist();
  assert.deepEqual(
    [train.pixels, train.labels, test.pixels, test.labels].map((x) => x.aval.type.text),
    ["u8[60000,784]", "i32[60000]", "u8[10000,784]", "i32[10000]"],
  );
  assert.deepEqual(flat(train.labels.slice([0, 5])), [5, 0, 4, 1, 9]);
});

test("the parameters have Haiku's names and sizes", () => {
  const { params } = initialState(SEED);
  const found = Object.fromEntries(
    Object.entries(params).flatMap(([module, names]) =>
      Object.entries(names as Record<string, { size: number }>).map(([name, x]) => [
        `${module}/${name}`,
        x.size,
      ]),
    ),
  );
  assert.deepEqual(found, golden.parameters);
});

test("five steps of Adam", async () => {
  const { train } = await mnist();
  const steps = golden.losses.length;
  const batches = np.arange(steps * BATCH_SIZE, { dtype: "int32" }).reshape([steps, BATCH_SIZE]);
  const [state, losses] = trainSteps(initialState(SEED), train.pixels, train.labels, batches);
  near(flat(losses), golden.losses, 2e-5);
  const logits = network.apply(state.params, null, normalise(train.pixels.slice([0, 4])));
  near(flat(logits), golden.logits.flat(), 2e-4);
  assert.ok(tree.leaves(state.params).length > 0);
});
