/** Limited-memory BFGS (optax's `scale_by_lbfgs`, `lbfgs`; Liu & Nocedal 1989, Nocedal & Wright, algorithm 7.4). */
import { scan } from "../control/index.ts";
import { convert, full, type NdArray, WeftValueError } from "../core/index.ts";
import { dynamicIndexInDim, dynamicUpdateIndexInDim } from "../lax/dynamic.ts";
import * as lax from "../lax/elementwise.ts";
import { arange } from "../numpy/creation.ts";
import { where } from "../numpy/logic.ts";
import { add, divide, minimum, mod, multiply, subtract } from "../numpy/ufuncs.ts";
import {
  count0,
  type GradientTransformation,
  identity,
  required,
  type ScalarOrSchedule,
  safeIncrement,
  transformation,
} from "./base.ts";
import { chain } from "./combining.ts";
import { valueDtype } from "./linesearch.ts";
import { globalNorm, squaredNorm } from "./norms.ts";
import { scale, scaleByLearningRate } from "./scaling.ts";
import { vdot } from "./tree-utils.ts";
import { mapTree, type OptState, zerosOf } from "./trees.ts";
import { scaleByZoomLinesearch } from "./zoom.ts";

/** `optax.ScaleByLBFGSState`: memories have a leading axis of the memory's size. */
export interface ScaleByLbfgsState extends OptState {
  readonly count: NdArray;
  readonly params: unknown;
  readonly updates: unknown;
  readonly diffParamsMemory: unknown;
  readonly diffUpdatesMemory: unknown;
  readonly weightsMemory: NdArray;
}

/** Options of `scaleByLbfgs`. */
export interface LbfgsOptions {
  /** How many steps are remembered. Default 10. */
  readonly memorySize?: number;
  /** Whether the first guess of the Hessian's inverse is scaled by the last step's curvature. Default true. */
  readonly scaleInitPrecond?: boolean;
}

/**
 * Gradients times an approximation of the Hessian's inverse from the last steps (`optax.scale_by_lbfgs`). Needs the
 * parameters. Throws WeftValueError for a memory below 1.
 */
export function scaleByLbfgs(options: LbfgsOptions = {}): GradientTransformation<ScaleByLbfgsState> {
  const { memorySize = 10, scaleInitPrecond = true } = options;
  if (!(memorySize >= 1)) throw new WeftValueError("memory_size must be >= 1");
  const memory = (params: unknown): unknown =>
    mapTree((p) => full(0, p.dtype, [memorySize, ...p.shape]), params);

  return transformation<ScaleByLbfgsState>(
    ["count", "params", "updates", "diffParamsMemory", "diffUpdatesMemory", "weightsMemory"],
    (params) => ({
      count: count0(),
      params: zerosOf(params),
      updates: zerosOf(params),
      diffParamsMemory: memory(params),
      diffUpdatesMemory: memory(params),
      weightsMemory: full(0, valueDtype(params), [memorySize]),
    }),
    (updates, state, given) => {
      const params = required(given, "scaleByLbfgs");
      const at = mod(state.count, memorySize);
      const before = mod(subtract(state.count, 1), memorySize);
      const begun = lax.gt(state.count, 0);
      const difference = (now: unknown, old: unknown): unknown =>
        mapTree((x, y) => where(begun, subtract(x, y), 0), now, old);
      const diffParams = difference(params, state.params);
      const diffUpdates = difference(updates, state.updates);
      const curvature = vdot(diffUpdates, diffParams);
      const flat = lax.eq(curvature, 0);
      const weight = where(flat, 0, divide(1, where(flat, 1, curvature)));
      const remember = (into: unknown, x: unknown): unknown =>
        mapTree((m, value) => dynamicUpdateIndexInDim(m, convert(value, m.dtype), before), into, x);
      const diffParamsMemory = remember(state.diffParamsMemory, diffParams);
      const diffUpdatesMemory = remember(state.diffUpdatesMemory, diffUpdates);
      const weightsMemory = dynamicUpdateIndexInDim(
        state.weightsMemory,
        convert(weight, state.weightsMemory.dtype),
        before,
      );
      const preconditioned = precondition(
        updates,
        { diffParamsMemory, diffUpdatesMemory, weightsMemory },
        scaleInitPrecond ? firstScale(updates, diffUpdates, curvature, begun) : null,
        at,
      );
      return [
        preconditioned,
        {
          count: safeIncrement(state.count),
          params,
          updates,
          diffParamsMemory,
          diffUpdatesMemory,
          weightsMemory,
        },
      ];
    },
  );
}

