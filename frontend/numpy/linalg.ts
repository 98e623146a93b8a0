/** Products of vectors and matrices (`jax.numpy` and `jax.numpy.linalg`). */
import type { DType } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  convert,
  formatShape,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxes, canonicalizeAxis, otherAxes, range } from "../lax/axes.ts";
import { dotGeneral } from "../lax/contraction.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota, expandDims, pad, reshape, sliceInDim, transpose } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo, constantLike } from "../lax/operands.ts";
import type { PrecisionOptions } from "../lax/precision.ts";
import { reduceSum } from "../lax/reductions.ts";
import { arrange, contractPair, type Labelled } from "./labelled.ts";
import { ravel } from "./movement.ts";
import { promoteDTypes, toArray } from "./promotion.ts";
import { sumDType } from "./reductions.ts";

/** Options of `matmul`, `dot`, `vdot` and `vecdot` and others. */
export interface ProductOptions extends PrecisionOptions {
  /** Dtype of the result and of the accumulation. */
  readonly preferredElementType?: DType | null;
}

/**
 * Matrix product over the last two axes; the others are broadcast; vectors count as a row on the left and a column
 * on the right (`jnp.matmul`, Python's `@`). Scalars throw WeftValueError.
 */
export function matmul(x: ArrayLike, y: ArrayLike, options: ProductOptions = {}): NdArray {
  const [a, b] = promoteDTypes("matmul", x, y);
  for (const [i, operand] of [a, b].entries()) {
    if (operand.ndim === 0) {
      throw new WeftValueError(`matmul input operand ${i} must have ndim at least 1, but it has ndim 0`);
    }
  }
  const inner = a.shape[a.ndim - 1];
  const other = b.shape[Math.max(b.ndim - 2, 0)];
  if (inner !== other) {
    throw new WeftTypeError(
      `dot_general requires contracting dimensions to have the same shape, got (${inner},) and (${other},). ` +
        `(matmul of shapes ${formatShape(a.shape)} and ${formatShape(b.shape)})`,
    );
  }
  const batchShape = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const extents = new Map<string, number>(batchShape.map((n, i) => [`b${batchShape.length - i}`, n]));
  const label = (operand: NdArray, own: readonly string[]): Labelled => {
    const leading = operand.ndim - own.length;
    const names = range(Math.max(leading, 0)).map((i) => `b${leading - i}`);
    const labels = [...names, ...own];
    // An axis of extent 1 that the other operand repeats is left out, rather than repeated.
    const kept = labels.map((l, axis) => axis >= leading || operand.shape[axis] === extents.get(l));
    return {
      array: reshape(
        operand,
        operand.shape.filter((_, axis) => kept[axis]),
      ),
      labels: labels.filter((_, axis) => kept[axis]),
    };
  };
  const left = label(a, a.ndim === 1 ? ["k"] : ["i", "k"]);
  const right = label(b, b.ndim === 1 ? ["k"] : ["k", "j"]);
  const output = [...extents.keys(), ...(a.ndim > 1 ? ["i"] : []), ...(b.ndim > 1 ? ["j"] : [])];
  for (const { array, labels } of [left, right]) {
    for (const [axis, l] of labels.entries()) if (!extents.has(l)) extents.set(l, array.shape[axis]);
  }
  const product = contractPair(left, right, new Set(output), options);
  return arrange(product, output, extents);
}

/** Sum product over the last axis of x and the last but one of y, without broadcasting (`jnp.dot`). */
export function dot(x: ArrayLike, y: ArrayLike, options: ProductOptions = {}): NdArray {
  const [a, b] = promoteDTypes("dot", x, y);
  if (a.ndim === 0 || b.ndim === 0) {
    const shape = broadcastShapes(a.shape, b.shape);
    const [p, q] = [broadcastTo(a, shape), broadcastTo(b, shape)];
    return a.dtype === "bool" ? lax.bitwiseAnd(p, q) : lax.mul(p, q);
  }
  return dotGeneral(
    a,
    b,
    [
      [[a.ndim - 1], [Math.max(b.ndim - 2, 0)]],
      [[], []],
    ],
    options,
  );
}

/** Sum product of the flattened arrays (`jnp.vdot`). */
export function vdot(x: ArrayLike, y: ArrayLike, options: ProductOptions = {}): NdArray {
  return dot(ravel(x), ravel(y), options);
}

/** Sum product along one axis, the others broadcast (`jnp.vecdot`). */
export function vecdot(
  x: ArrayLike,
  y: ArrayLike,
  options: ProductOptions & { axis?: number } = {},
): NdArray {
  const [a, b] = promoteDTypes("vecdot", x, y);
  const last = (z: NdArray): NdArray => {
    const axis = canonicalizeAxis(options.axis ?? -1, z.ndim);
    return transpose(z, [...otherAxes(z.ndim, [axis]), axis]);
  };
  const [p, q] = [last(a), last(b)];
  const product = matmul(expandDims(p, [p.ndim - 1]), expandDims(q, [q.ndim]), options);
  return reshape(product, product.shape.slice(0, -2));
}

