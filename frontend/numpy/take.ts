/** Elements by index along one axis (`jnp.take` and its kin). */

import { isFloating } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  convert,
  formatShape,
  type NdArray,
  UnsupportedError,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis, otherAxes, range } from "../lax/axes.ts";
import * as elementwise from "../lax/elementwise.ts";
import { gather } from "../lax/indexing.ts";
import { expandDims, reshape } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";
import { where } from "./logic.ts";
import { ravel } from "./movement.ts";
import { concreteData, promoteDTypes, toArray } from "./promotion.ts";
import { add, floorDivide, remainder } from "./ufuncs.ts";

/** What an index out of bounds gives: the fill value, the nearest element, or the one found by counting round. */
export type TakeMode = "fill" | "clip" | "wrap";

/** Options of `take` and `takeAlongAxis`. */
export interface TakeOptions {
  /** Axis to take along; without one the array is flattened. */
  readonly axis?: number | null;
  /** Default "fill", with NaN for floats, as in JAX. */
  readonly mode?: TakeMode;
  readonly fillValue?: number | null;
}

/** Integer indices as int32. Throws WeftTypeError for floats. */
export function indexOperand(name: string, indices: ArrayLike): NdArray {
  const given = toArray(name, indices);
  if (isFloating(given.dtype)) {
    if (typeof indices === "number" && Number.isInteger(indices)) return convert(given, "int32");
    throw new WeftTypeError(
      `take requires indices of integer or boolean type, got ${given.dtype} (in np.${name})`,
    );
  }
  return convert(given, "int32");
}

/** Negative indices count from the end; in mode "wrap" all count round. */
export function normalizeIndices(
  indices: NdArray,
  extent: number,
  mode: TakeMode | "drop" | "promise_in_bounds",
): NdArray {
  if (mode === "wrap") return remainder(indices, extent);
  return elementwise.select(elementwise.lt(indices, 0), elementwise.add(indices, extent), indices);
}

/** `x[..., indices, ...]` along an axis: its extent is replaced by the indices' shape (`jnp.take`). */
export function take(x: ArrayLike, indices: ArrayLike, options: TakeOptions = {}): NdArray {
  const given = toArray("take", x);
  const { axis: wanted = null, mode = "fill", fillValue = null } = options;
  if (String(mode) === "raise") throw new UnsupportedError("The 'raise' mode to np.take is not supported.");
  if (mode !== "fill" && mode !== "clip" && mode !== "wrap") {
    throw new WeftValueError(`Invalid mode '${String(mode)}' for np.take`);
  }
  const a = wanted === null ? ravel(given) : given;
  const axis = wanted === null ? 0 : canonicalizeAxis(wanted, a.ndim);
  const places = indexOperand("take", indices);
  if (a.shape[axis] === 0) {
    if (places.size > 0) throw new WeftValueError("Cannot do a non-empty np.take() from an empty axis.");
    return reshape(a, a.shape.toSpliced(axis, 1, ...places.shape));
  }
  // Clipping takes negative indices for what they are.
  const normal = mode === "clip" ? places : normalizeIndices(places, a.shape[axis], mode);
  return gather(
    a,
    expandDims(normal, [places.ndim]),
    {
      offsetDims: range(a.ndim - 1).map((i) => (i < axis ? i : i + places.ndim)),
      collapsedSliceDims: [axis],
      startIndexMap: [axis],
    },
    a.shape.map((n, i) => (i === axis ? 1 : n)),
    { mode: mode === "fill" ? "fill" : "clip", fillValue },
  );
}

/**
 * For every place, the element of x at the index given there along the axis (`jnp.take_along_axis`). Apart from the
 * axis, shapes broadcast.
 */
export function takeAlongAxis(
  x: ArrayLike,
  indices: ArrayLike,
  axis: number | null = -1,
  options: Pick<TakeOptions, "mode" | "fillValue"> = {},
): NdArray {
  const given = toArray("take_along_axis", x);
  const indexArray = toArray("take_along_axis", indices);
  if (isFloating(indexArray.dtype)) {
    throw new WeftTypeError(`take_along_axis indices must be of integer type, got ${indexArray.dtype}`);
  }
  if (axis === null) {
    if (indexArray.ndim !== 1) {
      throw new WeftValueError(
        `take_along_axis indices must be 1D if axis=None, got shape ${formatShape(indexArray.shape)}`,
      );
    }
    return takeAlongAxis(ravel(given), indexArray, 0, options);
  }
  const places = convert(indexArray, "int32");
  if (places.ndim !== given.ndim) {
    throw new WeftValueError(
      `indices and arr must have the same number of dimensions; ${places.ndim} vs. ${given.ndim}`,
    );
  }
  const { mode = "fill", fillValue = null } = options;
  const at = canonicalizeAxis(axis, given.ndim);
  const others = broadcastShapes(given.shape.toSpliced(at, 1, 1), places.shape.toSpliced(at, 1, 1));
  const a = broadcastTo(given, others.toSpliced(at, 1, given.shape[at]));
  const spread = broadcastTo(places, others.toSpliced(at, 1, places.shape[at]));
  const normal = normalizeIndices(spread, a.shape[at], mode);
  const batching = otherAxes(a.ndim, [at]);
  return gather(
    a,
    expandDims(normal, [a.ndim]),
    {
      offsetDims: [],
      collapsedSliceDims: [at],
      startIndexMap: [at],
      operandBatchingDims: batching,
      startIndicesBatchingDims: batching,
    },
    a.shape.map((n) => Math.min(n, 1)),
    { mode: mode === "fill" ? "fill" : "clip", fillValue },
  );
}

