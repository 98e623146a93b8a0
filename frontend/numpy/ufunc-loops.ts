/** The methods of universal functions by loops, for functions that have no better way. */
import type { DType } from "../../compiler/types/dtype.ts";
import { foriLoop, scan } from "../control/index.ts";
import {
  type ArrayLike,
  asArray,
  convert,
  formatShape,
  full,
  type NdArray,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis, range } from "../lax/axes.ts";
import { dynamicIndexInDim } from "../lax/dynamic.ts";
import { expandDims, indexInDim, reshape, sliceInDim } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";
import { evalShape } from "../transforms/inspect.ts";
import { IndexUpdate } from "./at.ts";
import type { Index } from "./indexing.ts";
import { concatenate } from "./joining.ts";
import { truth, where } from "./logic.ts";
import { moveaxis, ravel } from "./movement.ts";
import { toArray } from "./promotion.ts";
import { indexOperand } from "./take.ts";

/** A function of two arrays, elementwise and broadcast. */
export type BinaryFunction = (x: ArrayLike, y: ArrayLike) => NdArray;

/** Options of `reduce` of a `ufunc`. */
export interface UfuncReduceOptions {
  /** Default 0; null: all elements, flattened. */
  readonly axis?: number | null;
  readonly dtype?: DType | null;
  readonly keepdims?: boolean;
  readonly initial?: ArrayLike | null;
  readonly where?: ArrayLike | null;
}

/** Options of the methods of `ufunc`. */
export interface UfuncAxisOptions {
  readonly axis?: number;
  readonly dtype?: DType | null;
}

function resultDType(f: BinaryFunction, x: NdArray): DType {
  const one = full(1, x.dtype);
  return evalShape((a: NdArray, b: NdArray) => f(a, b), one, one).dtype;
}

export function reduceByLoop(
  name: string,
  f: BinaryFunction,
  identity: number | null,
  x: NdArray,
  options: UfuncReduceOptions,
): NdArray {
  const dtype = options.dtype ?? resultDType(f, x);
  const flat = options.axis === null;
  const axis = flat ? 0 : canonicalizeAxis(options.axis ?? 0, x.ndim);
  const a = convert(flat ? ravel(x) : moveaxis(x, axis, 0), dtype);
  const given = options.where ?? null;
  const mask =
    given === null
      ? null
      : ((m: NdArray): NdArray => (flat ? ravel(m) : moveaxis(m, axis, 0)))(
          broadcastTo(truth(given, "where"), x.shape),
        );
  const initial = options.initial ?? identity;
  if (mask !== null && initial === null) {
    throw new WeftValueError(
      `reduction operation '${name}' does not have an identity, so to use a where mask one has to specify 'initial'.`,
    );
  }
  const n = a.shape[0];
  if (n === 0 && initial === null) {
    throw new WeftValueError(`zero-size array to reduction operation ${name} which has no identity`);
  }
  const rest = a.shape.slice(1);
  const first =
    initial === null
      ? indexInDim(a, 0, { keepdims: false })
      : broadcastTo(convert(asArray(initial), dtype), rest);
  const row = (from: NdArray, i: NdArray): NdArray => dynamicIndexInDim(from, i, { keepdims: false });
  const result = foriLoop(
    initial === null ? 1 : 0,
    n,
    (i: NdArray, value: NdArray) => {
      const next = convert(f(value, row(a, i)), dtype);
      return mask === null ? next : where(row(mask, i), next, value);
    },
    first,
  );
  if (!(options.keepdims ?? false)) return result;
  return reshape(
    result,
    x.shape.map((m, i) => (flat || i === axis ? 1 : m)),
  );
}

export function accumulateByScan(f: BinaryFunction, x: NdArray, options: UfuncAxisOptions): NdArray {
  const dtype = options.dtype ?? resultDType(f, x);
  if (x.size === 0) return full(0, dtype, x.shape);
  const axis = canonicalizeAxis(options.axis ?? 0, x.ndim);
  const a = convert(moveaxis(x, axis, 0), dtype);
  const first = indexInDim(a, 0, { keepdims: false });
  const step = (carry: NdArray, row: NdArray): readonly [NdArray, NdArray] => {
    const next = convert(f(carry, row), dtype);
    return [next, next];
  };
  const [, rest] = scan(step, first, sliceInDim(a, 1, a.shape[0]));
  return moveaxis(concatenate([expandDims(first, [0]), rest]), 0, axis);
}

export function atByScan(f: BinaryFunction, x: NdArray, indices: readonly Index[], y: ArrayLike): NdArray {
  const dtype = resultDType(f, x);
  const a = convert(x, dtype);
  const b = convert(toArray("at", y), dtype);
  const arrays = indices.filter((i): i is NdArray => typeof i === "object" && i !== null && "aval" in i);
  if (arrays.length === 0) {
    const place = new IndexUpdate(a, indices);
    return place.set(f(place.get(), b));
  }
  const joint = broadcastShapes(...arrays.map((i) => i.shape));
  const count = joint.reduce((n, m) => n * m, 1);
  const flat = arrays.map((i) => reshape(broadcastTo(indexOperand("at", i), joint), [count]));
  const rest = b.shape.slice(joint.length);
  const values = reshape(broadcastTo(b, [...joint, ...rest]), [count, ...rest]);
  const step = (carry: NdArray, [places, value]: readonly [readonly NdArray[], NdArray]) => {
    const left = [...places];
    const at = indices.map((i) =>
      typeof i === "object" && i !== null && "aval" in i ? (left.shift() ?? i) : i,
    );
    const place = new IndexUpdate(carry, at);
    return [place.set(f(place.get(), value)), null] as const;
  };
  const [result] = scan(step, a, [flat, values] as const);
  return result;
}

export function reduceRanges(
  name: string,
  f: BinaryFunction,
  x: NdArray,
  indices: ArrayLike,
  options: UfuncAxisOptions,
): NdArray {
  if (x.ndim === 0) throw new WeftValueError("reduceat: a must have 1 or more dimension, got a.shape=()");
  const places = indexOperand("reduceat", indices);
  if (places.ndim !== 1) {
    throw new WeftValueError(
      `reduceat: indices must be one-dimensional, got indices.shape=${formatShape(places.shape)}`,
    );
  }
  const axis = canonicalizeAxis(options.axis ?? 0, x.ndim);
  const a = convert(moveaxis(x, axis, 0), options.dtype ?? x.dtype);
  const n = a.shape[0];
  const count = places.size;
  const at = (i: number): NdArray => indexInDim(places, i, { keepdims: false });
  const rows = range(count).map((k) => {
    const from = at(k);
    const to = k + 1 < count ? at(k + 1) : full(n, "int32");
    const first = dynamicIndexInDim(a, from, { keepdims: false });
    // An index that is not less than the next one gives its own element.
    const folded = foriLoop(
      0,
      n,
      (i: NdArray, value: NdArray) => {
        const inside = truth(where(i.greater(from), where(i.less(to), 1, 0), 0));
        return where(inside, convert(f(value, dynamicIndexInDim(a, i, { keepdims: false })), a.dtype), value);
      },
      first,
    );
    return expandDims(folded, [0]);
  });
  if (rows.length === 0) throw new WeftValueError(`${name}.reduceat: no indices`);
  return moveaxis(concatenate(rows), 0, axis);
}
