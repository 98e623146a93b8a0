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
import { ravel } from "./movement.ts";
import { toArray } from "./promotion.ts";
import { remainder } from "./ufuncs.ts";

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
