/** Line search by shrinking steps (optax's `scale_by_backtracking_linesearch`). */
import { cond, whileLoop } from "../control/index.ts";
import { type ArrayLike, asArray, convert, full, type NdArray } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { isinf, isnan, logicalAnd, logicalNot, logicalOr, where } from "../numpy/logic.ts";
import { add, maximum, minimum, multiply, subtract } from "../numpy/ufuncs.ts";
import { grad as gradientOf } from "../transforms/gradient.ts";
import { count0, type GradientTransformation, transformation } from "./base.ts";
import { castLike, lineSearchArgs, stepAlong, valueDtype } from "./linesearch.ts";
import { vdot } from "./tree-utils.ts";
import { mapTree, type OptState, zerosOf } from "./trees.ts";

/** `optax.ScaleByBacktrackingLinesearchState`. */
export interface ScaleByBacktrackingLinesearchState extends OptState {
  readonly learningRate: NdArray;
  /** The loss after the step. */
  readonly value: NdArray;
  /** Its gradient there; null without storeGrad. */
  readonly grad: unknown;
  readonly info: { readonly numLinesearchSteps: NdArray; readonly decreaseError: NdArray };
}

/** Options of `scaleByBacktrackingLinesearch`. */
export interface BacktrackingOptions {
  /** Part of the decrease that the slope promises which a step has to bring (Armijo 1966). Default 1e-4. */
  readonly slopeRtol?: ArrayLike;
  /** Factor of a step that did not. Default 0.8. */
  readonly decreaseFactor?: ArrayLike;
  /** Factor of the last step to start from. Default 1.5. */
  readonly increaseFactor?: ArrayLike;
  /** Default 1. */
  readonly maxLearningRate?: ArrayLike;
  /** Default 0. */
  readonly atol?: ArrayLike;
  /** Default 0. */
  readonly rtol?: ArrayLike;
  /** Whether the gradient after the step is kept, for `valueAndGradFromState`. Default false. */
  readonly storeGrad?: boolean;
}

/**
 * Updates times a step size that decreases the loss enough, found by shrinking
 * (`optax.scale_by_backtracking_linesearch`). Needs the parameters and the extra arguments value, grad and valueFn; the
 * updates must go downhill.
 */
export function scaleByBacktrackingLinesearch(
  maxBacktrackingSteps: number,
  options: BacktrackingOptions = {},
): GradientTransformation<ScaleByBacktrackingLinesearchState> {
  const { slopeRtol = 1e-4, decreaseFactor = 0.8, increaseFactor = 1.5, maxLearningRate = 1 } = options;
  const { atol = 0, rtol = 0, storeGrad = false } = options;

  return transformation<ScaleByBacktrackingLinesearchState>(
    ["learningRate", "value", "info"],
    (params) => {
      const dtype = valueDtype(params);
      return {
        learningRate: full(1, dtype),
        value: full(Infinity, dtype),
        grad: storeGrad ? zerosOf(params) : null,
        info: { numLinesearchSteps: count0(), decreaseError: full(Infinity, dtype) },
      };
    },
    (updates, state, given, extra) => {
      const { params, value, grad, valueFn } = lineSearchArgs("scaleByBacktrackingLinesearch", given, extra);
      const slope = vdot(updates, grad);
      const decreaseError = (stepsize: NdArray, next: NdArray): NdArray => {
        const promised = multiply(multiply(stepsize, slopeRtol), slope);
        const error = subtract(subtract(next, multiply(value, add(rtol, 1))), promised);
        return maximum(where(isnan(error), Infinity, error), 0);
      };
      const init = {
        learningRate: convert(
          minimum(multiply(state.learningRate, increaseFactor), maxLearningRate),
          value.dtype,
        ),
        value,
        grad: storeGrad ? zerosOf(params) : null,
        error: full(Infinity, value.dtype),
        count: count0(),
      };
      type Search = typeof init;
      const enough = (error: NdArray): NdArray => lax.le(error, atol);
      const found = whileLoop(
        (s: Search) => logicalAnd(logicalNot(enough(s.error)), lax.le(s.count, maxBacktrackingSteps)),
        (s: Search): Search => {
          const shrunk = where(lax.gt(s.count, 0), multiply(s.learningRate, decreaseFactor), s.learningRate);
          const there = stepAlong(params, shrunk, updates);
          const next = valueFn(there);
          const error = decreaseError(shrunk, next);
          const last = logicalOr(enough(error), lax.eq(s.count, maxBacktrackingSteps));
          const slopeThere = storeGrad
            ? cond(
                last,
                () => castLike<unknown>(gradientOf(valueFn)(there), s.grad),
                () => s.grad,
              )
            : null;
          return castLike(
            { learningRate: shrunk, value: next, grad: slopeThere as null, error, count: add(s.count, 1) },
            s,
          );
        },
        init,
      );
      const learningRate = where(isinf(found.error), 0, found.learningRate);
      return [
        mapTree((u) => multiply(u, learningRate), updates),
        castLike(
          {
            learningRate,
            value: found.value,
            grad: found.grad,
            info: { numLinesearchSteps: asArray(found.count), decreaseError: found.error },
          },
          { ...state, grad: init.grad },
        ),
      ];
    },
  );
}
