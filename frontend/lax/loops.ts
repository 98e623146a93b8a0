/** Loops made of other loops: map and associativeScan (`jax.lax`). */

import { scan } from "../control/index.ts";
import { type ArrayLike, asArray, bindOne, type NdArray, WeftValueError } from "../core/index.ts";
import type { AnyFunction, Result } from "../transforms/types.ts";
import { vmap } from "../transforms/vmap.ts";
import { flatten, unflatten } from "../tree/tree.ts";
import { canonicalizeAxis } from "./axes.ts";
import { add, bitwiseOr } from "./elementwise.ts";
import { concatenate, pad, reshape, sliceInDim } from "./movement.ts";

/** Options of `map`. */
export interface MapOptions {
  /** How many rows to compute at once, vectorised; default one. */
  readonly batchSize?: number | null;
}

/**
 * f of every row along the leading axes of xs, one after the other, and the results stacked (`jax.lax.map`).
 * `vmap` computes the same at once.
 */
export function map<X, Y>(f: (x: Result<X>) => Y, xs: X, options: MapOptions = {}): Result<Y> {
  const { batchSize = null } = options;
  const step = (_carry: null, x: Result<X>): readonly [null, Y] => [null, f(x)];
  Object.defineProperty(step, "name", { value: f.name || "f" });
  if (batchSize === null) {
    const [, ys] = scan(step, null, xs);
    return ys;
  }
  const { leaves, treedef } = flatten(xs);
  const arrays = leaves.map((leaf) => asArray(leaf as ArrayLike));
  const length = arrays[0]?.shape[0] ?? 0;
  const whole = Math.floor(length / batchSize);
  const batched = vmap(f as AnyFunction) as (x: Result<X>) => Result<Y>;
  const part = (from: number, to: number, shape: (x: NdArray) => number[]): Result<X> =>
    unflatten(
      treedef,
      arrays.map((x) => {
        const rows = sliceInDim(x, from, to);
        return reshape(rows, shape(rows));
      }),
    ) as Result<X>;
  const parts: unknown[] = [];
  if (whole > 0) {
    const blocks = part(0, whole * batchSize, (x) => [whole, batchSize, ...x.shape.slice(1)]);
    const inBlocks = (_carry: null, x: Result<X>): readonly [null, Result<Y>] => [null, batched(x)];
    const [, ys] = scan(inBlocks as (c: null, x: unknown) => readonly [null, Result<Y>], null, blocks);
    parts.push(joinRows(ys));
  }
  if (whole * batchSize < length) parts.push(batched(part(whole * batchSize, length, (x) => [...x.shape])));
  return concatenateTrees(parts) as Result<Y>;
}

/** The first two axes of every leaf as one. */
function joinRows(tree: unknown): unknown {
  const { leaves, treedef } = flatten(tree);
  const joined = leaves.map((leaf) => {
    const x = asArray(leaf as ArrayLike);
    return reshape(x, [x.shape[0] * x.shape[1], ...x.shape.slice(2)]);
  });
  return unflatten(treedef, joined);
}

function concatenateTrees(parts: readonly unknown[]): unknown {
  if (parts.length === 1) return parts[0];
  const flat = parts.map((part) => flatten(part));
  return unflatten(
    flat[0].treedef,
    flat[0].leaves.map((_, i) =>
      concatenate(
        flat.map(({ leaves }) => asArray(leaves[i] as ArrayLike)),
        0,
      ),
    ),
  );
}

/** Options of `associativeScan`. */
export interface AssociativeScanOptions {
  /** From the last element to the first. */
  readonly reverse?: boolean;
  /** Default 0. */
  readonly axis?: number;
}

/**
 * Prefixes of an associative function along an axis (`jax.lax.associative_scan`), in logarithmically many steps:
 * result i is f(x₀, f(x₁, … xᵢ)). elems: an array or a tree of arrays; f takes and returns such trees, vectorised.
 */
export function associativeScan<T>(
  f: (a: Result<T>, b: Result<T>) => Result<T>,
  elems: T,
  options: AssociativeScanOptions = {},
): Result<T> {
  const { leaves, treedef } = flatten(elems);
  const arrays = leaves.map((leaf) => asArray(leaf as ArrayLike));
  if (arrays.length === 0) return elems as Result<T>;
  const axis = canonicalizeAxis(options.axis ?? 0, arrays[0].ndim);
  const n = arrays[0].shape[axis];
  if (arrays.some((x) => x.shape[axis] !== n)) {
    throw new WeftValueError(
      "Array inputs to associative_scan must have the same first dimension. " +
        `(saw: ${arrays.map((x) => `[${x.shape.join(", ")}]`).join(", ")})`,
    );
  }
  const reverse = options.reverse ?? false;
  const flip = (list: readonly NdArray[]): NdArray[] =>
    reverse ? list.map((x) => bindOne("rev", [x], { dimensions: [axis] })) : [...list];
  const combine = (a: readonly NdArray[], b: readonly NdArray[]): NdArray[] => {
    const result = f(unflatten(treedef, a) as Result<T>, unflatten(treedef, b) as Result<T>);
    return flatten(result).leaves.map((leaf) => asArray(leaf as ArrayLike));
  };
  return unflatten(treedef, flip(prefixes(combine, flip(arrays), axis))) as Result<T>;
}

type CombineLists = (a: readonly NdArray[], b: readonly NdArray[]) => NdArray[];

/** Pairs are combined, their prefixes found, and the places between filled in (Blelloch 1990, as JAX has it). */
function prefixes(combine: CombineLists, elems: readonly NdArray[], axis: number): NdArray[] {
  const n = elems[0].shape[axis];
  if (n < 2) return [...elems];
  const part = (list: readonly NdArray[], from: number, to: number, stride = 1): NdArray[] =>
    list.map((x) => sliceInDim(x, from, to, { stride, axis }));
  const odd = prefixes(combine, combine(part(elems, 0, n - 1, 2), part(elems, 1, n, 2)), axis);
  const pairs = odd[0].shape[axis];
  const before = n % 2 === 0 ? part(odd, 0, pairs - 1) : odd;
  const later = n > 2 ? combine(before, part(elems, 2, n, 2)) : [];
  const first = part(elems, 0, 1);
  const even = first.map((x, i) => (later.length === 0 ? x : concatenate([x, later[i]], axis)));
  return even.map((x, i) => interleave(x, odd[i], axis));
}

/** a₀ b₀ a₁ b₁ …, where a has as many elements as b or one more. */
function interleave(a: NdArray, b: NdArray, axis: number): NdArray {
  const [m, n] = [a.shape[axis], b.shape[axis]];
  const config = (low: number, high: number): [number, number, number][] =>
    a.shape.map((_, i) => (i === axis ? [low, high, 1] : [0, 0, 0]));
  const spreadA = pad(a, 0, config(0, m === n ? 1 : 0));
  const spreadB = pad(b, 0, config(1, m === n ? 0 : 1));
  return a.dtype === "bool" ? bitwiseOr(spreadA, spreadB) : add(spreadA, spreadB);
}
