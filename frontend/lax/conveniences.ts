/** Operations of `jax.lax` that are others under a name of their own. */
import type { DType } from "../../compiler/types/dtype.ts";
import type { Shape } from "../../compiler/types/tensor-type.ts";
import { whileLoop } from "../control/index.ts";
import {
  type ArrayLike,
  arrayFromData,
  asArray,
  bindOne,
  convert,
  full,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis, canonicalizeShape, range } from "./axes.ts";
import { type DotOptions, dotGeneral } from "./contraction.ts";
import { add, bitwiseAnd, ge, lt, neg, rem, select, sub } from "./elementwise.ts";
import { gather, type ScatterDimensionNumbers, type ScatterOptions, scatterAdd } from "./indexing.ts";
import {
  broadcast,
  broadcastedIota,
  checkDType,
  concatenate,
  expandDims,
  indexInDim,
  reshape,
} from "./movement.ts";
import { broadcastTo, constantLike } from "./operands.ts";
import { cumsum, reduceMax } from "./reductions.ts";
import { topK } from "./sorting.ts";

/** x rounded to nearest even in a format of so many bits (`jax.lax.reduce_precision`). */
export function reducePrecision(x: ArrayLike, exponentBits: number, mantissaBits: number): NdArray {
  return bindOne("reduce_precision", [asArray(x)], { exponentBits, mantissaBits });
}

/** The dtype of an array or a number (`jax.lax.dtype`). */
export const dtype = (x: ArrayLike): DType => asArray(x).dtype;

/** Zeros, since memory is never uninitialised (`jax.lax.empty`). */
export function empty(shape: number | Shape, elementType: DType): NdArray {
  return full(0, checkDType(elementType), canonicalizeShape(shape));
}

/** The extents of a shape as an int32 vector (`jax.lax.shape_as_value`). */
export function shapeAsValue(shape: Shape): NdArray {
  return arrayFromData(shape, "int32", [shape.length]);
}

/** x repeated to the shape of another array (`jax.lax.broadcast_like`). */
export function broadcastLike(x: ArrayLike, like: ArrayLike): NdArray {
  const [a, b] = [asArray(x), asArray(like)];
  const offset = b.ndim - a.ndim;
  if (offset < 0 || a.shape.some((n, i) => n !== 1 && n !== b.shape[i + offset])) {
    throw new WeftValueError(
      `Incompatible shapes for broadcasting: (${a.shape.join(", ")}) and requested shape (${b.shape.join(", ")})`,
    );
  }
  return broadcastTo(a, b.shape);
}

/** x with new axes of extent 1 in front, up to a rank (`jax.lax.broadcast_to_rank`). */
export function broadcastToRank(x: ArrayLike, rank: number): NdArray {
  const a = asArray(x);
  if (rank < a.ndim) throw new WeftValueError(`cannot broadcast an array of ${a.ndim} axes to rank ${rank}`);
  return broadcast(
    a,
    range(rank - a.ndim).map(() => 1),
  );
}

/** The whole array repeated along each axis (`jax.lax.tile`). */
export function tile(x: ArrayLike, reps: readonly number[]): NdArray {
  const a = asArray(x);
  if (reps.length !== a.ndim) {
    throw new WeftTypeError(`tile: reps must have one entry for each of ${a.ndim} axes, got ${reps.length}`);
  }
  const spread = reshape(
    a,
    a.shape.flatMap((n) => [1, n]),
  );
  const repeated = broadcastTo(
    spread,
    a.shape.flatMap((n, i) => [reps[i], n]),
  );
  return reshape(
    repeated,
    a.shape.map((n, i) => n * reps[i]),
  );
}

/** Arrays of one shape and dtype joined along a new axis (`jax.lax.stack`). */
export function stack(operands: readonly ArrayLike[], axis = 0): NdArray {
  if (operands.length === 0) throw new WeftValueError("stack requires a non-empty sequence of arrays");
  const arrays = operands.map(asArray);
  const place = canonicalizeAxis(axis, arrays[0].ndim + 1);
  return concatenate(
    arrays.map((x) => expandDims(x, [place])),
    place,
  );
}

/** The rows along an axis, without it (`jax.lax.unstack`). */
export function unstack(x: ArrayLike, axis = 0): NdArray[] {
  const a = asArray(x);
  const along = canonicalizeAxis(axis, a.ndim);
  return range(a.shape[along]).map((i) => indexInDim(a, i, { axis: along, keepdims: false }));
}

/** Elements of src at index vectors for some axes, which count round (`jax.lax.index_take`). */
export function indexTake(src: ArrayLike, indices: readonly ArrayLike[], axes: readonly number[]): NdArray {
  const a = asArray(src);
  const columns = indices.map((index, i) => {
    const given = convert(asArray(index), "int32");
    const n = a.shape[axes[i]];
    const rest = rem(given, n);
    return expandDims(select(lt(rest, 0), sub(rest, -n), rest), [1]);
  });
  return gather(
    a,
    concatenate(columns, 1),
    {
      offsetDims: range(a.ndim - axes.length).map((i) => i + 1),
      collapsedSliceDims: [...axes].sort((p, q) => p - q),
      startIndexMap: axes,
    },
    a.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
  );
}