/** What an index out of bounds does where it is to be refused: "raise" needs its value. */
export type StrictMode = "raise" | "clip" | "wrap";

/** Whether any of the index arrays is out of its bounds. Throws JAX's concretization error inside `jit`. */
function anyOutside(name: string, indices: readonly NdArray[], extents: readonly number[]): boolean {
  return indices.some((index, i) =>
    Array.from(
      concreteData(
        index,
        `The error occurred because np.${name} was jit-compiled with mode='raise'. Use mode='wrap' or mode='clip' instead.`,
      ),
    ).some((v) => v < 0 || v >= extents[i]),
  );
}

/**
 * For every place, the element of the choice with the number given there (`jnp.choose`). Mode "raise", the default,
 * throws WeftValueError for a number that there is no choice for.
 */
export function choose(
  which: ArrayLike,
  choices: readonly ArrayLike[],
  options: { mode?: StrictMode } = {},
): NdArray {
  if (choices.length === 0) throw new WeftValueError("choose requires at least one choice");
  const { mode = "raise" } = options;
  if (isFloating(toArray("choose", which).dtype) && typeof which !== "number") {
    throw new WeftValueError("`a` array must be integer typed");
  }
  const index = indexOperand("choose", which);
  if (mode === "raise" && anyOutside("choose", [index], [choices.length])) {
    throw new WeftValueError("invalid entry in choice array");
  }
  if (mode !== "raise" && mode !== "clip" && mode !== "wrap") {
    throw new WeftValueError(`mode='${String(mode)}' not understood. Must be 'raise', 'wrap', or 'clip'`);
  }
  const place =
    mode === "wrap" ? remainder(index, choices.length) : elementwise.clamp(0, index, choices.length - 1);
  const arrays = promoteDTypes("choose", ...choices);
  const shape = broadcastShapes(place.shape, ...arrays.map((x) => x.shape));
  let result = broadcastTo(arrays[0], shape);
  for (let k = 1; k < arrays.length; k++) result = where(elementwise.eq(place, k), arrays[k], result);
  return result;
}

export interface RavelIndexOptions {
  /** Default "raise": throws WeftValueError for an index out of bounds, and needs its value. */
  readonly mode?: StrictMode | "ignore";
  /** Whether the last axis is the fastest (default) or the first. */
  readonly order?: "C" | "F";
}

/** Places in a shape from an index array for each axis (`jnp.ravel_multi_index`): int32. */
export function ravelMultiIndex(
  multiIndex: readonly ArrayLike[],
  dims: readonly number[],
  options: RavelIndexOptions = {},
): NdArray {
  if (multiIndex.length !== dims.length) {
    throw new WeftValueError(
      `len(multi_index)=${multiIndex.length} != len(dims)=${dims.length} (dims ${formatShape(dims)})`,
    );
  }
  const { mode = "raise", order = "C" } = options;
  if (order !== "C" && order !== "F") {
    throw new WeftValueError(`invalid order='${String(order)}'. Expected 'C' or 'F'`);
  }
  const given = multiIndex.map((part) => indexOperand("ravel_multi_index", part));
  if (mode === "raise" && anyOutside("ravel_multi_index", given, dims)) {
    throw new WeftValueError("invalid entry in coordinates array");
  }
  const kept = given.map((index, i) => {
    switch (mode) {
      case "clip":
        return elementwise.clamp(0, index, dims[i] - 1);
      case "wrap":
        return remainder(index, dims[i]);
      case "raise":
      case "ignore":
        return index;
      default:
        throw new WeftValueError(
          `invalid mode='${String(mode)}'. Expected 'raise', 'wrap', 'clip', or 'ignore'.`,
        );
    }
  });
  const places = range(dims.length);
  return (order === "C" ? places : places.toReversed()).reduce<NdArray>(
    (flat, i) => add(elementwise.mul(flat, dims[i]), kept[i]),
    convert(toArray("ravel_multi_index", 0), "int32"),
  );
}

/** Index arrays along each axis of a shape from row-major places, those out of bounds moved into it (`jnp.unravel_index`). */
export function unravelIndex(indices: ArrayLike, shape: number | readonly number[]): NdArray[] {
  const sizes = typeof shape === "number" ? [shape] : shape;
  let rest = indexOperand("unravel_index", indices);
  const parts: NdArray[] = [];
  for (const n of sizes.toReversed()) {
    parts.push(remainder(rest, n));
    rest = floorDivide(rest, n);
  }
  const [above, below] = [elementwise.gt(rest, 0), elementwise.lt(rest, -1)];
  return parts.reverse().map((part, i) => where(above, sizes[i] - 1, where(below, 0, part)));
}
