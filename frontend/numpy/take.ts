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
import { expandDims } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";
import { where } from "./logic.ts";
import { ravel } from "./movement.ts";
import { promoteDTypes, toArray } from "./promotion.ts";
import { remainder } from "./ufuncs.ts";

/** What an index out of bounds gives: the fill value, the nearest element, or the one found by counting round. */
export type TakeMode = "fill" | "clip" | "wrap";

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
  if (mode !== "fill" && mode !== "clip" && mode !== "wrap") {
    throw new UnsupportedError(
      `np.take: mode "${String(mode)}" is not supported; use "fill", "clip" or "wrap"`,
    );
  }
  const a = wanted === null ? ravel(given) : given;
  const axis = wanted === null ? 0 : canonicalizeAxis(wanted, a.ndim);
  const places = indexOperand("take", indices);
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
  axis: number | null,
  options: Pick<TakeOptions, "mode" | "fillValue"> = {},
): NdArray {
  const given = toArray("take_along_axis", x);
  if (axis === null) return takeAlongAxis(ravel(given), ravel(indices), 0, options);
  const places = indexOperand("take_along_axis", indices);
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

/** For every place, the element of the choice with the number given there (`jnp.choose`). */
export function choose(
  which: ArrayLike,
  choices: readonly ArrayLike[],
  options: { mode?: "clip" | "wrap" } = {},
): NdArray {
  if (choices.length === 0) throw new WeftValueError("choose requires at least one choice");
  const index = indexOperand("choose", which);
  const place =
    options.mode === "wrap"
      ? remainder(index, choices.length)
      : elementwise.clamp(0, index, choices.length - 1);
  const arrays = promoteDTypes("choose", ...choices);
  const shape = broadcastShapes(place.shape, ...arrays.map((x) => x.shape));
  let result = broadcastTo(arrays[0], shape);
  for (let k = 1; k < arrays.length; k++) result = where(elementwise.eq(place, k), arrays[k], result);
  return result;
}

/** Row-major places of index arrays in a shape (`jnp.ravel_multi_index`); modes as in NumPy, default "clip". */
export function ravelMultiIndex(
  multiIndex: readonly ArrayLike[],
  dims: readonly number[],
  options: { mode?: "clip" | "wrap" } = {},
): NdArray {
  if (multiIndex.length !== dims.length) {
    throw new WeftValueError(
      `len(multi_index)=${multiIndex.length} != len(dims)=${dims.length} (dims ${formatShape(dims)})`,
    );
  }
  return multiIndex.reduce<NdArray>(
    (flat, part, i) => {
      const index = indexOperand("ravel_multi_index", part);
      const kept =
        options.mode === "wrap" ? remainder(index, dims[i]) : elementwise.clamp(0, index, dims[i] - 1);
      const [p, q] = [elementwise.mul(flat, dims[i]), kept];
      const shape = broadcastShapes(p.shape, q.shape);
      return elementwise.add(broadcastTo(p, shape), broadcastTo(q, shape));
    },
    convert(toArray("ravel_multi_index", 0), "int32"),
  );
}

/** Index arrays along each axis of a shape from row-major places (`jnp.unravel_index`). */
export function unravelIndex(indices: ArrayLike, shape: number | readonly number[]): NdArray[] {
  const sizes = typeof shape === "number" ? [shape] : shape;
  let rest = indexOperand("unravel_index", indices);
  const parts: NdArray[] = [];
  for (const n of sizes.toReversed()) {
    parts.push(remainder(rest, n));
    rest = elementwise.div(rest, n);
  }
  return parts.reverse();
}
