/** Updates scaled by moving averages of gradients: Adam and its variants (optax's `_src/transform.py`). */
import { type ArrayLike, convert, type NdArray, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { constantLike } from "../lax/operands.ts";
import { where } from "../numpy/logic.ts";
import { sum } from "../numpy/reductions.ts";
import { add, divide, maximum, multiply, power, square, subtract, tanh } from "../numpy/ufuncs.ts";
import type { DType } from "../transforms/types.ts";
import { count0, type GradientTransformation, required, safeIncrement, transformation } from "./base.ts";
import { biasCorrection, oneMinus, updateInfinityMoment, updateMoment } from "./moments.ts";
import { castTree, mapTree, type OptState, scalarDtype, zerosOf } from "./trees.ts";

/** `optax.ScaleByAdamState`, also of its variants: both moments have the structure of the parameters. */
export interface ScaleByAdamState extends OptState {
  readonly count: NdArray;
  readonly mu: unknown;
  readonly nu: unknown;
}

const ADAM_FIELDS = ["count", "mu", "nu"] as const;

/** Options of `lamb`, `optimisticAdam`, `adam` and `nadam` and others. */
export interface AdamOptions {
  /** Decay of the first moment. Default 0.9. */
  readonly b1?: ArrayLike;
  /** Decay of the second moment. Default 0.999. */
  readonly b2?: ArrayLike;
  /** Added to the denominator outside of the root. Default 1e-8. */
  readonly eps?: ArrayLike;
  /** Added under the root. Default 0. */
  readonly epsRoot?: ArrayLike;
  /** Nesterov momentum (Dozat 2016). Default false. */
  readonly nesterov?: boolean;
  /** Dtype in which the first moment is kept. Default that of the parameters. */
  readonly muDtype?: DType | null;
}

/** The first moment, corrected; with Nesterov's look ahead if wanted. */
function firstMoment(
  mu: unknown,
  updates: unknown,
  b1: ArrayLike,
  count: NdArray,
  nesterov: boolean,
): unknown {
  if (!nesterov) return biasCorrection(mu, b1, count);
  const rest = oneMinus(b1);
  return mapTree(
    (m, g) => add(multiply(m, b1), multiply(g, rest)),
    biasCorrection(mu, b1, safeIncrement(count)),
    biasCorrection(updates, b1, count),
  );
}

/** m / (√(v + epsRoot) + eps), leaf by leaf. */
function ratio(mu: unknown, nu: unknown, epsRoot: ArrayLike, eps: ArrayLike): unknown {
  return mapTree((m, v) => divide(m, add(lax.sqrt(add(v, epsRoot)), eps)), mu, nu);
}

/** Updates over the root of their second moment, bias corrected (`optax.scale_by_adam`; Kingma & Ba 2014). */
export function scaleByAdam(options: AdamOptions = {}): GradientTransformation<ScaleByAdamState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, epsRoot = 0, nesterov = false, muDtype } = options;
  return transformation<ScaleByAdamState>(
    ADAM_FIELDS,
    (params) => ({ count: count0(), mu: zerosOf(params, muDtype), nu: zerosOf(params) }),
    (updates, state) => {
      const mu = updateMoment(updates, state.mu, b1, 1);
      const nu = updateMoment(updates, state.nu, b2, 2);
      const count = safeIncrement(state.count);
      const result = ratio(
        firstMoment(mu, updates, b1, count, nesterov),
        biasCorrection(nu, b2, count),
        epsRoot,
        eps,
      );
      return [result, { count, mu: castTree(mu, muDtype), nu: castLike(nu, state.nu) }];
    },
  );
}

/** The leaves in the dtypes of another tree's (`optax.tree.cast_like`). */
function castLike(tree: unknown, other: unknown): unknown {
  return mapTree((x, y) => convert(x, y.dtype), tree, other);
}

/** `optax.ScaleByAmsgradState`. */
export interface ScaleByAmsgradState extends ScaleByAdamState {
  readonly nuMax: unknown;
}

/** Options of `amsgrad` and `scaleByAmsgrad`. */
export interface AmsgradOptions extends Omit<AdamOptions, "nesterov"> {
  /** Whether the first moment is bias corrected. Default true. */
  readonly biasCorrectionMu?: boolean;
  /** Whether the second moment is bias corrected. Default true. */
  readonly biasCorrectionNu?: boolean;
}

