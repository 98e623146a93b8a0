/** Gradient transformations, the parts optimizers are made of (optax's `_src/base.py` and `_src/transform.py`). */
import { type ArrayLike, convert, full, type NdArray, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { constantLike } from "../lax/operands.ts";
import { zerosLike } from "../numpy/creation.ts";
import { isnan, where } from "../numpy/logic.ts";
import { sum } from "../numpy/reductions.ts";
import { add, clip as clipArray, divide, maximum, multiply, square, subtract } from "../numpy/ufuncs.ts";
import type { Result } from "../transforms/types.ts";
import { arrayPart, arraysOf, mapTree, type OptState, part, sealed } from "./trees.ts";

/** A pair of pure functions (`optax.GradientTransformation`). */
export interface GradientTransformation {
  /** The first state for parameters of this structure. */
  init(params: unknown): OptState;
  /**
   * What to add to the parameters, from gradients of their structure, and the next state. Some transformations need
   * the parameters too and throw WeftValueError without them.
   */
  update<U>(updates: U, state: OptState, params?: unknown): [updates: U, state: OptState];
}

/** A learning rate, or a function of the number of steps done. */
export type ScalarOrSchedule = number | NdArray | Schedule;
/** A value by step: an int32 scalar that counts from 0. */
export type Schedule = (count: NdArray) => ArrayLike;

/** A transformation without a state. */
function stateless(
  f: (update: NdArray, param: NdArray | undefined) => NdArray,
  needsParams = "",
): GradientTransformation {
  return {
    init: () => sealed(null),
    update<U>(updates: U, state: OptState, params?: unknown): [U, OptState] {
      if (needsParams === "") return [mapTree<U>((g) => f(g, undefined), updates), state];
      return [mapTree<U>((g, p) => f(g, p), updates, required(params, needsParams)), state];
    },
  };
}

function required(params: unknown, name: string): unknown {
  if (params !== undefined) return params;
  throw new WeftValueError(
    `You are using a transformation that requires the current value of parameters (${name}), but you are not passing ` +
      "`params` when calling `update`.",
  );
}

function zeros(params: unknown): unknown {
  return mapTree((p) => zerosLike(p), params);
}

function count0(): NdArray {
  return full(0, "int32");
}

/** The next count; it stays at the greatest int32 (`optax.safe_increment`). */
function increment(count: NdArray): NdArray {
  return lax.select(lax.lt(count, 2147483647), lax.add(count, 1), count);
}

/** Changes nothing (`optax.identity`). */
export function identity(): GradientTransformation {
  return { init: () => sealed(null), update: (updates, state) => [updates, state] };
}

/** All updates 0 (`optax.set_to_zero`). */
export function setToZero(): GradientTransformation {
  return stateless((g) => zerosLike(g));
}

/** Transformations one after the other (`optax.chain`). */
export function chain(...transforms: readonly GradientTransformation[]): GradientTransformation {
  return {
    init: (params) => sealed(transforms.map((t) => t.init(params))),
    update<U>(updates: U, state: OptState, params?: unknown): [U, OptState] {
      if (!Array.isArray(state) || state.length !== transforms.length) {
        throw new WeftValueError(
          "The number of updates and states has to be the same in chain! Make sure you have called init first!",
        );
      }
      const states: OptState[] = [];
      let current = updates;
      for (const [i, t] of transforms.entries()) {
        const [next, s] = t.update(current, state[i], params);
        current = next;
        states.push(s);
      }
      return [current, sealed(states)];
    },
  };
}

/** Updates times a number (`optax.scale`). */
export function scale(stepSize: ArrayLike): GradientTransformation {
  return stateless((g) => multiply(g, stepSize));
}

/** Updates times a number that depends on the step (`optax.scale_by_schedule`). */
export function scaleBySchedule(schedule: Schedule): GradientTransformation {
  return {
    init: () => sealed({ count: count0() }),
    update<U>(updates: U, state: OptState): [U, OptState] {
      const count = arrayPart(state, "count");
      const size = schedule(count);
      const scaled = mapTree<U>((g) => convert(multiply(g, size), g.dtype), updates);
      return [scaled, sealed({ count: increment(count) })];
    },
  };
}

/** Updates times minus the learning rate: down the gradient (`optax.scale_by_learning_rate`). */
export function scaleByLearningRate(learningRate: ScalarOrSchedule): GradientTransformation {
  if (typeof learningRate === "function")
    return scaleBySchedule((count) => multiply(learningRate(count), -1));
  return scale(typeof learningRate === "number" ? -learningRate : lax.neg(learningRate));
}

/** Gradients collected with a decay: momentum (`optax.trace`). */
export function trace(decay: number, options: { nesterov?: boolean } = {}): GradientTransformation {
  const { nesterov = false } = options;
  return {
    init: (params) => sealed({ trace: zeros(params) }),
    update<U>(updates: U, state: OptState): [U, OptState] {
      const old = part(state, "trace");
      const collected = mapTree((g, t) => add(g, multiply(t, decay)), updates, old);
      const result = nesterov
        ? mapTree<U>((g, t) => add(g, multiply(t, decay)), updates, collected)
        : mapTree<U>((_, t) => t, updates, collected);
      return [result, sealed({ trace: collected })];
    },
  };
}

/** decay · old + (1 − decay) · new, leaf by leaf. */
function movingAverage(
  updates: unknown,
  average: unknown,
  decay: number,
  f: (g: NdArray) => NdArray,
): unknown {
  return mapTree((g, m) => add(multiply(f(g), 1 - decay), multiply(m, decay)), updates, average);
}

/** 1 − decayᵏ: what a moving average that started from 0 has to be divided by, in float32 or as exact as the average. */
function biasCorrection(decay: number, count: NdArray): (average: NdArray) => NdArray {
  return ({ dtype }) => {
    const exact = dtype === "float64" ? "float64" : "float32";
    return subtract(1, lax.pow(full(decay, exact), convert(count, exact)));
  };
}

export interface AdamOptions {
  /** Decay of the first moment. Default 0.9. */
  readonly b1?: number;
  /** Decay of the second moment. Default 0.999. */
  readonly b2?: number;
  /** Added to the denominator outside of the root. Default 1e-8. */
  readonly eps?: number;
  /** Added under the root. Default 0. */
  readonly epsRoot?: number;
  readonly nesterov?: boolean;
}

/** Updates over the root of their second moment, bias corrected (`optax.scale_by_adam`; Kingma & Ba 2014). */
export function scaleByAdam(options: AdamOptions = {}): GradientTransformation {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, epsRoot = 0, nesterov = false } = options;
  return {
    init: (params) => sealed({ count: count0(), mu: zeros(params), nu: zeros(params) }),
    update<U>(updates: U, state: OptState): [U, OptState] {
      const mu = movingAverage(updates, part(state, "mu"), b1, (g) => g);
      const nu = movingAverage(updates, part(state, "nu"), b2, square);
      const count = increment(arrayPart(state, "count"));
      const c1 = biasCorrection(b1, count);
      const c2 = biasCorrection(b2, count);
      const next = nesterov ? biasCorrection(b1, increment(count)) : null;
      const result = mapTree<U>(
        (g, m, v) => {
          const first =
            next === null
              ? divide(m, c1(m))
              : add(multiply(divide(m, next(m)), b1), multiply(divide(g, c1(m)), 1 - b1));
          return convert(divide(first, add(lax.sqrt(add(divide(v, c2(v)), epsRoot)), eps)), g.dtype);
        },
        updates,
        mu,
        nu,
      );
      return [result, sealed({ count, mu, nu })];
    },
  };
}

