/**
 * The methods of universal functions (`jax.numpy.ufunc`): `np.add.reduce(x)`, `.accumulate`, `.outer`, `.at`, `.reduceat`;
 * and `frompyfunc`, which gives them to a function of the user.
 */
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
import { vectorize } from "./apply.ts";
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

/** A binary function with the methods that NumPy gives it. */
export interface Ufunc extends BinaryFunction {
  /** Number of operands and of results. */
  readonly nin: number;
  readonly nout: number;
  /** The value that changes nothing, where there is one. */
  readonly identity: number | null;
  /** All elements along an axis folded into one (`jnp.ufunc.reduce`). */
  reduce(x: ArrayLike, options?: UfuncReduceOptions): NdArray;
  /** Folds of the elements up to each place (`jnp.ufunc.accumulate`). */
  accumulate(x: ArrayLike, options?: UfuncAxisOptions): NdArray;
  /** The function of all pairs of elements: [...x.shape, ...y.shape] (`jnp.ufunc.outer`). */
  outer(x: ArrayLike, y: ArrayLike): NdArray;
  /** x with the function applied at places, once for every time a place is given (`jnp.ufunc.at` with inplace=False). */
  at(x: ArrayLike, indices: Index | readonly Index[], y: ArrayLike): NdArray;
  /** Folds of the ranges between indices (`jnp.ufunc.reduceat`). */
  reduceat(x: ArrayLike, indices: ArrayLike, options?: UfuncAxisOptions): NdArray;
}

/** What of the methods a function has better ways for than a loop. */
export interface UfuncParts {
  readonly identity?: number | null;
  readonly reduce?: (x: NdArray, options: UfuncReduceOptions) => NdArray;
  readonly accumulate?: (x: NdArray, options: UfuncAxisOptions & { axis: number }) => NdArray;
  readonly at?: (x: NdArray, indices: readonly Index[], y: ArrayLike) => NdArray;
}

function resultDType(f: BinaryFunction, x: NdArray): DType {
  const one = full(1, x.dtype);
  return evalShape((a: NdArray, b: NdArray) => f(a, b), one, one).dtype;
}

function reduceByLoop(
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

function accumulateByScan(f: BinaryFunction, x: NdArray, options: UfuncAxisOptions): NdArray {
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

function atByScan(f: BinaryFunction, x: NdArray, indices: readonly Index[], y: ArrayLike): NdArray {
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

/** Attaches the methods to a function. */
export function ufunc(name: string, f: BinaryFunction, parts: UfuncParts = {}): Ufunc {
  const { identity = null } = parts;
  const call: BinaryFunction = (x, y) => f(x, y);
  Object.defineProperty(call, "name", { value: name });
  const methods: Omit<Ufunc, keyof BinaryFunction> = {
    nin: 2,
    nout: 1,
    identity,
    reduce(x, options = {}) {
      const a = toArray(`${name}.reduce`, x);
      return parts.reduce === undefined
        ? reduceByLoop(name, f, identity, a, options)
        : parts.reduce(a, { ...options, axis: options.axis === undefined ? 0 : options.axis });
    },
    accumulate(x, options = {}) {
      const a = toArray(`${name}.accumulate`, x);
      const axis = canonicalizeAxis(options.axis ?? 0, a.ndim);
      return parts.accumulate === undefined
        ? accumulateByScan(f, a, options)
        : parts.accumulate(a, { ...options, axis });
    },
    outer(x, y) {
      const a = toArray(`${name}.outer`, x);
      const b = toArray(`${name}.outer`, y);
      return f(reshape(a, [...a.shape, ...b.shape.map(() => 1)]), b);
    },
    at(x, indices, y) {
      const a = toArray(`${name}.at`, x);
      const list = isIndexList(indices) ? indices : [indices];
      return parts.at === undefined ? atByScan(f, a, list, y) : parts.at(a, list, y);
    },
    reduceat(x, indices, options = {}) {
      return reduceRanges(name, f, toArray(`${name}.reduceat`, x), indices, options);
    },
  };
  return Object.assign(call, methods);
}

/** A list of indices, rather than one: a range is a list of numbers too, but has no arrays, nulls at most. */
function isIndexList(indices: Index | readonly Index[]): indices is readonly Index[] {
  if (!Array.isArray(indices)) return false;
  return indices.some((i) => typeof i === "object" || typeof i === "string");
}

function reduceRanges(
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

/**
 * A function of two scalars made one of arrays, with the methods of a universal function (`jnp.frompyfunc`). Functions
 * of another number of arguments are made by `np.vectorize`.
 */
export function frompyfunc(
  f: (x: NdArray, y: NdArray) => NdArray,
  nin: 2,
  nout: 1,
  options: { identity?: number | null } = {},
): Ufunc {
  if (nin !== 2 || nout !== 1) {
    throw new WeftValueError(
      `frompyfunc takes functions of 2 arguments and 1 result, got nin=${String(nin)} and nout=${String(nout)}: ` +
        "use np.vectorize for others",
    );
  }
  return ufunc(f.name || "func", vectorize(f), { identity: options.identity ?? null });
}