/** Adam with the greatest second moment so far (`optax.scale_by_amsgrad`; Reddi et al. 2018). */
export function scaleByAmsgrad(options: AmsgradOptions = {}): GradientTransformation<ScaleByAmsgradState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, epsRoot = 0, muDtype } = options;
  const { biasCorrectionMu = true, biasCorrectionNu = true } = options;
  return transformation<ScaleByAmsgradState>(
    [...ADAM_FIELDS, "nuMax"],
    (params) => ({
      count: count0(),
      mu: zerosOf(params, muDtype),
      nu: zerosOf(params),
      nuMax: zerosOf(params),
    }),
    (updates, state) => {
      const mu = updateMoment(updates, state.mu, b1, 1);
      const nu = updateMoment(updates, state.nu, b2, 2);
      const count = safeIncrement(state.count);
      const first = biasCorrectionMu ? biasCorrection(mu, b1, count) : mu;
      const second = biasCorrectionNu ? biasCorrection(nu, b2, count) : nu;
      const nuMax = mapTree(maximum, state.nuMax, second);
      return [ratio(first, nuMax, epsRoot, eps), { count, mu: castTree(mu, muDtype), nu, nuMax }];
    },
  );
}

/** Updates over the greatest of their decayed magnitudes (`optax.scale_by_adamax`; Kingma & Ba 2014, section 7.1). */
export function scaleByAdamax(
  options: Pick<AdamOptions, "b1" | "b2" | "eps"> = {},
): GradientTransformation<ScaleByAdamState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8 } = options;
  return transformation<ScaleByAdamState>(
    ADAM_FIELDS,
    (params) => ({ count: count0(), mu: zerosOf(params), nu: zerosOf(params) }),
    (updates, state) => {
      const count = safeIncrement(state.count);
      const mu = updateMoment(updates, state.mu, b1, 1);
      const nu = updateInfinityMoment(updates, state.nu, b2, eps);
      return [mapTree(divide, biasCorrection(mu, b1, count), nu), { count, mu, nu }];
    },
  );
}

/** Options of `adabelief` and `scaleByBelief`. */
export type BeliefOptions = Omit<AdamOptions, "muDtype">;

/**
 * Updates over the spread of gradients around their moving average (`optax.scale_by_belief`; Zhuang et al. 2020).
 * eps and epsRoot are 1e-16 by default.
 */
export function scaleByBelief(options: BeliefOptions = {}): GradientTransformation<ScaleByAdamState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-16, epsRoot = 1e-16, nesterov = false } = options;
  return transformation<ScaleByAdamState>(
    ADAM_FIELDS,
    (params) => ({ count: count0(), mu: zerosOf(params), nu: zerosOf(params) }),
    (updates, state) => {
      const mu = updateMoment(updates, state.mu, b1, 1);
      const errors = mapTree(subtract, updates, mu);
      const nu = mapTree((v) => add(v, epsRoot), updateMoment(errors, state.nu, b2, 2));
      const count = safeIncrement(state.count);
      const first = firstMoment(mu, updates, b1, count, nesterov);
      const second = biasCorrection(nu, b2, count);
      return [mapTree((m, v) => divide(m, add(lax.sqrt(v), eps)), first, second), { count, mu, nu }];
    },
  );
}

/** Options of `yogi` and `scaleByYogi`. */
export interface YogiOptions extends Pick<AdamOptions, "b1" | "b2" | "eps" | "epsRoot"> {
  /** First value of both moments. Default 1e-6. */
  readonly initialAccumulatorValue?: number;
}

/** Adam with additive steps of the second moment (`optax.scale_by_yogi`; Zaheer et al. 2018). eps is 1e-3 by default. */
export function scaleByYogi(options: YogiOptions = {}): GradientTransformation<ScaleByAdamState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-3, epsRoot = 0, initialAccumulatorValue = 1e-6 } = options;
  const filled = (params: unknown) => mapTree((p) => constantLike(p, initialAccumulatorValue), params);
  const rest = oneMinus(b2);
  return transformation<ScaleByAdamState>(
    ADAM_FIELDS,
    (params) => ({ count: count0(), mu: filled(params), nu: filled(params) }),
    (updates, state) => {
      const mu = updateMoment(updates, state.mu, b1, 1);
      const nu = mapTree(
        (g, v) => {
          const squared = square(g);
          return subtract(v, multiply(multiply(lax.sign(subtract(v, squared)), rest), squared));
        },
        updates,
        state.nu,
      );
      const count = safeIncrement(state.count);
      const result = ratio(biasCorrection(mu, b1, count), biasCorrection(nu, b2, count), epsRoot, eps);
      return [result, { count, mu, nu }];
    },
  );
}

