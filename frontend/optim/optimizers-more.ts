/** Optimizers by layers, by signs, with noise, for large batches and games (optax's `_src/alias.py`). */
import type { ArrayLike } from "../core/index.ts";
import { add, multiply, power, square, subtract } from "../numpy/ufuncs.ts";
import type { KeyLike } from "../random/keys.ts";
import type { DType } from "../transforms/types.ts";
import { ema, trace } from "./accumulation.ts";
import { type AdamOptions, type NovogradOptions, scaleByAdam, scaleByNovograd } from "./adam.ts";
import { addDecayedWeights, addNoise } from "./adding.ts";
import type { GradientTransformation, ScalarOrSchedule } from "./base.ts";
import { clipByBlockRms } from "./clipping.ts";
import { chain } from "./combining.ts";
import { scaleByFactoredRms } from "./factored.ts";
import { type Mask, masked } from "./masking.ts";
import type { DecoupledDecayOptions } from "./optimizers.ts";
import { sgd } from "./optimizers.ts";
import { type RpropOptions, scaleByRprop, scaleBySm3 } from "./rms.ts";
import {
  type PolyakOptions,
  scale,
  scaleByLearningRate,
  scaleByOptimisticGradient,
  scaleByParamBlockRms,
  scaleByPolyak,
  scaleBySign,
  scaleByTrustRatio,
} from "./scaling.ts";

/** LAMB: Adam with a trust ratio per layer (`optax.lamb`; You et al. 2020). eps is 1e-6. Needs the parameters. */
export function lamb(
  learningRate: ScalarOrSchedule,
  options: Pick<AdamOptions, "b1" | "b2" | "eps" | "epsRoot"> & DecoupledDecayOptions = {},
): GradientTransformation {
  const { weightDecay = 0, mask = null, ...rest } = options;
  return chain(
    scaleByAdam({ eps: 1e-6, ...rest }),
    addDecayedWeights(weightDecay, mask),
    scaleByTrustRatio(),
    scaleByLearningRate(learningRate),
  );
}

/** Options of `lars`. */
export interface LarsOptions {
  /** Default 0. */
  readonly weightDecay?: ScalarOrSchedule;
  readonly weightDecayMask?: Mask;
  /** Default 1e-3. */
  readonly trustCoefficient?: ArrayLike;
  /** Added to the norm of the updates. Default 0. */
  readonly eps?: ArrayLike;
  readonly trustRatioMask?: Mask;
  /** Default 0.9. */
  readonly momentum?: ArrayLike;
  readonly nesterov?: boolean;
}

/** LARS: momentum with a trust ratio per layer (`optax.lars`; You et al. 2017). Needs the parameters. */
export function lars(learningRate: ScalarOrSchedule, options: LarsOptions = {}): GradientTransformation {
  const { weightDecay = 0, weightDecayMask = true, trustCoefficient = 1e-3, eps = 0 } = options;
  const { trustRatioMask = true, momentum = 0.9, nesterov = false } = options;
  return chain(
    addDecayedWeights(weightDecay, weightDecayMask),
    masked(scaleByTrustRatio({ trustCoefficient, eps }), trustRatioMask),
    scaleByLearningRate(learningRate),
    trace(momentum, { nesterov }),
  );
}

/** Fromage: steps that keep the parameters' norms in bounds (`optax.fromage`; Bernstein et al. 2020). Needs the parameters. */
export function fromage(learningRate: ScalarOrSchedule, minNorm: ArrayLike = 1e-6): GradientTransformation {
  const shrink = (rate: ArrayLike): ArrayLike =>
    typeof rate === "number" ? 1 / Math.sqrt(1 + rate * rate) : power(add(square(rate), 1), -0.5);
  const parts = (rate: ArrayLike): { step: ArrayLike; decay: ArrayLike } => {
    const factor = shrink(rate);
    return typeof rate === "number" && typeof factor === "number"
      ? { step: rate * factor, decay: factor - 1 }
      : { step: multiply(factor, rate), decay: subtract(factor, 1) };
  };
  const scheduled = typeof learningRate === "function";
  const fixed = scheduled ? null : parts(learningRate);
  return chain(
    scaleByTrustRatio({ minNorm }),
    scaleByLearningRate(scheduled ? (count) => parts(learningRate(count)).step : asRate(fixed?.step)),
    addDecayedWeights(scheduled ? (count) => parts(learningRate(count)).decay : asRate(fixed?.decay)),
  );
}

function asRate(rate: ArrayLike | undefined): ScalarOrSchedule {
  return rate === undefined || typeof rate === "boolean" ? 0 : rate;
}

/**
 * Gradient descent with normal noise of variance eta / (step + 1)^gamma (`optax.noisy_sgd`; Neelakantan et al. 2014).
 * `key` is a key or a seed.
 */
export function noisySgd(
  learningRate: ScalarOrSchedule,
  key: KeyLike | number,
  options: { readonly eta?: ArrayLike; readonly gamma?: ArrayLike } = {},
): GradientTransformation {
  const { eta = 0.01, gamma = 0.55 } = options;
  return chain(addNoise(eta, gamma, key), scaleByLearningRate(learningRate));
}

