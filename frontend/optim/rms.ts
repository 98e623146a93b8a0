/** Updates scaled by what is known of their squares and signs: RMSProp, AdaGrad and their kin. */
import type { ArrayLike, NdArray } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { reshape } from "../lax/movement.ts";
import { constantLike } from "../lax/operands.ts";
import { where } from "../numpy/logic.ts";
import { max } from "../numpy/reductions.ts";
import { add, clip, divide, minimum, multiply, square, subtract } from "../numpy/ufuncs.ts";
import { count0, type GradientTransformation, safeIncrement, transformation } from "./base.ts";
import { biasCorrection, oneMinus, updateMoment } from "./moments.ts";
import { fullLike } from "./tree-utils.ts";
import { arraysOf, mapParts, mapTree, type OptState, zerosOf } from "./trees.ts";

/** `optax.ScaleByRmsState`; `count` only with biasCorrection. */
export interface ScaleByRmsState extends OptState {
  readonly count?: NdArray;
  readonly nu: unknown;
}

/** Options of `rmsprop`, `scaleByRms` and `scaleByStddev`. */
export interface RmsOptions {
  /** Decay of the averages. Default 0.9. */
  readonly decay?: ArrayLike;
  /** Added under the root, or to it without epsInSqrt. Default 1e-8. */
  readonly eps?: ArrayLike;
  /** First value of the mean square. Default 0. */
  readonly initialScale?: ArrayLike;
  /** Whether eps is added under the root. Default true. */
  readonly epsInSqrt?: boolean;
  /** Whether the averages are bias corrected. Default false. */
  readonly biasCorrection?: boolean;
}

/** Updates over the root of their mean square (`optax.scale_by_rms`; Hinton's lecture 6). */
export function scaleByRms(options: RmsOptions = {}): GradientTransformation<ScaleByRmsState> {
  const { decay = 0.9, initialScale = 0, biasCorrection: corrected = false } = options;
  const scaling = rmsScaling(options);
  return transformation<ScaleByRmsState>(
    corrected ? ["count", "nu"] : ["nu"],
    (params) => ({ ...counted(corrected), nu: fullLike(params, initialScale) }),
    (updates, state) => {
      const nu = updateMoment(updates, state.nu, decay, 2);
      const count = nextCount(state.count);
      const hat = count === null ? nu : biasCorrection(nu, decay, count);
      return [mapTree((g, v) => multiply(scaling(v), g), updates, hat), { ...countField(count), nu }];
    },
  );
}

/** `optax.ScaleByRStdDevState`; `count` only with biasCorrection. */
export interface ScaleByRStdDevState extends OptState {
  readonly count?: NdArray;
  readonly mu: unknown;
  readonly nu: unknown;
}

/** Updates over their standard deviation (`optax.scale_by_stddev`; Graves 2013). */
export function scaleByStddev(options: RmsOptions = {}): GradientTransformation<ScaleByRStdDevState> {
  const { decay = 0.9, initialScale = 0, biasCorrection: corrected = false } = options;
  const scaling = rmsScaling(options);
  return transformation<ScaleByRStdDevState>(
    corrected ? ["count", "mu", "nu"] : ["mu", "nu"],
    (params) => ({ ...counted(corrected), mu: zerosOf(params), nu: fullLike(params, initialScale) }),
    (updates, state) => {
      const mu = updateMoment(updates, state.mu, decay, 1);
      const nu = updateMoment(updates, state.nu, decay, 2);
      const count = nextCount(state.count);
      const [first, second] =
        count === null ? [mu, nu] : [biasCorrection(mu, decay, count), biasCorrection(nu, decay, count)];
      const result = mapTree(
        (g, m, v) => multiply(scaling(subtract(v, square(m))), g),
        updates,
        first,
        second,
      );
      return [result, { ...countField(count), mu, nu }];
    },
  );
}

/** 1 over the root of a mean square. */
function rmsScaling({ eps = 1e-8, epsInSqrt = true }: RmsOptions): (v: NdArray) => NdArray {
  return epsInSqrt ? (v) => lax.rsqrt(add(v, eps)) : (v) => divide(1, add(lax.sqrt(v), eps));
}

function counted(corrected: boolean): { count?: NdArray } {
  return corrected ? { count: count0() } : {};
}

function nextCount(count: NdArray | undefined): NdArray | null {
  return count === undefined ? null : safeIncrement(count);
}

function countField(count: NdArray | null): { count?: NdArray } {
  return count === null ? {} : { count };
}

/** `optax.ScaleByRssState`. */
export interface ScaleByRssState extends OptState {
  readonly sumOfSquares: unknown;
}

/** Options of `adagrad` and `scaleByRss`. */
export interface RssOptions {
  /** First value of the sum of squares. Default 0.1. */
  readonly initialAccumulatorValue?: ArrayLike;
  /** Added under the root. Default 1e-7. */
  readonly eps?: ArrayLike;
}

/** Updates over the root of the sum of all their squares (`optax.scale_by_rss`; Duchi et al. 2011). */
export function scaleByRss(options: RssOptions = {}): GradientTransformation<ScaleByRssState> {
  const { initialAccumulatorValue = 0.1, eps = 1e-7 } = options;
  return transformation<ScaleByRssState>(
    ["sumOfSquares"],
    (params) => ({ sumOfSquares: fullLike(params, initialAccumulatorValue) }),
    (updates, state) => {
      const sumOfSquares = mapTree((g, s) => add(square(g), s), updates, state.sumOfSquares);
      const result = mapTree(
        (g, s) => multiply(where(lax.gt(s, 0), lax.rsqrt(add(s, eps)), 0), g),
        updates,
        sumOfSquares,
      );
      return [result, { sumOfSquares }];
    },
  );
}

