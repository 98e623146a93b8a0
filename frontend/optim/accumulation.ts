/** Updates collected over steps: momentum, averages, sums (optax's `transforms/_accumulation.py`). */
import type { ArrayLike, NdArray } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { equal, where } from "../numpy/logic.ts";
import { add, mod, multiply } from "../numpy/ufuncs.ts";
import type { DType } from "../transforms/types.ts";
import { count0, type GradientTransformation, safeIncrement, transformation } from "./base.ts";
import { biasCorrection, updateMoment } from "./moments.ts";
import { castTree, mapTree, type OptState, zerosOf } from "./trees.ts";

/** `optax.TraceState`. */
export interface TraceState extends OptState {
  readonly trace: unknown;
}

/** Options of `trace`, `startTrace` and `traceExport`. */
export interface TraceOptions {
  readonly nesterov?: boolean;
  /** Dtype in which the trace is kept. Default that of the parameters. */
  readonly accumulatorDtype?: DType | null;
}

/** Gradients collected with a decay: momentum (`optax.trace`). */
export function trace(decay: ArrayLike, options: TraceOptions = {}): GradientTransformation<TraceState> {
  const { nesterov = false, accumulatorDtype } = options;
  const collect = (g: NdArray, t: NdArray) => add(g, multiply(t, decay));
  return transformation<TraceState>(
    ["trace"],
    (params) => ({ trace: zerosOf(params, accumulatorDtype) }),
    (updates, state) => {
      const collected = mapTree(collect, updates, state.trace);
      const result = nesterov ? mapTree(collect, updates, collected) : collected;
      return [result, { trace: castTree(collected, accumulatorDtype) }];
    },
  );
}

/** `optax.EmaState`. */
export interface EmaState extends OptState {
  readonly count: NdArray;
  readonly ema: unknown;
}

/** Options of `measureWithEma` and `ema`. */
export interface EmaOptions {
  /** Whether the average is bias corrected. Default true. */
  readonly debias?: boolean;
  /** Dtype in which the average is kept. Default that of the parameters. */
  readonly accumulatorDtype?: DType | null;
}

/** The exponential moving average of updates in their place (`optax.ema`). */
export function ema(decay: ArrayLike, options: EmaOptions = {}): GradientTransformation<EmaState> {
  const { debias = true, accumulatorDtype } = options;
  return transformation<EmaState>(
    ["count", "ema"],
    (params) => ({ count: count0(), ema: zerosOf(params, accumulatorDtype) }),
    (updates, state) => {
      const average = updateMoment(updates, state.ema, decay, 1);
      const count = safeIncrement(state.count);
      const result = debias ? biasCorrection(average, decay, count) : average;
      return [result, { count, ema: castTree(average, accumulatorDtype) }];
    },
  );
}

/** `optax.ApplyEvery`. */
export interface ApplyEveryState extends OptState {
  readonly count: NdArray;
  readonly gradAcc: unknown;
}

/** The sum of k updates every k steps, otherwise 0 (`optax.apply_every`). `multiSteps` gives means. */
export function applyEvery(k: ArrayLike = 1): GradientTransformation<ApplyEveryState> {
  return transformation<ApplyEveryState>(
    ["count", "gradAcc"],
    (params) => ({ count: count0(), gradAcc: zerosOf(params) }),
    (updates, state) => {
      const at = mod(state.count, k);
      const going = lax.ne(at, 0);
      const due = equal(add(at, 1), k);
      const gradAcc = mapTree((g, sum) => add(where(going, sum, 0), g), updates, state.gradAcc);
      return [
        mapTree((sum) => where(due, sum, 0), gradAcc),
        { count: mod(safeIncrement(state.count), k), gradAcc },
      ];
    },
  );
}
