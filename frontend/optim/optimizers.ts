/** Optimizers that scale by moving averages (optax's `_src/alias.py`): chains of transformations. */

import type { ArrayLike } from "../core/index.ts";
import { type TraceOptions, trace } from "./accumulation.ts";
import {
  type AdamOptions,
  type AdanOptions,
  type AmsgradOptions,
  type BeliefOptions,
  type LionOptions,
  type RadamOptions,
  scaleByAdam,
  scaleByAdamax,
  scaleByAdan,
  scaleByAmsgrad,
  scaleByBelief,
  scaleByLion,
  scaleByRadam,
  scaleByYogi,
  type YogiOptions,
} from "./adam.ts";
import { addDecayedWeights } from "./adding.ts";
import { type GradientTransformation, identity, type ScalarOrSchedule } from "./base.ts";
import { chain } from "./combining.ts";
import type { Mask } from "./masking.ts";
import {
  type AdadeltaOptions,
  type RmsOptions,
  type RssOptions,
  scaleByAdadelta,
  scaleByRms,
  scaleByRss,
  scaleByStddev,
} from "./rms.ts";
import { scaleByLearningRate } from "./scaling.ts";

/** Options of `sgd` and `rmsprop`. */
export interface MomentumOptions extends TraceOptions {
  /** Decay of the momentum; none by default. */
  readonly momentum?: ArrayLike | null;
}

function momentumOf({ momentum = null, ...options }: MomentumOptions): GradientTransformation {
  return momentum === null ? identity() : trace(momentum, options);
}

/** Weight decay apart from the gradient's scaling. */
export interface DecoupledDecayOptions {
  /** Parameters times this, or a schedule, are added before the learning rate. */
  readonly weightDecay?: ScalarOrSchedule;
  /** Where weights decay: a tree of booleans. Default everywhere. */
  readonly mask?: Mask | null;
}

/** `scaled`, then weight decay, then the learning rate. */
function decoupled(
  scaled: GradientTransformation,
  learningRate: ScalarOrSchedule,
  { weightDecay = 0, mask = null }: DecoupledDecayOptions,
): GradientTransformation {
  return chain(scaled, addDecayedWeights(weightDecay, mask), scaleByLearningRate(learningRate));
}

/** Gradient descent, with momentum if wanted (`optax.sgd`; Sutskever et al. 2013). */
export function sgd(learningRate: ScalarOrSchedule, options: MomentumOptions = {}): GradientTransformation {
  return chain(momentumOf(options), scaleByLearningRate(learningRate));
}

/** Adam (`optax.adam`; Kingma & Ba 2014). */
export function adam(learningRate: ScalarOrSchedule, options: AdamOptions = {}): GradientTransformation {
  return chain(scaleByAdam(options), scaleByLearningRate(learningRate));
}

/** Adam with Nesterov momentum (`optax.nadam`; Dozat 2016). */
export function nadam(
  learningRate: ScalarOrSchedule,
  options: Omit<AdamOptions, "nesterov"> = {},
): GradientTransformation {
  return adam(learningRate, { ...options, nesterov: true });
}

/**
 * Adam with decoupled weight decay, 1e-4 by default (`optax.adamw`; Loshchilov & Hutter 2017). Its update needs the
 * parameters.
 */
export function adamw(
  learningRate: ScalarOrSchedule,
  options: AdamOptions & DecoupledDecayOptions = {},
): GradientTransformation {
  return decoupled(scaleByAdam(options), learningRate, { weightDecay: 1e-4, ...options });
}

/** AdamW with Nesterov momentum (`optax.nadamw`). Its update needs the parameters. */
export function nadamw(
  learningRate: ScalarOrSchedule,
  options: Omit<AdamOptions, "nesterov"> & DecoupledDecayOptions = {},
): GradientTransformation {
  return adamw(learningRate, { ...options, nesterov: true });
}

/** Adam with the maximum norm (`optax.adamax`; Kingma & Ba 2014). */
export function adamax(
  learningRate: ScalarOrSchedule,
  options: Pick<AdamOptions, "b1" | "b2" | "eps"> = {},
): GradientTransformation {
  return chain(scaleByAdamax(options), scaleByLearningRate(learningRate));
}

