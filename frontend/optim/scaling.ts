/** Updates times numbers: learning rates, schedules, trust ratios, step sizes by norms. */
import { type ArrayLike, asArray, convert, type NdArray, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { constantLike } from "../lax/operands.ts";
import { logicalOr, where } from "../numpy/logic.ts";
import { mean } from "../numpy/reductions.ts";
import { add, divide, maximum, minimum, multiply, subtract } from "../numpy/ufuncs.ts";
import {
  count0,
  type ExtraArgs,
  type GradientTransformation,
  identity,
  type ScalarOrSchedule,
  type Schedule,
  safeIncrement,
  stateless,
  statelessWithTreeMap,
  transformation,
  withParams,
} from "./base.ts";
import { globalNorm, safeNorm, safeRootMeanSquares, squaredNorm } from "./norms.ts";
import { inDtype, mapTree, type OptState, zerosOf } from "./trees.ts";

/** Updates times a number (`optax.scale`). */
export function scale(stepSize: ArrayLike): GradientTransformation {
  return statelessWithTreeMap((g) => multiply(g, stepSize));
}

/** `optax.ScaleByScheduleState`. */
export interface ScaleByScheduleState extends OptState {
  readonly count: NdArray;
}

/** Updates times a number that depends on the step (`optax.scale_by_schedule`). */
export function scaleBySchedule(schedule: Schedule): GradientTransformation<ScaleByScheduleState> {
  return transformation<ScaleByScheduleState>(
    ["count"],
    () => ({ count: count0() }),
    (updates, { count }) => {
      const size = schedule(count);
      return [mapTree((g) => multiply(inDtype(size, g.dtype), g), updates), { count: safeIncrement(count) }];
    },
  );
}

/**
 * Updates times minus the learning rate: down the gradient (`optax.scale_by_learning_rate`). null changes nothing;
 * flipSign false keeps the sign.
 */
export function scaleByLearningRate(
  learningRate: ScalarOrSchedule | null,
  options: { readonly flipSign?: boolean } = {},
): GradientTransformation {
  const { flipSign = true } = options;
  if (learningRate === null) return identity();
  const signed = (rate: ArrayLike): ArrayLike => {
    if (!flipSign) return rate;
    return typeof rate === "number" ? -rate : multiply(rate, -1);
  };
  if (typeof learningRate === "function") return scaleBySchedule((count) => signed(learningRate(count)));
  return scale(signed(learningRate));
}

/** The signs of updates (`optax.scale_by_sign`; Bernstein et al. 2018). */
export function scaleBySign(): GradientTransformation {
  return statelessWithTreeMap((g) => lax.sign(g));
}

/** Options of `scaleByTrustRatio`. */
export interface TrustRatioOptions {
  /** Least norm of parameters and updates. Default 0. */
  readonly minNorm?: ArrayLike;
  /** Default 1. */
  readonly trustCoefficient?: ArrayLike;
  /** Added to the norm of the updates. Default 0. */
  readonly eps?: ArrayLike;
}

/** Updates times ‖parameter‖ / ‖update‖, per leaf (`optax.scale_by_trust_ratio`; You et al. 2019). Needs the parameters. */
export function scaleByTrustRatio(options: TrustRatioOptions = {}): GradientTransformation {
  const { minNorm = 0, trustCoefficient = 1, eps = 0 } = options;
  return withParams("scaleByTrustRatio", (g, p) => {
    const paramNorm = safeNorm(p, minNorm);
    const updateNorm = safeNorm(g, minNorm);
    const trust = divide(multiply(paramNorm, trustCoefficient), add(updateNorm, eps));
    const zero = logicalOr(lax.eq(paramNorm, 0), lax.eq(updateNorm, 0));
    return multiply(g, where(zero, constantLike(paramNorm, 1), trust));
  });
}

/** Updates times the norm of their parameter, per leaf (`optax.scale_by_param_block_norm`). Needs the parameters. */
export function scaleByParamBlockNorm(minScale: ArrayLike = 1e-3): GradientTransformation {
  return withParams("scaleByParamBlockNorm", (g, p) => multiply(g, safeNorm(p, minScale)));
}

/** Updates times the root mean square of their parameter (`optax.scale_by_param_block_rms`). Needs the parameters. */
export function scaleByParamBlockRms(minScale: ArrayLike = 1e-3): GradientTransformation {
  return withParams("scaleByParamBlockRms", (g, p) => multiply(g, safeRootMeanSquares(p, minScale)));
}

/** Updates over their global norm (`optax.normalize_by_update_norm`). */
export function normalizeByUpdateNorm(
  options: { readonly scaleFactor?: ArrayLike; readonly eps?: ArrayLike } = {},
): GradientTransformation {
  const { scaleFactor = 1, eps = 1e-6 } = options;
  return stateless((updates) => {
    const norm = divide(add(globalNorm(updates), eps), scaleFactor);
    return mapTree((g) => divide(g, norm), updates);
  });
}

/** Updates of two and more axes minus their mean over all axes but the first (`optax.centralize`; Yong et al. 2020). */
export function centralize(): GradientTransformation {
  return statelessWithTreeMap((g) =>
    g.ndim < 2 ? g : subtract(g, mean(g, { axis: g.shape.slice(1).map((_, i) => i + 1), keepdims: true })),
  );
}

/** `optax.ScaleByOptimisticGradientState`. */
export interface ScaleByOptimisticGradientState extends OptState {
  readonly isInitialStep: NdArray;
  readonly previousGradient: unknown;
}

/** (α + β) · gradient − β · the one before (`optax.scale_by_optimistic_gradient`; Mokhtari et al. 2019). */
export function scaleByOptimisticGradient(
  options: { readonly alpha?: ArrayLike; readonly beta?: ArrayLike } = {},
): GradientTransformation<ScaleByOptimisticGradientState> {
  const { alpha = 1, beta = 1 } = options;
  const both = typeof alpha === "number" && typeof beta === "number" ? alpha + beta : add(alpha, beta);
  return transformation<ScaleByOptimisticGradientState>(
    ["isInitialStep", "previousGradient"],
    (params) => ({ isInitialStep: asArray(true), previousGradient: zerosOf(params) }),
    (updates, state) => [
      mapTree(
        (g, previous) => subtract(multiply(g, both), multiply(where(state.isInitialStep, g, previous), beta)),
        updates,
        state.previousGradient,
      ),
      { isInitialStep: asArray(false), previousGradient: updates },
    ],
  );
}

/** Options of `polyakSgd` and `scaleByPolyak`. */
export interface PolyakOptions {
  /** The least value of the loss. Default 0. */
  readonly fMin?: ArrayLike;
  /** Default 1. */
  readonly maxLearningRate?: ArrayLike;
  /** Added to the squared norm of the gradient. Default 0. */
  readonly eps?: ArrayLike;
  /** "sps+" takes a loss below fMin for fMin. Default "sps". */
  readonly variant?: "sps" | "sps+";
}

/**
 * Updates times Polyak's step size, (value − fMin) / ‖gradient‖² (`optax.scale_by_polyak`; Berrada et al. 2020). Needs
 * the extra argument `value`, the loss.
 */
export function scaleByPolyak(options: PolyakOptions = {}): GradientTransformation {
  const { fMin = 0, maxLearningRate = 1, eps = 0, variant = "sps" } = options;
  if (variant !== "sps" && variant !== "sps+") {
    throw new WeftValueError(`Invalid argument value for Polyak SGD: variant='${String(variant)}'`);
  }
  return {
    ...identity(),
    update<U>(updates: U, state: OptState, _params?: unknown, extra: ExtraArgs = {}): [U, OptState] {
      if (extra.value === undefined) {
        throw new WeftValueError(
          "scaleByPolyak needs the value of the loss: update(grads, state, params, { value })",
        );
      }
      const norm = squaredNorm(updates);
      const gap = convert(subtract(extra.value, fMin), norm.dtype);
      const positive = variant === "sps" ? gap : maximum(gap, 0);
      const regular = add(norm, eps);
      // As optax: float64's ε, whatever the dtype.
      const tiny = lax.le(regular, 2 ** -52);
      const step = where(tiny, 0, minimum(divide(positive, regular), maxLearningRate));
      return [mapTree<U>((g) => multiply(g, step), updates), state];
    },
  };
}