/** Steps by the signs of gradients (`optax.sign_sgd`; Bernstein et al. 2018). */
export function signSgd(learningRate: ScalarOrSchedule): GradientTransformation {
  return chain(scaleBySign(), scaleByLearningRate(learningRate));
}

/** Steps by the signs of averaged gradients (`optax.signum`; Bernstein et al. 2018). */
export function signum(
  learningRate: ScalarOrSchedule,
  options: { readonly beta?: ArrayLike; readonly accumulatorDtype?: DType | null } = {},
): GradientTransformation {
  const { beta = 0.9, accumulatorDtype } = options;
  return chain(
    ema(beta, { debias: false, accumulatorDtype }),
    scaleBySign(),
    scaleByLearningRate(learningRate),
  );
}

/** NovoGrad (`optax.novograd`; Ginsburg et al. 2019). b2 is 0.25, eps 1e-6 by default. Needs the parameters. */
export function novograd(
  learningRate: ScalarOrSchedule,
  options: Omit<NovogradOptions, "muDtype"> = {},
): GradientTransformation {
  return chain(scaleByNovograd({ eps: 1e-6, ...options }), scaleByLearningRate(learningRate));
}

/** Gradient descent that anticipates the next gradient, for games (`optax.optimistic_gradient_descent`). */
export function optimisticGradientDescent(
  learningRate: ScalarOrSchedule,
  options: { readonly alpha?: ArrayLike; readonly beta?: ArrayLike } = {},
): GradientTransformation {
  return chain(scaleByOptimisticGradient(options), scaleByLearningRate(learningRate));
}

/** Adam, Nesterov's by default, that anticipates the next update (`optax.optimistic_adam_v2`; Daskalakis et al. 2017). */
export function optimisticAdam(
  learningRate: ScalarOrSchedule,
  options: AdamOptions & { readonly alpha?: ArrayLike; readonly beta?: ArrayLike } = {},
): GradientTransformation {
  const { alpha = 1, beta = 1, ...rest } = options;
  return chain(
    scaleByAdam({ nesterov: true, ...rest }),
    scaleByOptimisticGradient({ alpha, beta }),
    scaleByLearningRate(learningRate),
  );
}

/** SM3: AdaGrad in little memory (`optax.sm3`; Anil et al. 2019). */
export function sm3(learningRate: ArrayLike, momentum: ArrayLike = 0.9): GradientTransformation {
  const negative = typeof learningRate === "number" ? -learningRate : multiply(learningRate, -1);
  return chain(scaleBySm3({ b1: momentum }), scale(negative));
}

/** Rprop: a step size per element, by signs, for whole batches (`optax.rprop`; Riedmiller & Braun 1993). */
export function rprop(learningRate: ArrayLike, options: RpropOptions = {}): GradientTransformation {
  return chain(scaleByRprop(learningRate, options), scale(-1));
}

/** Options of `adafactor`. */
export interface AdafactorOptions {
  readonly minDimSizeToFactor?: number;
  readonly decayRate?: ArrayLike;
  readonly decayOffset?: ArrayLike;
  /** Whether steps are in units of the parameters' root mean square. Default true. */
  readonly multiplyByParameterScale?: boolean;
  /** Bound of the updates' root mean square; null for none. Default 1. */
  readonly clippingThreshold?: ArrayLike | null;
  readonly momentum?: ArrayLike | null;
  /** Default "float32". */
  readonly dtypeMomentum?: DType;
  readonly weightDecayRate?: ScalarOrSchedule | null;
  /** Added to the squares. Default 1e-30. */
  readonly eps?: ArrayLike;
  readonly factored?: boolean;
  readonly weightDecayMask?: Mask | null;
}

/** Adafactor (`optax.adafactor`; Shazeer & Stern 2018). Needs the parameters. */
export function adafactor(
  learningRate: ScalarOrSchedule | null = null,
  options: AdafactorOptions = {},
): GradientTransformation {
  const { minDimSizeToFactor, decayRate, decayOffset, eps = 1e-30, factored } = options;
  const { multiplyByParameterScale = true, clippingThreshold = 1, momentum = null } = options;
  const { dtypeMomentum = "float32", weightDecayRate = null, weightDecayMask = null } = options;
  const parts: GradientTransformation[] = [
    scaleByFactoredRms({ factored, decayRate, stepOffset: decayOffset, minDimSizeToFactor, epsilon: eps }),
  ];
  if (clippingThreshold !== null) parts.push(clipByBlockRms(clippingThreshold));
  if (learningRate !== null) parts.push(scaleByLearningRate(learningRate, { flipSign: false }));
  if (multiplyByParameterScale) parts.push(scaleByParamBlockRms());
  if (momentum !== null) parts.push(ema(momentum, { debias: false, accumulatorDtype: dtypeMomentum }));
  if (weightDecayRate !== null) parts.push(addDecayedWeights(weightDecayRate, weightDecayMask));
  return chain(...parts, scale(-1));
}

/**
 * Gradient descent with Polyak's step size (`optax.polyak_sgd`; Loizou et al. 2021). Its update needs the extra argument
 * `value`, the loss: `update(grads, state, params, { value })`.
 */
export function polyakSgd(
  options: PolyakOptions & { readonly scaling?: ScalarOrSchedule } = {},
): GradientTransformation {
  const { scaling = 1, ...rest } = options;
  return chain(sgd(scaling), scaleByPolyak(rest));
}