/** Sum products over the last axes of both (`jnp.inner`). */
export function inner(x: ArrayLike, y: ArrayLike, options: ProductOptions = {}): NdArray {
  const [a, b] = promoteDTypes("inner", x, y);
  if (a.ndim === 0 || b.ndim === 0) return dot(a, b);
  return tensordot(a, b, [[-1], [-1]], options);
}

/** Products of all pairs of elements: [m, n] (`jnp.outer`). */
export function outer(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteDTypes("outer", ravel(x), ravel(y));
  const shape = [a.size, b.size];
  const [p, q] = [broadcastTo(expandDims(a, [1]), shape), broadcastTo(expandDims(b, [0]), shape)];
  return a.dtype === "bool" ? lax.bitwiseAnd(p, q) : lax.mul(p, q);
}

/**
 * Sum products over axes: the last n of x and the first n of y, or the pairs listed (`jnp.tensordot`).
 */
export function tensordot(
  x: ArrayLike,
  y: ArrayLike,
  axes: number | readonly [number | readonly number[], number | readonly number[]] = 2,
  options: ProductOptions = {},
): NdArray {
  const [a, b] = promoteDTypes("tensordot", x, y);
  let left: number[];
  let right: number[];
  if (typeof axes === "number") {
    if (axes > Math.min(a.ndim, b.ndim)) {
      throw new WeftTypeError(
        `Number of tensordot axes (axes ${axes}) exceeds input ranks (${formatShape(a.shape)} and ${formatShape(b.shape)})`,
      );
    }
    left = range(axes).map((i) => a.ndim - axes + i);
    right = range(axes);
  } else {
    left = canonicalizeAxes(axes[0], a.ndim);
    right = canonicalizeAxes(axes[1], b.ndim);
    if (left.length !== right.length) {
      throw new WeftTypeError(
        `tensordot requires axes lists to have equal length, got ${formatShape(left)} and ${formatShape(right)}.`,
      );
    }
  }
  return dotGeneral(
    a,
    b,
    [
      [left, right],
      [[], []],
    ],
    options,
  );
}

/** Elements (i, i + offset) of two axes, along a new last axis (`jnp.diagonal`). */
export function diagonal(
  x: ArrayLike,
  options: { offset?: number; axis1?: number; axis2?: number } = {},
): NdArray {
  const a = toArray("diagonal", x);
  const { offset = 0, axis1 = 0, axis2 = 1 } = options;
  if (a.ndim < 2) throw new WeftValueError("diagonal requires an array of at least two dimensions.");
  const i = canonicalizeAxis(axis1, a.ndim);
  const j = canonicalizeAxis(axis2, a.ndim);
  if (i === j) throw new WeftValueError("axis1 and axis2 can not be same");
  const moved = transpose(a, [...otherAxes(a.ndim, [i, j]), i, j]);
  const n = moved.ndim;
  const rows = Math.min(Math.max(0, -offset), moved.shape[n - 2]);
  const columns = Math.min(Math.max(0, offset), moved.shape[n - 1]);
  const length = Math.min(moved.shape[n - 2] - rows, moved.shape[n - 1] - columns);
  const square = sliceInDim(
    sliceInDim(moved, rows, rows + length, { axis: n - 2 }),
    columns,
    columns + length,
    {
      axis: n - 1,
    },
  );
  // Row-major, the diagonal is every (length + 1)-th element of a matrix.
  const flat = reshape(square, [...square.shape.slice(0, -2), length * length]);
  return sliceInDim(flat, null, null, { stride: length + 1, axis: flat.ndim - 1 });
}

/** The diagonal of a matrix, or a matrix with a vector on its k-th diagonal (`jnp.diag`). */
export function diag(x: ArrayLike, k = 0): NdArray {
  const a = toArray("diag", x);
  if (a.ndim === 2) return diagonal(a, { offset: k });
  if (a.ndim !== 1) throw new WeftValueError("diag input must be 1d or 2d");
  const n = a.size + Math.abs(k);
  // The element of row r (column c below the main diagonal) everywhere in that row (column), then the diagonal of it.
  const padded = pad(a, 0, [[0, Math.abs(k), 0]]);
  const spread = broadcastTo(expandDims(padded, [k >= 0 ? 1 : 0]), [n, n]);
  const rows = broadcastedIota("int32", [n, n], 0);
  const columns = broadcastedIota("int32", [n, n], 1);
  return lax.select(lax.eq(lax.add(rows, k), columns), spread, constantLike(spread, 0));
}

/** The matrix with the flattened array on its k-th diagonal (`jnp.diagflat`). */
export function diagflat(x: ArrayLike, k = 0): NdArray {
  return diag(ravel(x), k);
}

/** Sum of a diagonal (`jnp.trace`). */
export function trace(
  x: ArrayLike,
  options: { offset?: number; axis1?: number; axis2?: number; dtype?: DType | null } = {},
): NdArray {
  const d = diagonal(x, options);
  return reduceSum(convert(d, options.dtype ?? sumDType(d.dtype)), [d.ndim - 1]);
}