/** Updates over the greatest of their decayed magnitudes (`optax.scale_by_adamax`). */
export function scaleByAdamax(options: Pick<AdamOptions, "b1" | "b2" | "eps"> = {}): GradientTransformation {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8 } = options;
  return {
    init: (params) => sealed({ count: count0(), mu: zeros(params), nu: zeros(params) }),
    update<U>(updates: U, state: OptState): [U, OptState] {
      const count = increment(arrayPart(state, "count"));
      const mu = movingAverage(updates, part(state, "mu"), b1, (g) => g);
      const nu = mapTree(
        (g, v) => maximum(add(lax.abs(g), eps), multiply(v, b2)),
        updates,
        part(state, "nu"),
      );
      const c1 = biasCorrection(b1, count);
      return [
        mapTree<U>((g, m, v) => convert(divide(divide(m, c1(m)), v), g.dtype), updates, mu, nu),
        sealed({ count, mu, nu }),
      ];
    },
  };
}

/** Signs of interpolated momentum (`optax.scale_by_lion`; Chen et al. 2023). */
export function scaleByLion(options: { b1?: number; b2?: number } = {}): GradientTransformation {
  const { b1 = 0.9, b2 = 0.99 } = options;
  return {
    init: (params) => sealed({ mu: zeros(params) }),
    update<U>(updates: U, state: OptState): [U, OptState] {
      const old = part(state, "mu");
      const result = mapTree<U>((g, m) => lax.sign(add(multiply(g, 1 - b1), multiply(m, b1))), updates, old);
      return [result, sealed({ mu: movingAverage(updates, old, b2, (g) => g) })];
    },
  };
}

export interface RmsOptions {
  /** Default 0.9. */
  readonly decay?: number;
  /** Added under the root. Default 1e-8. */
  readonly eps?: number;
  /** First value of the mean square. Default 0. */
  readonly initialScale?: number;
}

function filled(params: unknown, value: number): unknown {
  return mapTree((p) => constantLike(p, value), params);
}

/** Updates over the root of their mean square (`optax.scale_by_rms`). */
export function scaleByRms(options: RmsOptions = {}): GradientTransformation {
  const { decay = 0.9, eps = 1e-8, initialScale = 0 } = options;
  return {
    init: (params) => sealed({ nu: filled(params, initialScale) }),
    update<U>(updates: U, state: OptState): [U, OptState] {
      const nu = movingAverage(updates, part(state, "nu"), decay, square);
      return [mapTree<U>((g, v) => multiply(g, lax.rsqrt(add(v, eps))), updates, nu), sealed({ nu })];
    },
  };
}

