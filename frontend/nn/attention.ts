/** Attention (`jax.nn.dot_product_attention`). */
import { type DType, isFloating } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  convert,
  formatShape,
  type NdArray,
  promoteTypes,
  UnsupportedError,
  WeftValueError,
} from "../core/index.ts";
import { range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota, expandDims, reshape, transpose } from "../lax/movement.ts";
import { broadcastTo, numberAs } from "../lax/operands.ts";
import { einsum } from "../numpy/einsum.ts";
import { logicalAnd } from "../numpy/logic.ts";
import { toArray } from "../numpy/promotion.ts";
import { stopGradient } from "../transforms/checkpoint.ts";
import { logsumexp, softmax } from "./functions.ts";

/** Options of `dotProductAttention`. */
export interface AttentionOptions {
  /** Added to the scores, broadcast to [batch, heads, queries, keys]; fewer axes are the last ones. */
  readonly bias?: ArrayLike | null;
  /** Which scores take part, bool, broadcast likewise. */
  readonly mask?: ArrayLike | null;
  /** Default 1/√(depth). */
  readonly scale?: number | null;
  /** Whether a query sees only keys up to its own place. */
  readonly isCausal?: boolean;
  /** Number of queries that count in each example, int32[batch]; the results of the others are 0. */
  readonly querySeqLengths?: NdArray | null;
  /** Number of keys that count in each example, int32[batch]. */
  readonly keyValueSeqLengths?: NdArray | null;
  /** How far a query sees to the left and to the right. */
  readonly localWindowSize?: number | readonly [left: number, right: number] | null;
  /** Also returns the logarithms of the sums of exponentials, [batch?, queries, heads], through which no gradient flows. */
  readonly returnResidual?: boolean;
  /** "xla": the only implementation here. */
  readonly implementation?: "xla" | null;
}

/** Throws WeftValueError where an operand has not the shape and dtype; −1 stands for any extent. */
function check(name: string, x: NdArray | null, shape: readonly number[], dtype: DType | null = null): void {
  if (x === null) return;
  if (x.ndim !== shape.length) {
    throw new WeftValueError(`${name} ndim should be ${shape.length}, but got ${x.ndim}`);
  }
  if (dtype !== null && x.dtype !== dtype) {
    throw new WeftValueError(`${name} dtype should be ${dtype}, but got ${x.dtype}`);
  }
  if (!shape.every((n, i) => n === -1 || x.shape[i] === n)) {
    throw new WeftValueError(
      `${name} shape should be ${formatShape(shape)}: but got ${formatShape(x.shape)}`,
    );
  }
}

/** New axes in front, up to four. */
function fourAxes(name: string, x: ArrayLike): NdArray {
  const array = toArray(name, x);
  return array.ndim >= 4 ? array : expandDims(array, range(4 - array.ndim));
}

/** [batch, heads or 1, …] as [batch, keyHeads or 1, group or 1, …]: heads of a group lie next to each other. */
function grouped(x: NdArray, keyHeads: number): NdArray {
  const [batch, heads, ...rest] = x.shape;
  if (heads === 1) return expandDims(x, [2]);
  return reshape(x, [batch, keyHeads, heads / keyHeads, ...rest]);
}

/** Which scores take part, as masks to be broadcast to [batch, keyHeads, group, queries, keys]. */
function masksOf(shape: readonly number[], options: AttentionOptions, mask: NdArray | null): NdArray[] {
  const masks = mask === null ? [] : [mask];
  const plane = [1, 1, 1, shape[3], shape[4]];
  const rows = broadcastedIota("int32", plane, 3);
  const columns = broadcastedIota("int32", plane, 4);
  if (options.isCausal ?? false) masks.push(lax.ge(rows, columns));
  const window = options.localWindowSize ?? null;
  if (window !== null) {
    const [left, right] = typeof window === "number" ? [window, window] : window;
    masks.push(lax.le(rows, lax.add(columns, left)), lax.ge(rows, lax.sub(columns, right)));
  }
  for (const [axis, lengths] of [
    [3, options.querySeqLengths ?? null],
    [4, options.keyValueSeqLengths ?? null],
  ] as const) {
    if (lengths === null) continue;
    const extents = [shape[0], 1, 1, 1, 1];
    extents[axis] = shape[axis];
    const limits = broadcastTo(reshape(lengths, [shape[0], 1, 1, 1, 1]), extents);
    masks.push(lax.lt(broadcastedIota("int32", extents, axis), limits));
  }
  return masks;
}