/** The scale of the identity from which the Hessian's inverse is built. */
function firstScale(updates: unknown, diffUpdates: unknown, curvature: NdArray, begun: NdArray): NdArray {
  const squares = squaredNorm(diffUpdates);
  const positive = lax.gt(squares, 0);
  const known = where(positive, divide(curvature, where(positive, squares, 1)), 1);
  // The first step is no longer than 1.
  const capped = minimum(divide(1, globalNorm(updates)), 1);
  return where(begun, known, capped);
}

type Memories = Pick<ScaleByLbfgsState, "diffParamsMemory" | "diffUpdatesMemory" | "weightsMemory">;

/** The two-loop recursion. */
function precondition(
  updates: unknown,
  { diffParamsMemory, diffUpdatesMemory, weightsMemory }: Memories,
  identityScale: NdArray | null,
  at: NdArray,
): unknown {
  const size = weightsMemory.shape[0];
  // From the oldest to the newest.
  const indices = mod(add(arange(size), at), size);
  const row = (tree: unknown, i: NdArray): unknown =>
    mapTree((m) => dynamicIndexInDim(m, i, { keepdims: false }), tree);
  const weightAt = (i: NdArray): NdArray => dynamicIndexInDim(weightsMemory, i, { keepdims: false });
  const shifted = (x: unknown, by: NdArray, along: unknown): unknown =>
    mapTree((a, b) => convert(add(a, multiply(b, by)), a.dtype), x, along);

  const [backward, alphas] = scan<unknown, NdArray, NdArray>(
    (vector, i) => {
      const alpha = multiply(weightAt(i), vdot(row(diffParamsMemory, i), vector));
      return [shifted(vector, lax.neg(alpha), row(diffUpdatesMemory, i)), alpha];
    },
    updates,
    indices,
    { reverse: true },
  );
  const scaled =
    identityScale === null
      ? backward
      : mapTree((x) => convert(multiply(x, identityScale), x.dtype), backward);
  const [forward] = scan<unknown, [NdArray, NdArray], null>(
    (vector, [i, alpha]) => {
      const beta = multiply(weightAt(i), vdot(row(diffUpdatesMemory, i), vector));
      return [shifted(vector, subtract(alpha, beta), row(diffParamsMemory, i)), null];
    },
    scaled,
    [indices, alphas],
  );
  return forward;
}

/** Options of `lbfgs`. */
export interface LbfgsOptimizerOptions extends LbfgsOptions {
  /** What finds the step size; null for the learning rate alone. Default a zoom line search of 20 steps from 1. */
  readonly linesearch?: GradientTransformation | null;
}

/**
 * L-BFGS with a line search (`optax.lbfgs`). Its update needs the parameters and the extra arguments value, grad and
 * valueFn; `valueAndGradFromState` spares their second evaluation.
 */
export function lbfgs(
  learningRate: ScalarOrSchedule | null = null,
  options: LbfgsOptimizerOptions = {},
): GradientTransformation {
  const { linesearch, ...rest } = options;
  return chain(
    scaleByLbfgs(rest),
    learningRate === null ? scale(-1) : scaleByLearningRate(learningRate),
    linesearch === undefined
      ? scaleByZoomLinesearch(20, { initialGuessStrategy: "one" })
      : (linesearch ?? identity()),
  );
}
