/**
 * The methods of universal functions (`jax.numpy.ufunc`): `np.add.reduce(x)`, `.accumulate`, `.outer`, `.at`, `.reduceat`;
 * and `frompyfunc`, which gives them to a function of the user.
 */

import { type ArrayLike, type NdArray, WeftValueError } from "../core/index.ts";
import { canonicalizeAxis } from "../lax/axes.ts";
import { reshape } from "../lax/movement.ts";
import { vectorize } from "./apply.ts";
import type { Index } from "./indexing.ts";
import { toArray } from "./promotion.ts";
import type { BinaryFunction, UfuncAxisOptions, UfuncReduceOptions } from "./ufunc-loops.ts";
import { accumulateByScan, atByScan, reduceByLoop, reduceRanges } from "./ufunc-loops.ts";

export type { BinaryFunction, UfuncAxisOptions, UfuncReduceOptions } from "./ufunc-loops.ts";

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