/**
 * Attention: softmax(q·kᵀ·scale + bias)·v (`jax.nn.dot_product_attention`; Vaswani et al. 2017).
 * query [batch?, queries, heads, depth], key and value [batch?, keys, keyHeads, depth], where keyHeads divides heads:
 * neighbouring heads share the keys of one (grouped-query attention). Scores are computed in float32 at least.
 *
 * Throws WeftValueError where shapes or dtypes do not fit.
 */
export function dotProductAttention(
  query: ArrayLike,
  key: ArrayLike,
  value: ArrayLike,
  options: AttentionOptions & { readonly returnResidual: true },
): [NdArray, NdArray];
export function dotProductAttention(
  query: ArrayLike,
  key: ArrayLike,
  value: ArrayLike,
  options?: AttentionOptions & { readonly returnResidual?: false },
): NdArray;
export function dotProductAttention(
  query: ArrayLike,
  key: ArrayLike,
  value: ArrayLike,
  options: AttentionOptions = {},
): NdArray | [NdArray, NdArray] {
  const name = "dot_product_attention";
  const implementation: string | null = options.implementation ?? null;
  if (implementation !== null && implementation !== "xla") {
    throw new UnsupportedError(`Unsupported implementation option: ${implementation}; there is "xla" only`);
  }
  const [q, k, v] = [query, key, value].map((x) => fourAxes(name, x));
  const [batch, keys, keyHeads, depth] = k.shape;
  const bias = (options.bias ?? null) === null ? null : fourAxes(name, options.bias ?? 0);
  const mask = (options.mask ?? null) === null ? null : fourAxes(name, options.mask ?? true);
  check("key", k, [-1, -1, -1, -1]);
  check("value", v, [batch, keys, keyHeads, depth], k.dtype);
  check("query", q, [batch, -1, -1, depth], k.dtype);
  check("mask", mask, [-1, -1, -1, -1], "bool");
  check("bias", bias, [-1, -1, -1, -1]);
  check("query_seq_lengths", options.querySeqLengths ?? null, [batch], "int32");
  check("key_value_seq_lengths", options.keyValueSeqLengths ?? null, [batch], "int32");
  const [, queries, heads] = q.shape;
  if (heads % keyHeads !== 0) {
    throw new WeftValueError(
      `The number of query heads must be a multiple of key/value heads, but got ${heads} vs ${keyHeads}`,
    );
  }
  const group = heads / keyHeads;
  const shape = [batch, keyHeads, group, queries, keys];
  const inner = isFloating(k.dtype) ? promoteTypes(k.dtype, "float32") : "float32";
  const wide = (x: NdArray): NdArray => convert(x, inner);
  let scores = einsum(
    "btkgh,bskh->bkgts",
    wide(reshape(q, [batch, queries, keyHeads, group, depth])),
    wide(k),
  );
  scores = lax.mul(scores, options.scale ?? 1 / Math.sqrt(depth));
  if (bias !== null) {
    scores = lax.add(scores, broadcastTo(grouped(convert(bias, inner), keyHeads), shape));
  }
  const masks = masksOf(shape, options, mask === null ? null : grouped(mask, keyHeads));
  if (masks.length > 0) {
    const visible = broadcastTo(
      masks.reduce((all, one) => logicalAnd(all, one)),
      shape,
    );
    // A large negative number rather than −∞: a row without keys gives the mean, not NaN, as in JAX.
    scores = lax.select(visible, scores, numberAs(-0.7 * LARGEST, inner, shape));
  }
  const weights = convert(softmax(scores, -1), k.dtype);
  let result = reshape(einsum("bkgts,bskh->btkgh", weights, v), q.shape);
  const lengths = options.querySeqLengths ?? null;
  if (lengths !== null) {
    const places = broadcastedIota("int32", q.shape, 1);
    const counts = lax.lt(places, broadcastTo(reshape(lengths, [batch, 1, 1, 1]), q.shape));
    result = lax.mul(result, convert(counts, result.dtype));
  }
  const given = toArray(name, query).shape;
  const output = reshape(result, given);
  if (!(options.returnResidual ?? false)) return output;
  const sums = convert(logsumexp(scores, { axis: -1 }), k.dtype);
  const residual = reshape(transpose(sums, [0, 3, 1, 2]), given.slice(0, -1));
  return [output, stopGradient(residual)];
}

/** Greatest float32, whatever the scores' dtype, as in JAX. */
const LARGEST = 3.4028234663852886e38;
