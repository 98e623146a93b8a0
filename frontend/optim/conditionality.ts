/** Transformations applied under a condition (optax's `transforms/_conditionality.py`). */
import { cond } from "../control/index.ts";
import { type ArrayLike, asArray, type NdArray } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { isfinite, logicalAnd, logicalOr, where } from "../numpy/logic.ts";
import { all } from "../numpy/reductions.ts";
import {
  count0,
  type ExtraArgs,
  type GradientTransformation,
  safeIncrement,
  transformation,
} from "./base.ts";
import { arraysOf, type OptState, zerosOf } from "./trees.ts";

/** Whether to transform, by step, an int32 scalar, and the extra arguments if they are forwarded: a bool scalar. */
export type ConditionFn = (step: NdArray, extra: ExtraArgs) => ArrayLike;

/** Options of `conditionallyTransform` and `conditionallyMask`. */
export interface ConditionOptions {
  /** Whether the condition is given the extra arguments. Default false. */
  readonly forwardExtraArgs?: boolean;
}

/** `optax.ConditionallyTransformState`, and `optax.ConditionallyMaskState`. */
export interface ConditionallyTransformState extends OptState {
  readonly innerState: OptState;
  readonly step: NdArray;
}

function conditionally(
  inner: GradientTransformation,
  shouldTransform: ConditionFn,
  { forwardExtraArgs = false }: ConditionOptions,
  otherwise: (updates: unknown) => unknown,
): GradientTransformation<ConditionallyTransformState> {
  return transformation<ConditionallyTransformState>(
    ["innerState", "step"],
    (params) => ({ innerState: inner.init(params), step: count0() }),
    (updates, state, params, extra) => {
      const [result, innerState] = cond(
        shouldTransform(state.step, forwardExtraArgs ? extra : {}),
        () => inner.update(updates, state.innerState, params, extra),
        (): [unknown, OptState] => [otherwise(updates), state.innerState],
      );
      return [result, { innerState, step: safeIncrement(state.step) }];
    },
  );
}

/** Where the condition does not hold, updates pass unchanged and the inner state stays (`optax.conditionally_transform`). */
export function conditionallyTransform(
  inner: GradientTransformation,
  shouldTransform: ConditionFn,
  options: ConditionOptions = {},
): GradientTransformation<ConditionallyTransformState> {
  return conditionally(inner, shouldTransform, options, (updates) => updates);
}

/** The name of optax before 0.1.8 (`optax.maybe_update`). */
export const maybeUpdate = conditionallyTransform;

/** Where the condition does not hold, updates are 0 and the inner state stays (`optax.conditionally_mask`). */
export function conditionallyMask(
  inner: GradientTransformation,
  shouldTransform: ConditionFn,
  options: ConditionOptions = {},
): GradientTransformation<ConditionallyTransformState> {
  return conditionally(inner, shouldTransform, options, (updates) => zerosOf(updates));
}

/** `optax.ApplyIfFiniteState`. */
export interface ApplyIfFiniteState extends OptState {
  /** Steps in a row with an infinity or NaN. */
  readonly notfiniteCount: NdArray;
  /** Whether the last step had none. */
  readonly lastFinite: NdArray;
  readonly totalNotfinite: NdArray;
  readonly innerState: OptState;
}

/**
 * Updates 0 where gradients have an infinity or NaN, until there were more than `maxConsecutiveErrors` such steps in a row
 * (`optax.apply_if_finite`).
 */
export function applyIfFinite(
  inner: GradientTransformation,
  maxConsecutiveErrors: ArrayLike,
): GradientTransformation<ApplyIfFiniteState> {
  return transformation<ApplyIfFiniteState>(
    ["notfiniteCount", "lastFinite", "totalNotfinite", "innerState"],
    (params) => ({
      notfiniteCount: count0(),
      lastFinite: asArray(true),
      totalNotfinite: count0(),
      innerState: inner.init(params),
    }),
    (updates, state, params, extra) => {
      const finite = allFinite(updates);
      const notfiniteCount = where(finite, count0(), safeIncrement(state.notfiniteCount));
      const [result, innerState] = cond(
        logicalOr(finite, lax.gt(notfiniteCount, maxConsecutiveErrors)),
        () => inner.update(updates, state.innerState, params, extra),
        (): [unknown, OptState] => [zerosOf(updates), state.innerState],
      );
      return [
        result,
        {
          notfiniteCount,
          lastFinite: finite,
          totalNotfinite: where(finite, state.totalNotfinite, safeIncrement(state.totalNotfinite)),
          innerState,
        },
      ];
    },
  );
}

/** Whether no element of a tree is infinite or NaN. */
function allFinite(tree: unknown): NdArray {
  return arraysOf(tree)
    .map((x) => all(isfinite(x)))
    .reduce((a, b) => logicalAnd(a, b), asArray(true));
}