/** Adamax with decoupled weight decay, 1e-4 by default (`optax.adamaxw`). Its update needs the parameters. */
export function adamaxw(
  learningRate: ScalarOrSchedule,
  options: Pick<AdamOptions, "b1" | "b2" | "eps"> & DecoupledDecayOptions = {},
): GradientTransformation {
  return decoupled(scaleByAdamax(options), learningRate, { weightDecay: 1e-4, ...options });
}

/** Adam with the greatest second moment so far (`optax.amsgrad`; Reddi et al. 2018). */
export function amsgrad(
  learningRate: ScalarOrSchedule,
  options: AmsgradOptions = {},
): GradientTransformation {
  return chain(scaleByAmsgrad(options), scaleByLearningRate(learningRate));
}

/** AdaBelief (`optax.adabelief`; Zhuang et al. 2020). eps and epsRoot are 1e-16 by default. */
export function adabelief(
  learningRate: ScalarOrSchedule,
  options: BeliefOptions = {},
): GradientTransformation {
  return chain(scaleByBelief(options), scaleByLearningRate(learningRate));
}

/** Yogi (`optax.yogi`; Zaheer et al. 2018). eps is 1e-3 by default. */
export function yogi(
  learningRate: ScalarOrSchedule,
  options: Pick<YogiOptions, "b1" | "b2" | "eps"> = {},
): GradientTransformation {
  return chain(scaleByYogi(options), scaleByLearningRate(learningRate));
}

/** Rectified Adam (`optax.radam`; Liu et al. 2020). */
export function radam(learningRate: ScalarOrSchedule, options: RadamOptions = {}): GradientTransformation {
  return chain(scaleByRadam(options), scaleByLearningRate(learningRate));
}

/** Adan (`optax.adan`; Xie et al. 2022). epsRoot is 1e-8 by default. Its update needs the parameters. */
export function adan(
  learningRate: ScalarOrSchedule,
  options: AdanOptions & DecoupledDecayOptions = {},
): GradientTransformation {
  return decoupled(scaleByAdan({ epsRoot: 1e-8, ...options }), learningRate, options);
}

/**
 * Signs of momentum, with weight decay, 1e-3 by default (`optax.lion`; Chen et al. 2023). Its update needs the
 * parameters.
 */
export function lion(
  learningRate: ScalarOrSchedule,
  options: Pick<LionOptions, "b1" | "b2" | "muDtype"> & DecoupledDecayOptions = {},
): GradientTransformation {
  const { b1, b2, muDtype } = options;
  return decoupled(scaleByLion({ b1, b2, muDtype }), learningRate, { weightDecay: 1e-3, ...options });
}

/** RMSProp (`optax.rmsprop`; Hinton's lecture 6, centered: Graves 2013). */
export function rmsprop(
  learningRate: ScalarOrSchedule,
  options: RmsOptions & Omit<MomentumOptions, "accumulatorDtype"> & { readonly centered?: boolean } = {},
): GradientTransformation {
  const { centered = false, momentum, nesterov, ...rms } = options;
  const scaled = centered ? scaleByStddev(rms) : scaleByRms(rms);
  return chain(scaled, scaleByLearningRate(learningRate), momentumOf({ momentum, nesterov }));
}

/** AdaGrad (`optax.adagrad`; Duchi et al. 2011). */
export function adagrad(learningRate: ScalarOrSchedule, options: RssOptions = {}): GradientTransformation {
  return chain(scaleByRss(options), scaleByLearningRate(learningRate));
}

/** Options of `adadelta`. */
export interface AdadeltaOptimizerOptions extends AdadeltaOptions {
  readonly weightDecay?: ScalarOrSchedule;
  readonly weightDecayMask?: Mask | null;
}

/** AdaDelta (`optax.adadelta`; Zeiler 2012). Its update needs the parameters if weights decay. */
export function adadelta(
  learningRate: ScalarOrSchedule | null = null,
  options: AdadeltaOptimizerOptions = {},
): GradientTransformation {
  const { weightDecay = 0, weightDecayMask = null, ...rest } = options;
  const decay = weightDecay === 0 ? identity() : addDecayedWeights(weightDecay, weightDecayMask);
  return chain(decay, scaleByAdadelta(rest), scaleByLearningRate(learningRate));
}