/** Options of `radam` and `scaleByRadam`. */
export interface RadamOptions extends Omit<AdamOptions, "muDtype" | "b2"> {
  /** Decay of the second moment, a number. Default 0.999. */
  readonly b2?: number;
  /** Length of the approximated average from which on the variance is rectified. Default 5. */
  readonly threshold?: ArrayLike;
}

/** Rectified Adam: no division by the second moment while it is uncertain (`optax.scale_by_radam`; Liu et al. 2020). */
export function scaleByRadam(options: RadamOptions = {}): GradientTransformation<ScaleByAdamState> {
  const { b1 = 0.9, b2 = 0.999, eps = 1e-8, epsRoot = 0, threshold = 5, nesterov = false } = options;
  const limit = 2 / (1 - b2) - 1;
  return transformation<ScaleByAdamState>(
    ADAM_FIELDS,
    (params) => ({ count: count0(), mu: zerosOf(params), nu: zerosOf(params) }),
    (updates, state) => {
      const mu = updateMoment(updates, state.mu, b1, 1);
      const nu = updateMoment(updates, state.nu, b2, 2);
      const count = safeIncrement(state.count);
      const steps = convert(count, scalarDtype(updates));
      const decayed = power(b2, steps);
      // ρ, the length of the simple moving average that the exponential one is worth.
      const length = subtract(limit, divide(multiply(multiply(steps, 2), decayed), subtract(1, decayed)));
      const first = firstMoment(mu, updates, b1, count, nesterov);
      const second = biasCorrection(nu, b2, count);
      const numerator = multiply(multiply(subtract(length, 4), subtract(length, 2)), limit);
      const rectifier = lax.sqrt(divide(numerator, multiply(length, (limit - 4) * (limit - 2))));
      const rectified = mapTree(
        (m, v) => divide(multiply(convert(rectifier, m.dtype), m), add(lax.sqrt(add(v, epsRoot)), eps)),
        first,
        second,
      );
      const certain = lax.ge(length, threshold);
      return [mapTree((r, m) => where(certain, r, m), rectified, first), { count, mu, nu }];
    },
  );
}

/** `optax.ScaleByAdanState`. */
export interface ScaleByAdanState extends OptState {
  readonly m: unknown;
  readonly v: unknown;
  readonly n: unknown;
  readonly g: unknown;
  readonly t: NdArray;
}

/** Options of `adan` and `scaleByAdan`. */
export interface AdanOptions {
  /** Decay of the average of gradients. Default 0.98. */
  readonly b1?: ArrayLike;
  /** Decay of the average of their differences. Default 0.92. */
  readonly b2?: ArrayLike;
  /** Decay of the average of squares. Default 0.99. */
  readonly b3?: ArrayLike;
  readonly eps?: ArrayLike;
  readonly epsRoot?: ArrayLike;
}

/** Adaptive Nesterov momentum by differences of gradients (`optax.scale_by_adan`; Xie et al. 2022). */
export function scaleByAdan(options: AdanOptions = {}): GradientTransformation<ScaleByAdanState> {
  const { b1 = 0.98, b2 = 0.92, b3 = 0.99, eps = 1e-8, epsRoot = 0 } = options;
  const rest = oneMinus(b2);
  const addScaled = (x: unknown, y: unknown) => mapTree((a, b) => add(a, multiply(b, rest)), x, y);
  return transformation<ScaleByAdanState>(
    ["m", "v", "n", "g", "t"],
    (params) => ({
      m: zerosOf(params),
      v: zerosOf(params),
      n: zerosOf(params),
      g: zerosOf(params),
      t: count0(),
    }),
    (g, state) => {
      const first = lax.eq(state.t, 0);
      const difference = mapTree((now, old) => where(first, 0, subtract(now, old)), g, state.g);
      const m = updateMoment(g, state.m, b1, 1);
      const v = updateMoment(difference, state.v, b2, 1);
      const n = updateMoment(addScaled(g, difference), state.n, b3, 2);
      const t = safeIncrement(state.t);
      const direction = addScaled(biasCorrection(m, b1, t), biasCorrection(v, b2, t));
      return [ratio(direction, biasCorrection(n, b3, t), epsRoot, eps), { m, v, n, g, t }];
    },
  );
}