/** `optax.ScaleByAdaDeltaState`. */
export interface ScaleByAdaDeltaState extends OptState {
  readonly eG: unknown;
  readonly eX: unknown;
}

/** Options of `scaleByAdadelta`. */
export interface AdadeltaOptions {
  /** Decay of the mean squares. Default 0.9. */
  readonly rho?: ArrayLike;
  /** Added under the roots. Default 1e-6. */
  readonly eps?: ArrayLike;
}

/** Updates in the units of the parameters (`optax.scale_by_adadelta`; Zeiler 2012). */
export function scaleByAdadelta(options: AdadeltaOptions = {}): GradientTransformation<ScaleByAdaDeltaState> {
  const { rho = 0.9, eps = 1e-6 } = options;
  return transformation<ScaleByAdaDeltaState>(
    ["eG", "eX"],
    (params) => ({ eG: zerosOf(params), eX: zerosOf(params) }),
    (updates, state) => {
      const eG = updateMoment(updates, state.eG, rho, 2);
      const result = mapTree(
        (g, s, x) => multiply(divide(lax.sqrt(add(x, eps)), lax.sqrt(add(s, eps))), g),
        updates,
        eG,
        state.eX,
      );
      return [result, { eG, eX: updateMoment(result, state.eX, rho, 2) }];
    },
  );
}

/** `optax.ScaleBySM3State`: `mu` has an array per axis in place of each leaf. */
export interface ScaleBySM3State extends OptState {
  readonly mu: unknown;
  readonly nu: unknown;
}

/**
 * AdaGrad that keeps a number per row and per column instead of one per element (`optax.scale_by_sm3`; Anil et al.
 * 2019), with momentum b1.
 */
export function scaleBySm3(
  options: { readonly b1?: ArrayLike; readonly b2?: ArrayLike; readonly eps?: ArrayLike } = {},
): GradientTransformation<ScaleBySM3State> {
  const { b1 = 0.9, b2 = 1, eps = 1e-8 } = options;
  const fresh = b2 === 1 ? 1 : oneMinus(b2);
  return transformation<ScaleBySM3State>(
    ["mu", "nu"],
    (params) => ({ mu: mapParts((p) => covers(constantLike(p, 0)), params), nu: zerosOf(params) }),
    (updates, state) => {
      const accumulated = mapParts(
        (g, mu) => {
          const shared = arraysOf(mu).map((v, axis) =>
            reshape(
              v,
              g.shape.map((n, a) => (a === axis ? n : 1)),
            ),
          );
          return add(multiply(square(g), fresh), multiply(shared.reduce(minimum), b2));
        },
        updates,
        state.mu,
      );
      const scaled = mapTree(
        (g, a) => multiply(g, where(lax.gt(a, 0), lax.rsqrt(add(a, eps)), 0)),
        updates,
        accumulated,
      );
      const nu = updateMoment(scaled, state.nu, b1, 1);
      return [nu, { mu: mapParts(covers, accumulated), nu }];
    },
  );
}

/** The greatest element of each slice along each axis; a vector or a scalar covers itself. */
function covers(x: NdArray): NdArray[] {
  if (x.ndim < 2) return [x];
  const axes = x.shape.map((_, axis) => axis);
  return axes.map((axis) => max(x, { axis: axes.filter((a) => a !== axis) }));
}

/** `optax.ScaleByRpropState`. */
export interface ScaleByRpropState extends OptState {
  readonly stepSizes: unknown;
  readonly prevUpdates: unknown;
}

/** Options of `rprop` and `scaleByRprop`. */
export interface RpropOptions {
  /** Factor of a step size where the sign of the gradient changed. Default 0.5. */
  readonly etaMinus?: ArrayLike;
  /** Factor of a step size where it did not. Default 1.2. */
  readonly etaPlus?: ArrayLike;
  /** Default 1e-6. */
  readonly minStepSize?: ArrayLike;
  /** Default 50. */
  readonly maxStepSize?: ArrayLike;
}

/** Steps by the signs of gradients alone, a step size per element (`optax.scale_by_rprop`; Riedmiller & Braun 1993). */
export function scaleByRprop(
  learningRate: ArrayLike,
  options: RpropOptions = {},
): GradientTransformation<ScaleByRpropState> {
  const { etaMinus = 0.5, etaPlus = 1.2, minStepSize = 1e-6, maxStepSize = 50 } = options;
  return transformation<ScaleByRpropState>(
    ["stepSizes", "prevUpdates"],
    (params) => ({ stepSizes: fullLike(params, learningRate), prevUpdates: zerosOf(params) }),
    (updates, state) => {
      const agreement = mapTree(multiply, updates, state.prevUpdates);
      const stepSizes = mapTree(
        (s, size) =>
          where(
            lax.eq(s, 0),
            size,
            clip(
              where(lax.gt(s, 0), multiply(size, etaPlus), multiply(size, etaMinus)),
              minStepSize,
              maxStepSize,
            ),
          ),
        agreement,
        state.stepSizes,
      );
      const steps = mapTree(
        (s, g, size) => where(lax.lt(s, 0), 0, multiply(size, lax.sign(g))),
        agreement,
        updates,
        stepSizes,
      );
      // As optax: a step is made in the next update, and only if the gradient's sign has not changed since.
      const result = mapTree((s, old) => where(lax.lt(s, 0), 0, old), agreement, state.prevUpdates);
      return [result, { stepSizes, prevUpdates: steps }];
    },
  );
}
