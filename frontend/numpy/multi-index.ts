/** Choices among arrays, and indices of several axes as one (`jax.numpy`). */

import { isFloating } from "../../compiler/types/dtype.ts";
import { type ArrayLike, convert, formatShape, type NdArray, WeftValueError } from "../core/index.ts";
import { range } from "../lax/axes.ts";
import * as elementwise from "../lax/elementwise.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";
import { where } from "./logic.ts";
import { concreteData, promoteDTypes, toArray } from "./promotion.ts";
import { indexOperand } from "./take.ts";
import { add, floorDivide, remainder } from "./ufuncs.ts";

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
