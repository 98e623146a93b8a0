/** Optimizers (optax's `_src/alias.py`): chains of transformations. */
import {
  type AdamOptions,
  addDecayedWeights,
  chain,
  type GradientTransformation,
  identity,
  type RmsOptions,
  type ScalarOrSchedule,
  scaleByAdadelta,
  scaleByAdam,
  scaleByAdamax,
  scaleByLearningRate,
  scaleByLion,
  scaleByRms,
  scaleByRss,
  scaleByStddev,
  trace,
} from "./transform.ts";

export interface MomentumOptions {
  /** Decay of the momentum; none by default. */
  readonly momentum?: number | null;
  readonly nesterov?: boolean;
}

function momentumOf({ momentum = null, nesterov = false }: MomentumOptions): GradientTransformation {
  return momentum === null ? identity() : trace(momentum, { nesterov });
}

/** Gradient descent, with momentum if wanted (`optax.sgd`). */
export function sgd(learningRate: ScalarOrSchedule, options: MomentumOptions = {}): GradientTransformation {
  return chain(momentumOf(options), scaleByLearningRate(learningRate));
}

/** Adam (`optax.adam`; Kingma & Ba 2014). */
export function adam(learningRate: ScalarOrSchedule, options: AdamOptions = {}): GradientTransformation {
  return chain(scaleByAdam(options), scaleByLearningRate(learningRate));
}

/** Adam with Nesterov momentum (`optax.nadam`). */
export function nadam(
  learningRate: ScalarOrSchedule,
  options: Omit<AdamOptions, "nesterov"> = {},
): GradientTransformation {
  return adam(learningRate, { ...options, nesterov: true });
}

/** Adam with decoupled weight decay (`optax.adamw`; Loshchilov & Hutter 2017). Its update needs the parameters. */
export function adamw(
  learningRate: ScalarOrSchedule,
  options: AdamOptions & { weightDecay?: number } = {},
): GradientTransformation {
  const { weightDecay = 1e-4, ...rest } = options;
  return chain(scaleByAdam(rest), addDecayedWeights(weightDecay), scaleByLearningRate(learningRate));
}

/** Adam with the maximum norm (`optax.adamax`). */
export function adamax(
  learningRate: ScalarOrSchedule,
  options: Pick<AdamOptions, "b1" | "b2" | "eps"> = {},
): GradientTransformation {
  return chain(scaleByAdamax(options), scaleByLearningRate(learningRate));
}

/** Signs of momentum, with weight decay (`optax.lion`; Chen et al. 2023). Its update needs the parameters. */
export function lion(
  learningRate: ScalarOrSchedule,
  options: { b1?: number; b2?: number; weightDecay?: number } = {},
): GradientTransformation {
  const { weightDecay = 1e-3, ...rest } = options;
  return chain(scaleByLion(rest), addDecayedWeights(weightDecay), scaleByLearningRate(learningRate));
}

/** RMSProp (`optax.rmsprop`; Hinton's lecture 6). */
export function rmsprop(
  learningRate: ScalarOrSchedule,
  options: RmsOptions & MomentumOptions & { centered?: boolean } = {},
): GradientTransformation {
  const scaled = (options.centered ?? false) ? scaleByStddev(options) : scaleByRms(options);
  return chain(scaled, scaleByLearningRate(learningRate), momentumOf(options));
}

/** AdaGrad (`optax.adagrad`; Duchi et al. 2011). */
export function adagrad(
  learningRate: ScalarOrSchedule,
  options: { initialAccumulatorValue?: number; eps?: number } = {},
): GradientTransformation {
  return chain(scaleByRss(options), scaleByLearningRate(learningRate));
}

/** AdaDelta (`optax.adadelta`; Zeiler 2012). */
export function adadelta(
  learningRate: ScalarOrSchedule = 1,
  options: { rho?: number; eps?: number; weightDecay?: number } = {},
): GradientTransformation {
  const { weightDecay = 0, ...rest } = options;
  const decay = weightDecay === 0 ? identity() : addDecayedWeights(weightDecay);
  return chain(decay, scaleByAdadelta(rest), scaleByLearningRate(learningRate));
}
