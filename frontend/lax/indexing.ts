/** gather and scatter of `jax.lax`, with their dimension numbers. */
import type { GatherMode } from "../../compiler/graph/operations.ts";
import { type ArrayLike, asArray, bindOne, type NdArray, WeftValueError } from "../core/index.ts";
import { checkSameDtype, indexArray } from "./operands.ts";

/** Which axes a gather indexes and which it keeps (`jax.lax.GatherDimensionNumbers`). */
export interface GatherDimensionNumbers {
  /** Axes of the result that index into the window. */
  readonly offsetDims: readonly number[];
  /** Axes of the operand with slice size 1 that vanish. */
  readonly collapsedSliceDims: readonly number[];
  /** Axis of the operand that each element of an index vector indexes. */
  readonly startIndexMap: readonly number[];
  readonly operandBatchingDims?: readonly number[];
  readonly startIndicesBatchingDims?: readonly number[];
}

/** Which axes a scatter writes (`jax.lax.ScatterDimensionNumbers`). */
export interface ScatterDimensionNumbers {
  readonly updateWindowDims: readonly number[];
  readonly insertedWindowDims: readonly number[];
  readonly scatterDimsToOperandDims: readonly number[];
  readonly operandBatchingDims?: readonly number[];
  readonly scatterIndicesBatchingDims?: readonly number[];
}

/**
 * What happens out of bounds (`jax.lax.GatherScatterMode`): "clip" moves the index to the nearest in range; "fill" and
 * "drop" give the fill value and drop the update; "promise_in_bounds" promises that it does not happen.
 */
export type GatherScatterMode = "clip" | "fill" | "drop" | "promise_in_bounds";

const MODES: Readonly<Record<GatherScatterMode, GatherMode>> = {
  clip: "clip",
  fill: "fill",
  drop: "fill",
  promise_in_bounds: "promiseInBounds",
};

/** The primitive's word for a mode. Throws WeftValueError for another word. */
export function gatherMode(mode: GatherScatterMode): GatherMode {
  if (Object.hasOwn(MODES, mode)) return MODES[mode];
  throw new WeftValueError(
    `Unknown gather mode ${JSON.stringify(mode)}: use "clip", "fill", "drop" or "promise_in_bounds"`,
  );
}

/** Options of `gather`. */
export interface GatherOptions {
  readonly mode?: GatherScatterMode;
  /** Default: NaN for floats, the least value for signed and the greatest for unsigned integers, true for bool. */
  readonly fillValue?: number | null;
  readonly indicesAreSorted?: boolean;
  readonly uniqueIndices?: boolean;
}

/**
 * Windows of x at indices that are values (`jax.lax.gather`). startIndices: integers […, k], index vectors along the
 * last axis. Default mode "fill", as in JAX.
 */
export function gather(
  x: ArrayLike,
  startIndices: ArrayLike,
  dimensionNumbers: GatherDimensionNumbers,
  sliceSizes: readonly number[],
  options: GatherOptions = {},
): NdArray {
  const operand = asArray(x);
  const params = {
    offsetDims: dimensionNumbers.offsetDims,
    collapsedSliceDims: dimensionNumbers.collapsedSliceDims,
    startIndexMap: dimensionNumbers.startIndexMap,
    operandBatchingDims: dimensionNumbers.operandBatchingDims ?? [],
    startIndicesBatchingDims: dimensionNumbers.startIndicesBatchingDims ?? [],
    sliceSizes,
    mode: gatherMode(options.mode ?? "fill"),
    fillValue: options.fillValue ?? null,
  };
  return bindOne("gather", [operand, indexArray(startIndices)], params, operand.weakType);
}

/** Options of `scatterSub` and `scatterApply`. */
export interface ScatterOptions {
  readonly mode?: GatherScatterMode;
  readonly indicesAreSorted?: boolean;
  readonly uniqueIndices?: boolean;
}

type ScatterName = "scatter" | "scatter_add" | "scatter_mul" | "scatter_min" | "scatter_max";

function scatterWith(
  name: ScatterName,
  x: ArrayLike,
  scatterIndices: ArrayLike,
  updates: ArrayLike,
  dimensionNumbers: ScatterDimensionNumbers,
  options: ScatterOptions,
): NdArray {
  const operand = asArray(x);
  const values = asArray(updates);
  checkSameDtype(name, [operand, values]);
  const params = {
    updateWindowDims: dimensionNumbers.updateWindowDims,
    insertedWindowDims: dimensionNumbers.insertedWindowDims,
    scatterDimsToOperandDims: dimensionNumbers.scatterDimsToOperandDims,
    operandBatchingDims: dimensionNumbers.operandBatchingDims ?? [],
    scatterIndicesBatchingDims: dimensionNumbers.scatterIndicesBatchingDims ?? [],
    indicesAreSorted: options.indicesAreSorted ?? false,
    uniqueIndices: options.uniqueIndices ?? false,
    mode: gatherMode(options.mode ?? "fill"),
  };
  return bindOne(name, [operand, indexArray(scatterIndices), values], params, operand.weakType);
}

/** What scatters take: operand, integer index vectors […, k], updates of the operand's dtype, and which axes. */
type Scatter = (
  x: ArrayLike,
  scatterIndices: ArrayLike,
  updates: ArrayLike,
  dimensionNumbers: ScatterDimensionNumbers,
  options?: ScatterOptions,
) => NdArray;

/** x with windows replaced by updates; of several at one place any may win (`jax.lax.scatter`). */
export const scatter: Scatter = (x, indices, updates, dims, options = {}) =>
  scatterWith("scatter", x, indices, updates, dims, options);
/** x with updates added (`jax.lax.scatter_add`). */
export const scatterAdd: Scatter = (x, indices, updates, dims, options = {}) =>
  scatterWith("scatter_add", x, indices, updates, dims, options);
/** x multiplied by updates (`jax.lax.scatter_mul`). */
export const scatterMul: Scatter = (x, indices, updates, dims, options = {}) =>
  scatterWith("scatter_mul", x, indices, updates, dims, options);
/** The lesser of x and updates (`jax.lax.scatter_min`). */
export const scatterMin: Scatter = (x, indices, updates, dims, options = {}) =>
  scatterWith("scatter_min", x, indices, updates, dims, options);
/** The greater of x and updates (`jax.lax.scatter_max`). */
export const scatterMax: Scatter = (x, indices, updates, dims, options = {}) =>
  scatterWith("scatter_max", x, indices, updates, dims, options);
