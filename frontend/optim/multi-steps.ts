/** Gradients of several small batches as one step (optax's `MultiSteps`). */
import { cond } from "../control/index.ts";
import {
  type ArrayLike,
  asArray,
  convert,
  formatShape,
  type NdArray,
  WeftValueError,
} from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { equal, isfinite, logicalAnd, logicalNot, where } from "../numpy/logic.ts";
import { sum } from "../numpy/reductions.ts";
import { add, divide, mod, subtract } from "../numpy/ufuncs.ts";
import type { DType } from "../transforms/types.ts";
import { count0, type ExtraArgs, type GradientTransformation, safeIncrement } from "./base.ts";
import { squaredNorm } from "./norms.ts";
import { arraysOf, checkedState, mapTree, type OptState, sealed, zerosOf } from "./trees.ts";

/** `optax.MultiStepsState`. */
export interface MultiStepsState extends OptState {
  /** Gradients collected since the last step of the optimizer. */
  readonly miniStep: NdArray;
  /** Steps of the optimizer. */
  readonly gradientStep: NdArray;
  readonly innerOptState: OptState;
  readonly accGrads: unknown;
  /** What the function that decides about skipping has to say; null without one. */
  readonly skipState: unknown;
}

/** Whether gradients are left out, a bool scalar, and what to keep of the decision in the state. */
export type ShouldSkipUpdate = (
  updates: unknown,
  gradientStep: NdArray,
  params: unknown,
) => readonly [skip: NdArray, skipState: unknown];

/** Leaves out gradients with infinities or NaN (`optax.skip_not_finite`). */
export const skipNotFinite: ShouldSkipUpdate = (updates) => {
  const numNotFinite = arraysOf(updates)
    .map((g) => sum(logicalNot(isfinite(g))))
    .reduce((a, b) => add(a, b), count0());
  const shouldSkip = lax.gt(numNotFinite, 0);
  return [shouldSkip, { shouldSkip, numNotFinite }];
};

/** Leaves out gradients whose squared global norm is not below a bound (`optax.skip_large_updates`). */
export function skipLargeUpdates(maxSquaredNorm: ArrayLike): ShouldSkipUpdate {
  return (updates) => {
    const normSquared = squaredNorm(updates);
    const shouldSkip = logicalNot(lax.lt(normSquared, maxSquaredNorm));
    return [shouldSkip, { shouldSkip, normSquared }];
  };
}

/** Options of `MultiSteps`. */
export interface MultiStepsOptions {
  /** Whether the mean of the gradients is used, or their sum. Default true. */
  readonly useGradMean?: boolean;
  readonly shouldSkipUpdate?: ShouldSkipUpdate | null;
  /** Dtype in which gradients are collected. Default "float32"; null for that of the parameters. */
  readonly accumulatorDtype?: DType | null;
}

/**
 * An optimizer that steps once every k gradients, with their mean; the updates of the other calls are 0
 * (`optax.MultiSteps`). k may depend on the steps done: a function of an int32 scalar.
 *
 *     const tx = new MultiSteps(adam(1e-3), 4);
 */
export class MultiSteps implements GradientTransformation<MultiStepsState> {
  readonly innerOpt: GradientTransformation;
  readonly #every: (step: NdArray) => ArrayLike;
  readonly #mean: boolean;
  readonly #skip: ShouldSkipUpdate | null;
  readonly #dtype: DType | null;

  constructor(
    opt: GradientTransformation,
    everyK: number | ((step: NdArray) => ArrayLike),
    options: MultiStepsOptions = {},
  ) {
    this.innerOpt = opt;
    this.#every = typeof everyK === "number" ? () => everyK : everyK;
    this.#mean = options.useGradMean ?? true;
    this.#skip = options.shouldSkipUpdate ?? null;
    this.#dtype = options.accumulatorDtype === undefined ? "float32" : options.accumulatorDtype;
  }

  init(params: unknown): MultiStepsState {
    const gradientStep = count0();
    return sealed<MultiStepsState>({
      miniStep: count0(),
      gradientStep,
      innerOptState: this.innerOpt.init(params),
      accGrads: zerosOf(params, this.#dtype),
      skipState: this.#skip === null ? null : this.#skip(zerosOf(params), gradientStep, params)[1],
    });
  }

  update<U>(
    updates: U,
    given: MultiStepsState,
    params?: unknown,
    extra: ExtraArgs = {},
  ): [U, MultiStepsState] {
    const state = checkedState(given, ["miniStep", "gradientStep", "innerOptState", "accGrads"]);
    if (this.#skip === null) return this.#step(updates, state, params, extra, null);
    const [skip, skipState] = this.#skip(updates, state.gradientStep, params);
    if (skip.dtype !== "bool" || skip.ndim !== 0) {
      throw new WeftValueError(
        "The `shouldSkipUpdate` function should return a boolean scalar array, but it returned an array of dtype " +
          `${skip.dtype} and shape ${formatShape(skip.shape)}`,
      );
    }
    const [result, next] = cond(
      skip,
      (): [unknown, unknown] => [zerosOf(updates), { ...state, skipState }],
      () => this.#step(updates, state, params, extra, skipState),
    );
    return [result as U, next as MultiStepsState];
  }

  #step<U>(
    updates: U,
    state: MultiStepsState,
    params: unknown,
    extra: ExtraArgs,
    skipState: unknown,
  ): [U, MultiStepsState] {
    const { miniStep, gradientStep } = state;
    const k = this.#every(gradientStep);
    const collect = (g: NdArray, acc: NdArray): NdArray =>
      this.#mean ? add(acc, divide(subtract(g, acc), convert(add(miniStep, 1), acc.dtype))) : add(g, acc);
    const accumulated = mapTree(collect, updates, state.accGrads);
    const [final, inner] = this.innerOpt.update<U>(
      mapTree((acc, g) => convert(acc, g.dtype), accumulated, updates),
      state.innerOptState,
      params,
      extra,
    );
    const emit = equal(add(miniStep, 1), k);
    return [
      mapTree<U>((u) => where(emit, u, 0), final),
      sealed<MultiStepsState>({
        miniStep: mod(safeIncrement(miniStep), k),
        gradientStep: where(emit, safeIncrement(gradientStep), gradientStep),
        innerOptState: mapTree(
          (old, fresh) => convert(where(emit, fresh, old), old.dtype),
          state.innerOptState,
          inner,
        ),
        accGrads: mapTree((acc, old) => convert(where(emit, 0, acc), old.dtype), accumulated, state.accGrads),
        skipState,
      }),
    ];
  }

  /** Whether the last update was a step of the optimizer: a bool scalar. */
  hasUpdated(state: MultiStepsState): NdArray {
    return logicalAnd(lax.eq(state.miniStep, 0), lax.gt(asArray(state.gradientStep), 0));
  }
}