/** Updates over their standard deviation (`optax.scale_by_stddev`). */
export function scaleByStddev(options: RmsOptions = {}): GradientTransformation {
  const { decay = 0.9, eps = 1e-8, initialScale = 0 } = options;
  return {
    init: (params) => sealed({ mu: zeros(params), nu: filled(params, initialScale) }),
    update<U>(updates: U, state: OptState): [U, OptState] {
      const mu = movingAverage(updates, part(state, "mu"), decay, (g) => g);
      const nu = movingAverage(updates, part(state, "nu"), decay, square);
      const result = mapTree<U>(
        (g, m, v) => multiply(g, lax.rsqrt(add(subtract(v, square(m)), eps))),
        updates,
        mu,
        nu,
      );
      return [result, sealed({ mu, nu })];
    },
  };
}

/** Updates over the root of the sum of all their squares (`optax.scale_by_rss`; Duchi et al. 2011). */
export function scaleByRss(
  options: { initialAccumulatorValue?: number; eps?: number } = {},
): GradientTransformation {
  const { initialAccumulatorValue = 0.1, eps = 1e-7 } = options;
  return {
    init: (params) => sealed({ sumOfSquares: filled(params, initialAccumulatorValue) }),
    update<U>(updates: U, state: OptState): [U, OptState] {
      const sums = mapTree((g, s) => add(square(g), s), updates, part(state, "sumOfSquares"));
      const result = mapTree<U>(
        (g, s) => multiply(where(lax.gt(s, 0), lax.rsqrt(add(s, eps)), 0), g),
        updates,
        sums,
      );
      return [result, sealed({ sumOfSquares: sums })];
    },
  };
}

/** Updates in the units of the parameters (`optax.scale_by_adadelta`; Zeiler 2012). */
export function scaleByAdadelta(options: { rho?: number; eps?: number } = {}): GradientTransformation {
  const { rho = 0.9, eps = 1e-6 } = options;
  return {
    init: (params) => sealed({ eG: zeros(params), eX: zeros(params) }),
    update<U>(updates: U, state: OptState): [U, OptState] {
      const eG = movingAverage(updates, part(state, "eG"), rho, square);
      const old = part(state, "eX");
      const result = mapTree<U>(
        (g, s, x) => multiply(divide(lax.sqrt(add(x, eps)), lax.sqrt(add(s, eps))), g),
        updates,
        eG,
        old,
      );
      return [result, sealed({ eG, eX: movingAverage(result, old, rho, square) })];
    },
  };
}

/** Updates plus the parameters times a number: weight decay (`optax.add_decayed_weights`). */
export function addDecayedWeights(weightDecay: ArrayLike = 0): GradientTransformation {
  return stateless((g, p) => (p === undefined ? g : add(g, multiply(p, weightDecay))), "addDecayedWeights");
}

/** Every element kept within ±maxDelta (`optax.clip`). */
export function clip(maxDelta: ArrayLike): GradientTransformation {
  // A number stays one, exact in the dtype of the updates.
  const least = typeof maxDelta === "number" ? -maxDelta : multiply(maxDelta, -1);
  return stateless((g) => clipArray(g, least, maxDelta));
}

/** √ of the sum of squares of all elements of a tree (`optax.global_norm`). */
export function globalNorm(tree: unknown): NdArray {
  const squares = arraysOf(tree).map((x) => sum(square(x)));
  if (squares.length === 0) return full(0, "float32");
  return lax.sqrt(squares.reduce((a, b) => add(a, b)));
}

/** Updates shortened so that their global norm is at most maxNorm (`optax.clip_by_global_norm`). */
export function clipByGlobalNorm(maxNorm: ArrayLike): GradientTransformation {
  return {
    init: () => sealed(null),
    update<U>(updates: U, state: OptState): [U, OptState] {
      const norm = globalNorm(updates);
      const inside = lax.lt(norm, maxNorm);
      const clipped = mapTree<U>(
        (g) => where(inside, g, multiply(divide(g, convert(norm, g.dtype)), maxNorm)),
        updates,
      );
      return [clipped, state];
    },
  };
}

/** 0 in place of NaN (`optax.zero_nans`). */
export function zeroNans(): GradientTransformation {
  return stateless((g) => where(isnan(g), 0, g));
}

/** The parameters plus the updates, in the dtypes of the parameters (`optax.apply_updates`). */
export function applyUpdates<P>(params: P, updates: unknown): Result<P> {
  return mapTree<Result<P>>((p, u) => convert(add(p, u), p.dtype), params, updates);
}

/** old + stepSize · (new − old): moving averages of parameters (`optax.incremental_update`). */
export function incrementalUpdate<P>(newTensors: P, oldTensors: unknown, stepSize: ArrayLike): Result<P> {
  return mapTree<Result<P>>(
    (n, o) => add(multiply(n, stepSize), multiply(o, subtract(1, stepSize))),
    newTensors,
    oldTensors,
  );
}
