/**
 * "Machine learning with JAX from scratch, part II": linear regression by gradient descent on the Swedish
 * auto-insurance data. Function by function the document's model, with its names in camelCase.
 */
import { grad, lax, type NdArray, numpy as np } from "weft";

/** f(x) = w·x + b */
export function forwardPass(feature: NdArray, weight: NdArray, bias: NdArray): NdArray {
  return weight.mul(feature).add(bias);
}

/** ½ (prediction - label)², for each example. */
export function calculateLoss(predictions: NdArray, labels: NdArray): NdArray {
  return np.square(predictions.sub(labels)).mul(1 / 2);
}

/** The mean loss over all examples. */
export function calculateCost(predictions: NdArray, labels: NdArray): NdArray {
  return np.mean(calculateLoss(predictions, labels));
}

export interface Parameters {
  readonly weight: NdArray;
  readonly bias: NdArray;
}

/** How the cost's derivative is found: (features, parameters, labels) → derivative by weight and by bias. */
export type Gradient = (features: NdArray, parameters: Parameters, labels: NdArray) => Parameters;

/** The derivative of the cost, worked out by hand as the document does. */
export function computeGradient(
  features: NdArray,
  { weight, bias }: Parameters,
  labels: NdArray,
): Parameters {
  const predictions = forwardPass(features, weight, bias);
  return {
    weight: np.mean(predictions.sub(labels).mul(features)),
    bias: np.mean(predictions.sub(labels).mul(1)),
  };
}

/** The same derivative from Weft. */
export function differentiateCost(features: NdArray, parameters: Parameters, labels: NdArray): Parameters {
  const cost = ({ weight, bias }: Parameters): NdArray =>
    calculateCost(forwardPass(features, weight, bias), labels);
  return grad(cost)(parameters);
}

/** One step of gradient descent. */
export function updateWeights(
  features: NdArray,
  parameters: Parameters,
  labels: NdArray,
  learningRate: number,
  gradient: Gradient,
): Parameters {
  const derivative = gradient(features, parameters, labels);
  return {
    weight: parameters.weight.sub(derivative.weight.mul(learningRate)),
    bias: parameters.bias.sub(derivative.bias.mul(learningRate)),
  };
}

export interface TrainingOptions {
  readonly epochs: number;
  readonly learningRate: number;
  readonly gradient: Gradient;
}

export interface Training {
  readonly parameters: Parameters;
  /** Cost before each epoch's update: f32[epochs]. */
  readonly costs: NdArray;
}

/** What the document trains with. */
export const DOCUMENT_TRAINING: TrainingOptions = {
  epochs: 50,
  learningRate: 0.0001,
  gradient: differentiateCost,
};

/** The document's training loop, as one loop inside the compiled function. */
export function train(
  features: NdArray,
  labels: NdArray,
  options: TrainingOptions = DOCUMENT_TRAINING,
): Training {
  const { epochs, learningRate, gradient } = options;
  const start: Parameters = { weight: np.array(0), bias: np.array(0) };
  const [parameters, costs] = lax.scan(
    (current: Parameters): [Parameters, NdArray] => {
      const predictions = forwardPass(features, current.weight, current.bias);
      const cost = calculateCost(predictions, labels);
      return [updateWeights(features, current, labels, learningRate, gradient), cost];
    },
    start,
    null,
    { length: epochs },
  );
  return { parameters, costs };
}