/** x with updates subtracted (`jax.lax.scatter_sub`). */
export function scatterSub(
  x: ArrayLike,
  scatterIndices: ArrayLike,
  updates: ArrayLike,
  dimensionNumbers: ScatterDimensionNumbers,
  options: ScatterOptions = {},
): NdArray {
  return scatterAdd(x, scatterIndices, neg(updates), dimensionNumbers, options);
}

/** x with f applied to every element as often as `counts` says; in a loop, for f of values that are not known. */
export function applyCounted(x: NdArray, counts: NdArray, f: (x: NdArray) => ArrayLike): NdArray {
  const most = reduceMax(counts);
  const [, result] = whileLoop(
    ([i]: readonly [NdArray, NdArray]) => lt(i, most),
    ([i, y]: readonly [NdArray, NdArray]) => [
      add(i, 1),
      select(lt(broadcastTo(i, x.shape), counts), convert(asArray(f(y)), x.dtype), y),
    ],
    [full(0, "int32"), x] as const,
  );
  return result;
}

/**
 * x with f, an elementwise function, applied to the elements at index vectors, once for every time an element is named
 * (`jax.lax.scatter_apply`); `updateShape` as updates would have it. Like JAX's it has no derivative in reverse mode.
 */
export function scatterApply(
  x: ArrayLike,
  scatterIndices: ArrayLike,
  f: (x: NdArray) => ArrayLike,
  dimensionNumbers: ScatterDimensionNumbers,
  options: ScatterOptions & { updateShape?: Shape } = {},
): NdArray {
  const operand = asArray(x);
  const { updateShape = [], ...rest } = options;
  const counts = scatterAdd(
    full(0, "int32", operand.shape),
    scatterIndices,
    full(1, "int32", updateShape),
    dimensionNumbers,
    rest,
  );
  return applyCounted(operand, counts, f);
}

/** Options of `approxMaxK` and `approxMinK`. */
export interface ApproxOptions {
  /** Default the last axis. */
  readonly reductionDimension?: number;
  /** The share of the true results to be found; all are, as on JAX's CPU. */
  readonly recallTarget?: number;
}

/** The k greatest elements along an axis and their places (`jax.lax.approx_max_k`); exact here, as on JAX's CPU. */
export function approxMaxK(
  x: ArrayLike,
  k: number,
  options: ApproxOptions = {},
): [values: NdArray, indices: NdArray] {
  const { reductionDimension = -1, recallTarget = 0.95 } = options;
  if (recallTarget <= 0 || recallTarget > 1) {
    throw new WeftValueError(`recall_target must be in (0, 1], got ${recallTarget}`);
  }
  return topK(x, k, { axis: reductionDimension });
}

/** The k least elements along an axis and their places (`jax.lax.approx_min_k`); exact here, as on JAX's CPU. */
export function approxMinK(
  x: ArrayLike,
  k: number,
  options: ApproxOptions = {},
): [values: NdArray, indices: NdArray] {
  const [values, indices] = approxMaxK(neg(x), k, options);
  return [neg(values), indices];
}

/**
 * Rows of lhs [m, k] in groups, each times a matrix of its own of rhs [g, k, n]: the first `groupSizes[0]` rows times
 * the first one, and so on; rows beyond all groups give 0 (`jax.lax.ragged_dot`).
 */
export function raggedDot(
  lhs: ArrayLike,
  rhs: ArrayLike,
  groupSizes: ArrayLike,
  options: DotOptions = {},
): NdArray {
  const [x, y, sizes] = [asArray(lhs), asArray(rhs), asArray(groupSizes)];
  if (x.ndim !== 2 || y.ndim !== 3 || sizes.ndim !== 1 || sizes.size !== y.shape[0]) {
    throw new WeftTypeError(
      "ragged_dot takes lhs of shape (m, k), rhs of shape (g, k, n) and group sizes of shape (g,), got " +
        `(${x.shape.join(", ")}), (${y.shape.join(", ")}) and (${sizes.shape.join(", ")})`,
    );
  }
  const [m, k] = x.shape;
  const g = sizes.size;
  const ends = cumsum(convert(sizes, "int32"), 0);
  const starts = sub(ends, convert(sizes, "int32"));
  const shape = [g, m, k];
  const rows = broadcastedIota("int32", shape, 1);
  const bound = (b: NdArray): NdArray => broadcastTo(reshape(b, [g, 1, 1]), shape);
  const inGroup = bitwiseAnd(ge(rows, bound(starts)), lt(rows, bound(ends)));
  const spread = broadcastTo(reshape(x, [1, m, k]), shape);
  const masked = select(inGroup, spread, constantLike(spread, 0));
  return dotGeneral(
    masked,
    y,
    [
      [
        [2, 0],
        [1, 0],
      ],
      [[], []],
    ],
    options,
  );
}

/** Functions by platform: of those given, "cpu" is called, and else the default (`jax.lax.platform_dependent`). */
export function platformDependent<A extends unknown[], R>(
  args: A,
  functions: { readonly cpu?: (...args: A) => R; readonly default?: (...args: A) => R },
): R {
  const chosen = functions.cpu ?? functions.default;
  if (chosen === undefined) {
    throw new WeftTypeError("platform_dependent: no function for the platform cpu, and no default");
  }
  return chosen(...args);
}
