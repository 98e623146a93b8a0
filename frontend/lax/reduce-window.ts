/** Folds over windows: pooling (`jax.lax.reduce_window`). */
import type { WindowParams } from "../../compiler/graph/operations.ts";
import {
  type ArrayLike,
  bindOne,
  formatShape,
  knownValue,
  type NdArray,
  WeftTypeError,
} from "../core/index.ts";
import type { Result } from "../transforms/types.ts";
import { unflatten } from "../tree/tree.ts";
import { range } from "./axes.ts";
import { type CombineLists, elementwiseCombine, operandLists } from "./general-fold.ts";
import { pad, slice } from "./movement.ts";
import { broadcastTo } from "./operands.ts";
import { type Combine, extremeValue, monoidOf } from "./reductions.ts";
import { dilateExtent, type Padding, type PaddingPairs, paddingPairs } from "./windows.ts";

/** Options of `reduceWindow`. */
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

/** Places of windows: how an operand is padded and dilated, and which slice of it the k-th place of every window is. */
function windowsOf(shape: readonly number[], params: WindowParams) {
  const { windowDimensions, windowStrides, padding, baseDilation, windowDilation } = params;
  const config = shape.map((_, i): [number, number, number] => [...padding[i], baseDilation[i] - 1]);
  const padded = shape.map((n, i) => dilateExtent(n, baseDilation[i]) + padding[i][0] + padding[i][1]);
  const spans = windowDimensions.map((n, i) => dilateExtent(n, windowDilation[i]));
  const counts = padded.map((n, i) => (n < spans[i] ? 0 : Math.floor((n - spans[i]) / windowStrides[i]) + 1));
  const places = windowDimensions.reduce<number[][]>(
    (list, n, i) => list.flatMap((place) => range(n).map((k) => [...place, k * windowDilation[i]])),
    [[]],
  );
  return { config, counts, places };
}

/** Windows folded by any function: one slice for every place of a window. */
function foldWindows(
  arrays: readonly NdArray[],
  inits: readonly NdArray[],
  params: WindowParams,
  combine: CombineLists,
): NdArray[] {
  const { config, counts, places } = windowsOf(arrays[0].shape, params);
  const start = inits.map((init) => broadcastTo(init, counts));
  if (counts.includes(0)) return start;
  const padded = arrays.map((x, i) => pad(x, inits[i], config));
  const parts = places.map((place) =>
    padded.map((x) =>
      slice(
        x,
        place,
        place.map((p, i) => p + (counts[i] - 1) * params.windowStrides[i] + 1),
        params.windowStrides,
      ),
    ),
  );
  return parts.reduce<NdArray[]>((folded, part) => combine(folded, part), start);
}

/**
 * Fold over every window of x (`jax.lax.reduce_window`). computation: `lax.add`, `mul`, `max` or `min`, or another
 * function of two scalars, or of two trees of them where operands and initial values are trees. `initValue` starts every
 * window and fills the padding. windowDimensions and strides have one entry per axis of x.
 */
export function reduceWindow(
  x: ArrayLike,
  initValue: ArrayLike,
  computation: Combine,
  windowDimensions: readonly number[],
  windowStrides: readonly number[],
  padding: Padding,
  options?: ReduceWindowOptions,
): NdArray;
export function reduceWindow<T>(
  x: T,
  initValue: T,
  computation: (x: Result<T>, y: Result<T>) => unknown,
  windowDimensions: readonly number[],
  windowStrides: readonly number[],
  padding: Padding,
  options?: ReduceWindowOptions,
): Result<T>;
export function reduceWindow(
  x: unknown,
  initValue: unknown,
  computation: (x: never, y: never) => unknown,
  windowDimensions: readonly number[],
  windowStrides: readonly number[],
  padding: Padding,
  options: ReduceWindowOptions = {},
): unknown {
  const { arrays, inits, tree } = operandLists("reduce_window", x, initValue);
  const [operand] = arrays;
  const ones = operand.shape.map(() => 1);
  const params: WindowParams = {
    windowDimensions,
    windowStrides,
    baseDilation: options.baseDilation ?? ones,
    windowDilation: options.windowDilation ?? ones,
    padding: [],
  };
  const { windowDimensions: window, baseDilation, windowDilation } = params;
  for (const [name, value] of Object.entries({ window, windowStrides, baseDilation, windowDilation })) {
    if (value.length === operand.ndim) continue;
    throw new WeftTypeError(
      `reduce_window requires ${name === "window" ? "windowDimensions" : name} to have one entry for each axis of the operand, got ${formatShape(value)} for ` +
        `operand shape ${formatShape(operand.shape)}.`,
    );
  }
  const pairs = paddingPairs(
    operand.shape.map((n, i) => dilateExtent(n, params.baseDilation[i])),
    windowDimensions.map((n, i) => dilateExtent(n, params.windowDilation[i])),
    windowStrides,
    padding,
  );
  const padded = { ...params, padding: pairs };
  const monoid = monoidOf(computation);
  if (arrays.length > 1 || monoid === null || monoid === "and" || monoid === "or") {
    const combine = elementwiseCombine("reduce_window", computation, tree);
    return unflatten(tree, foldWindows(arrays, inits, padded, combine));
  }
  const folded = bindOne(NAMES[monoid], [operand], padded);
  const [init] = inits;
  const result = isIdentity(monoid, init) ? folded : Reflect.apply(computation, undefined, [folded, init]);
  return unflatten(tree, [result]);
}

/** Shape of a fold over windows (`jax.lax.reduce_window_shape_tuple`). */
export function reduceWindowShapeTuple(
  operandShape: readonly number[],
  windowDimensions: readonly number[],
  windowStrides: readonly number[],
  padding: PaddingPairs,
  baseDilation: readonly number[] | null = null,
  windowDilation: readonly number[] | null = null,
): readonly number[] {
  const ones = operandShape.map(() => 1);
  return windowsOf(operandShape, {
    windowDimensions,
    windowStrides,
    padding,
    baseDilation: baseDilation ?? ones,
    windowDilation: windowDilation ?? ones,
  }).counts;
}

function isIdentity(monoid: keyof typeof NAMES, init: NdArray): boolean {
  const value = knownValue(init);
  if (monoid === "sum") return value === 0;
  if (monoid === "prod") return value === 1;
  return value === extremeValue(init.dtype, monoid === "max" ? "lowest" : "highest");
}
