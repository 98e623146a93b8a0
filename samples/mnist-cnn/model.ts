/** The network that "Introduction into JAX and Haiku" announces: a CNN for the digits of MNIST, in Haiku's words. */
import { grad, jit, lax, type NdArray, nn, numpy as np, optim, random } from "weft";
import * as hk from "weft/haiku";

/** Classes of the digits in f32[batch, 28, 28, 1], as logits f32[batch, 10]. */
export const network = hk.transform((images: NdArray): NdArray => {
  const mlp = new hk.Sequential([
    new hk.Conv2D(32, 3),
    nn.relu,
    new hk.MaxPool(2, 2, "VALID"),
    new hk.Conv2D(64, 3),
    nn.relu,
    new hk.MaxPool(2, 2, "VALID"),
    new hk.Flatten(),
    new hk.Linear(128),
    nn.relu,
    new hk.Linear(10),
  ]);
  return mlp.call(images);
});

/** Images of one step. */
export const BATCH_SIZE = 64;
/** Steps of an epoch of all 60 000 images; the last few, which fill no batch, wait for another order. */
export const STEPS = Math.floor(60_000 / BATCH_SIZE);

/** One cycle of the learning rate (Smith and Topin, 2018): what takes Adam at a constant rate three epochs is done in one. */
export const optimizer = optim.adam(optim.cosineOnecycleSchedule(STEPS, 4e-3, { pctStart: 0.1 }));

export type Params = ReturnType<typeof network.init>;

/** What training carries from step to step. */
export interface TrainingState {
  readonly params: Params;
  readonly optState: ReturnType<typeof optimizer.init>;
}

/** Bytes u8[…, 784] to images f32[…, 28, 28, 1] of numbers from 0 to 1. */
export function normalise(pixels: NdArray): NdArray {
  return pixels
    .astype("float32")
    .div(255)
    .reshape([...pixels.shape.slice(0, -1), 28, 28, 1]);
}

/** The mean cross entropy of a batch: images f32[batch, 28, 28, 1], labels i32[batch]. */
export function loss(params: Params, images: NdArray, labels: NdArray): NdArray {
  const logits = network.apply(params, null, images);
  return np.mean(optim.softmaxCrossEntropyWithIntegerLabels(logits, labels));
}

/** One step of Adam, and the loss before it. */
export function update(
  { params, optState }: TrainingState,
  images: NdArray,
  labels: NdArray,
): [TrainingState, NdArray] {
  const value = loss(params, images, labels);
  const grads = grad(loss)(params, images, labels);
  const [updates, newOptState] = optimizer.update(grads, optState, params);
  return [{ params: optim.applyUpdates(params, updates), optState: newOptState }, value];
}

/** Many steps as one compiled loop: batches[steps, batch] numbers the images of each. Returns the losses f32[steps]. */
export const trainSteps = jit(
  (state: TrainingState, pixels: NdArray, labels: NdArray, batches: NdArray): [TrainingState, NdArray] =>
    lax.scan(
      (carry: TrainingState, batch: NdArray) =>
        update(carry, normalise(np.take(pixels, batch, { axis: 0 })), np.take(labels, batch)),
      state,
      batches,
    ),
  { name: "train_steps", donateArgnums: [0] },
);

/** The class of each image: i32[n] from u8[n, 784]. */
export const classify = jit(
  (params: Params, pixels: NdArray): NdArray =>
    np.argmax(network.apply(params, null, normalise(pixels)), { axis: 1 }),
  { name: "classify" },
);

/** Parameters and optimizer at their start. */
export function initialState(seed: number): TrainingState {
  const params = network.init(random.PRNGKey(seed), np.zeros([1, 28, 28, 1]));
  return { params, optState: optimizer.init(params) };
}
