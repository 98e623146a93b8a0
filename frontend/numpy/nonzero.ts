/** Places of elements that are not zero (`jax.numpy`). */
import { rowMajorStrides } from "../../compiler/types/tensor-type.ts";
import { type ArrayLike, arrayFromData, convert, full, type NdArray, WeftValueError } from "../core/index.ts";
import { range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { scatterAdd } from "../lax/indexing.ts";
import { broadcastedIota, concatenate, expandDims, reshape } from "../lax/movement.ts";
import { broadcastTo, numberAs } from "../lax/operands.ts";
import { cumsum, reduceSum } from "../lax/reductions.ts";
import { truth, where } from "./logic.ts";
import { atleast1d, ravel } from "./movement.ts";
import { concreteData, toArray } from "./promotion.ts";

/** Options of `extract`, `uniqueAll`, `unique` and `uniqueValues` and others. */
export interface SizeOptions {
  /** How many results there are to be: required where values are not known while tracing. */
  readonly size?: number | null;
  /** What stands behind the last result; for `nonzero` a list has one value for every axis. */
  readonly fillValue?: ArrayLike | null;
}

/** Options of `maskIndices`, `where`, `nonzero` and `argwhere`. */
export interface NonzeroOptions {
  readonly size?: number | null;
  readonly fillValue?: ArrayLike | readonly ArrayLike[] | null;
}

/** Places of the elements ≠ 0, an int32 vector for every axis (`jnp.nonzero`). */
export function nonzero(x: ArrayLike, options: NonzeroOptions = {}): NdArray[] {
  const a = toArray("nonzero", x);
  if (a.ndim === 0) {
    throw new WeftValueError(
      "Calling nonzero on 0d arrays is not allowed. Use np.atleast1d(scalar).nonzero() instead.",
    );
  }
  const mask = truth(a, "nonzero");
  const strides = rowMajorStrides(a.shape);
  const { size = null, fillValue = null } = options;
  if (size !== null && (!Number.isInteger(size) || size < 0)) {
    throw new WeftValueError(`size must be a non-negative integer, got ${size}`);
  }
  if (size === null) {
    const elements = concreteData(
      mask,
      "The size argument of np.nonzero must be statically specified to use np.nonzero within transformations.",
    );
    const found = range(a.size).filter((i) => elements[i] !== 0);
    return a.shape.map((n, axis) =>
      arrayFromData(
        found.map((i) => Math.floor(i / strides[axis]) % n),
        "int32",
        [found.length],
      ),
    );
  }
  const flat = reshape(mask, [a.size]);
  const count = reduceSum(convert(flat, "int32"));
  // Place i goes to slot (number of hits up to i) − 1; what is no hit goes nowhere.
  const order = lax.sub(cumsum(convert(flat, "int32")), 1);
  const slots = lax.select(flat, order, numberAs(size, "int32", [a.size]));
  const places = scatterAdd(
    full(0, "int32", [size]),
    expandDims(slots, [1]),
    broadcastedIota("int32", [a.size], 0),
    {
      updateWindowDims: [],
      insertedWindowDims: [0],
      scatterDimsToOperandDims: [0],
    },
  );
  const valid = lax.lt(broadcastedIota("int32", [size], 0), broadcastTo(count, [size]));
  const fills = isFillList(fillValue) ? fillValue : a.shape.map(() => fillValue ?? 0);
  if (fills.length !== a.ndim) {
    throw new WeftValueError(
      `fillValue must be a scalar or a list of length ${a.ndim}, the number of axes; got ${fills.length}`,
    );
  }
  return a.shape.map((n, axis) =>
    where(
      valid,
      lax.rem(lax.div(places, strides[axis]), n),
      convert(toArray("nonzero", fills[axis]), "int32"),
    ),
  );
}

function isFillList(fill: ArrayLike | readonly ArrayLike[] | null): fill is readonly ArrayLike[] {
  return Array.isArray(fill);
}

/** Places of the elements ≠ 0 of the flattened array (`jnp.flatnonzero`). */
export function flatnonzero(x: ArrayLike, options: SizeOptions = {}): NdArray {
  return nonzero(ravel(x), options)[0];
}

/** Places of the elements ≠ 0: [count, ndim] (`jnp.argwhere`). */
export function argwhere(x: ArrayLike, options: NonzeroOptions = {}): NdArray {
  const a = toArray("argwhere", x);
  const parts = nonzero(atleast1d(a), options);
  if (a.ndim === 0) return full(0, "int32", [parts[0].size, 0]);
  return concatenate(
    parts.map((p) => expandDims(p, [1])),
    1,
  );
}
