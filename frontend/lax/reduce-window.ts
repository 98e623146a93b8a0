/** Folds over windows: pooling (`jax.lax.reduce_window`). */
import type { WindowParams } from "../../compiler/graph/operations.ts";
import {
  type ArrayLike,
  asArray,
  bindOne,
  knownValue,
  type NdArray,
  UnsupportedError,
} from "../core/index.ts";
import { scalarLike } from "./operands.ts";
import { type Combine, extremeValue, monoidOf } from "./reductions.ts";
import { dilateExtent, type Padding, paddingPairs } from "./windows.ts";

export interface ReduceWindowOptions {
  /** Holes between the operand's elements, +1 each. Default 1. */
  readonly baseDilation?: readonly number[] | null;
  /** Holes between the window's elements, +1 each. Default 1. */
  readonly windowDilation?: readonly number[] | null;
}

const NAMES = {
  sum: "reduce_window_sum",
  prod: "reduce_window_prod",
  max: "reduce_window_max",
  min: "reduce_window_min",
} as const;

/**
 * Fold over every window of x (`jax.lax.reduce_window`). computation: `lax.add`, `mul`, `max` or `min`; `initValue`
 * starts every window; padding adds nothing to it, as in XLA. windowDimensions and strides have one entry per axis of x.
 */
export function reduceWindow(
  x: ArrayLike,
  initValue: ArrayLike,
  computation: Combine,
  windowDimensions: readonly number[],
  windowStrides: readonly number[],
  padding: Padding,
  options: ReduceWindowOptions = {},
): NdArray {
  const operand = asArray(x);
  const monoid = monoidOf("reduceWindow", computation);
  if (monoid === "and" || monoid === "or") {
    throw new UnsupportedError(
      "reduceWindow over bool: convert to int32 and use lax.min (and) or lax.max (or)",
    );
  }
  const init = scalarLike("reduce_window", initValue, operand.dtype);
  const ones = operand.shape.map(() => 1);
  const baseDilation = options.baseDilation ?? ones;
  const windowDilation = options.windowDilation ?? ones;
  const pairs = paddingPairs(
    operand.shape.map((n, i) => dilateExtent(n, baseDilation[i])),
    windowDimensions.map((n, i) => dilateExtent(n, windowDilation[i])),
    windowStrides,
    padding,
  );
  const params: WindowParams = {
    windowDimensions,
    windowStrides,
    padding: pairs,
    baseDilation,
    windowDilation,
  };
  const folded = bindOne(NAMES[monoid], [operand], params);
  return isIdentity(monoid, init) ? folded : computation(folded, init);
}

function isIdentity(monoid: keyof typeof NAMES, init: NdArray): boolean {
  const value = knownValue(init);
  if (monoid === "sum") return value === 0;
  if (monoid === "prod") return value === 1;
  return value === extremeValue(init.dtype, monoid === "max" ? "lowest" : "highest");
}
