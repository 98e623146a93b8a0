/** What derivative rules of matrix operations are written with: products, triangles and diagonals of [..., m, n]. */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import { range } from "../linear.ts";

const rankOf = (x: Operand): number => x.type.shape.length;

/** The last two extents. */
export function matrixShape(x: Operand): [rows: number, columns: number] {
  const { shape } = x.type;
  return [shape[shape.length - 2], shape[shape.length - 1]];
}

/** The last two axes exchanged. */
export function transposed(b: Builder, x: Operand): Operand {
  const n = rankOf(x);
  return b.transpose(x, [...range(n - 2), n - 1, n - 2]);
}

/** Matrix product over the last two axes; the batch axes are the same. */
export function matmul(b: Builder, x: Operand, y: Operand): Operand {
  const n = rankOf(x);
  const batch = range(n - 2);
  return b.dotGeneral(x, y, {
    lhsContracting: [n - 1],
    rhsContracting: [n - 2],
    lhsBatch: batch,
    rhsBatch: batch,
    precision: null,
    preferredElementType: null,
  });
}

/** A bool of the shape of `x`: column - row compared with k. */
function diagonalMask(b: Builder, x: Operand, compare: "le" | "ge" | "eq", k: number): Operand {
  const [rows, columns] = matrixShape(x);
  const row = b.iota("int32", [rows, columns], 0);
  const column = b.iota("int32", [rows, columns], 1);
  const mask = b.binary(compare, column, k === 0 ? row : b.add(row, b.like(row, k)));
  const n = rankOf(x);
  return b.broadcastInDim(mask, x.type.shape, [n - 2, n - 1]);
}

/** x on and below its k-th diagonal, zero above. */
export function lowerTriangle(b: Builder, x: Operand, k = 0): Operand {
  return b.select(diagonalMask(b, x, "le", k), x, b.like(x, 0));
}

/** x on and above its k-th diagonal, zero below. */
export function upperTriangle(b: Builder, x: Operand, k = 0): Operand {
  return b.select(diagonalMask(b, x, "ge", k), x, b.like(x, 0));
}

/** x with its diagonal times a factor. */
export function scaleDiagonal(b: Builder, x: Operand, factor: number): Operand {
  return b.select(diagonalMask(b, x, "eq", 0), b.mul(x, b.like(x, factor)), x);
}

/** Ones on the diagonal of a matrix shaped like `x`. */
export function identityLike(b: Builder, x: Operand): Operand {
  return b.select(diagonalMask(b, x, "eq", 0), b.like(x, 1), b.like(x, 0));
}

/** The diagonal of square matrices: [..., n]. */
export function diagonalOf(b: Builder, x: Operand): Operand {
  return b.sum(b.select(diagonalMask(b, x, "eq", 0), x, b.like(x, 0)), [rankOf(x) - 1]);
}

/** [..., n] as columns of `count` equal rows ([..., count, n]), or as rows of `count` equal columns ([..., n, count]). */
export function repeated(b: Builder, x: Operand, count: number, along: "rows" | "columns"): Operand {
  const n = rankOf(x);
  const { shape } = x.type;
  const batch = shape.slice(0, -1);
  return along === "rows"
    ? b.broadcastInDim(x, [...batch, count, shape[n - 1]], [...range(n - 1), n])
    : b.broadcastInDim(x, [...batch, shape[n - 1], count], range(n));
}

/** The symmetric matrix that a triangle of `x` stands for. */
export function mirrored(b: Builder, x: Operand, lower: boolean): Operand {
  const own = lower ? lowerTriangle(b, x) : upperTriangle(b, x);
  const rest = lower ? lowerTriangle(b, x, -1) : upperTriangle(b, x, 1);
  return b.add(own, transposed(b, rest));
}

/** Part of the last two axes. */
export function block(
  b: Builder,
  x: Operand,
  rows: readonly [from: number, to: number],
  columns: readonly [from: number, to: number],
): Operand {
  const { shape } = x.type;
  const n = shape.length;
  if (rows[0] === 0 && rows[1] === shape[n - 2] && columns[0] === 0 && columns[1] === shape[n - 1]) return x;
  const batch = shape.slice(0, -2);
  return b.one("slice", [x], {
    startIndices: [...batch.map(() => 0), rows[0], columns[0]],
    limitIndices: [...batch, rows[1], columns[1]],
    strides: shape.map(() => 1),
  });
}

/** Zeros around the last two axes. */
export function padded(
  b: Builder,
  x: Operand,
  rows: readonly [before: number, after: number],
  columns: readonly [before: number, after: number],
): Operand {
  if ([...rows, ...columns].every((n) => n === 0)) return x;
  const pairs = [...range(rankOf(x) - 2).map(() => [0, 0] as const), rows, columns];
  return b.one("pad", [x, b.literal(0, x.type.dtype)], {
    paddingConfig: pairs.map(([low, high]) => [low, high, 0] as const),
  });
}

/** The rows of [..., m, n] in the order of [..., m] indices. */
export function takeRows(b: Builder, x: Operand, order: Operand): Operand {
  const { shape, size } = x.type;
  if (size === 0) return x;
  const n = shape.length;
  const batch = range(n - 2);
  return b.one("gather", [x, b.reshape(order, [...order.type.shape, 1])], {
    offsetDims: [n - 1],
    collapsedSliceDims: [n - 2],
    startIndexMap: [n - 2],
    operandBatchingDims: batch,
    startIndicesBatchingDims: batch,
    sliceSizes: [...batch.map(() => 1), 1, shape[n - 1]],
    mode: "promiseInBounds",
    fillValue: null,
  });
}