/** `optax.ScaleByLionState`. */
export interface ScaleByLionState extends OptState {
  readonly count: NdArray;
  readonly mu: unknown;
}

/** Options of `lion` and `scaleByLion`. */
export interface LionOptions {
  /** Weight of the momentum in the update. Default 0.9. */
  readonly b1?: ArrayLike;
  /** Decay of the momentum. Default 0.99. */
  readonly b2?: ArrayLike;
  readonly muDtype?: DType | null;
  /** What is made of the interpolation: its sign, tanh(smoothBeta · x), or x itself below 1. Default "hard". */
  readonly mode?: "hard" | "smooth" | "refined";
  readonly smoothBeta?: number;
}

/** Signs of interpolated momentum (`optax.scale_by_lion`; Chen et al. 2023). */
export function scaleByLion(options: LionOptions = {}): GradientTransformation<ScaleByLionState> {
  const { b1 = 0.9, b2 = 0.99, muDtype, mode = "hard", smoothBeta = 1 } = options;
  if (!["hard", "smooth", "refined"].includes(mode)) {
    throw new WeftValueError(
      `Unknown lion mode: ${mode}. It needs to be one of ["hard", "smooth", "refined"].`,
    );
  }
  const rest = oneMinus(b1);
  return transformation<ScaleByLionState>(
    ["count", "mu"],
    (params) => ({ count: count0(), mu: zerosOf(params, muDtype) }),
    (updates, state) => {
      const result = mapTree(
        (g, m) => {
          const x = add(multiply(g, rest), multiply(m, b1));
          if (mode === "smooth") return tanh(multiply(x, smoothBeta));
          if (mode === "refined") return where(lax.lt(lax.abs(x), 1), x, lax.sign(x));
          return lax.sign(x);
        },
        updates,
        state.mu,
      );
      const mu = castTree(updateMoment(updates, state.mu, b2, 1), muDtype);
      return [result, { count: safeIncrement(state.count), mu }];
    },
  );
}

/** Options of `novograd` and `scaleByNovograd`. */
export interface NovogradOptions extends Omit<AdamOptions, "nesterov"> {
  /** Weight decay, inside of the momentum. Default 0. */
  readonly weightDecay?: ArrayLike;
}

/**
 * Gradients over the norm of their layer, then momentum (`optax.scale_by_novograd`; Ginsburg et al. 2019). b2 is 0.25 by
 * default. Needs the parameters.
 */
export function scaleByNovograd(options: NovogradOptions = {}): GradientTransformation<ScaleByAdamState> {
  const { b1 = 0.9, b2 = 0.25, eps = 1e-8, epsRoot = 0, weightDecay = 0, muDtype } = options;
  return transformation<ScaleByAdamState>(
    ADAM_FIELDS,
    (params) => ({
      count: count0(),
      mu: zerosOf(params, muDtype),
      nu: mapTree((p) => constantLike(sum(p), 0), params),
    }),
    (updates, state, params) => {
      const count = safeIncrement(state.count);
      const first = lax.eq(count, 1);
      const norms = mapTree((g) => sum(square(g)), updates);
      const nu = mapTree(
        (fresh, averaged) => where(first, fresh, averaged),
        norms,
        updateMoment(norms, state.nu, b2, 1),
      );
      const mu = mapTree(
        (g, p, n, m) => {
          const added = add(divide(g, add(lax.sqrt(add(n, epsRoot)), eps)), multiply(p, weightDecay));
          return where(first, added, add(multiply(m, b1), added));
        },
        updates,
        required(params, "scaleByNovograd"),
        nu,
        state.mu,
      );
      const kept = castTree(mu, muDtype);
      return [kept, { count, mu: kept, nu }];
    },
  );
}
