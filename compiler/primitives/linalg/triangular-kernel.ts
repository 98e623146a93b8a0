/**
 * Kernel of triangular_solve. Rows are counted in the order of elimination: 0 … n-1 from the top for a lower triangle,
 * from the bottom for an upper one, so that both are one forward substitution.
 */
import type { CustomBuffers, LowerContext } from "../../graph/primitive.ts";
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import type { DType } from "../../types/dtype.ts";
import { type Matrix, MatrixKernel, PANEL, paddedLength, pieceWidth } from "./kernel-matrices.ts";
import { product } from "./matrices.ts";

type TriangularContext = LowerContext<{
  readonly leftSide: boolean;
  readonly lower: boolean;
  readonly transposeA: boolean;
  readonly unitDiagonal: boolean;
}>;

/** With fewer right sides than lanes the loops run along the rows of the matrix. */
const FEW = 4;

function sizesOf({ inputs, params }: TriangularContext) {
  const { shape, dtype } = inputs[1];
  const [rows, columns] = shape.slice(-2);
  const [n, sides] = params.leftSide ? [rows, columns] : [columns, rows];
  return { dtype, n, sides, batch: product(shape.slice(0, -2)), size: inputs[1].size };
}

export function triangularScratch(context: TriangularContext): { dtype: DType; size: number }[] {
  const { dtype, n, sides, size } = sizesOf(context);
  if (size === 0) return [];
  if (sides < FEW) return [{ dtype, size: n }];
  const row = paddedLength(dtype, sides);
  return [
    { dtype, size: n * row },
    { dtype, size: PANEL * row },
  ];
}

export function buildTriangularSolve(
  k: KernelBuilder,
  s: ScalarOps,
  buffers: CustomBuffers,
  context: TriangularContext,
): void {
  const { leftSide, lower, transposeA, unitDiagonal } = context.params;
  const { dtype, n, sides, batch, size } = sizesOf(context);
  if (size === 0) return;
  const m = new MatrixKernel(k, s, dtype);
  // X·op(A) = B is op(A)ᵀ·Xᵀ = Bᵀ.
  const isTransposed = transposeA === leftSide;
  const isLower = lower !== isTransposed;
  k.loop(
    batch,
    (at) => {
      const sideMatrix = (buffer: BufferParam): Matrix =>
        leftSide ? m.dense(buffer, at, n, sides) : m.dense(buffer, at, sides, n, true);
      const system: System = {
        n,
        sides,
        unitDiagonal,
        isLower,
        isTransposed,
        matrix: m.dense(buffers.inputs[0], at, n, n, isTransposed),
        right: sideMatrix(buffers.inputs[1]),
        result: sideMatrix(buffers.outputs[0]),
      };
      if (sides < FEW) solveFew(m, system, buffers.scratch[0]);
      else solveMany(m, system, m.scratch(buffers.scratch[0], sides), m.scratch(buffers.scratch[1], sides));
    },
    { name: "b" },
  );
}

/** matrix · result = right, all in the rows and columns of `matrix` as it is read. */
interface System {
  readonly n: number;
  readonly sides: number;
  readonly unitDiagonal: boolean;
  readonly isLower: boolean;
  /** The rows of `matrix` are the columns of the buffer. */
  readonly isTransposed: boolean;
  readonly matrix: Matrix;
  readonly right: Matrix;
  readonly result: Matrix;
}

/** Rows of all right sides at once: a panel is solved, then subtracted from all rows after it. */
function solveMany(m: MatrixKernel, system: System, x: Matrix, panel: Matrix): void {
  const { s, k } = m;
  const { n, sides, matrix, right, result, unitDiagonal } = system;
  const place = (i: Expr): Expr => (system.isLower ? i : s.sub(s.int(n - 1), i));
  const factor = (i: Expr, j: Expr): Expr => m.load(matrix, place(i), place(j));
  const end = s.int(n);
  const columns = { count: sides, from: s.int(0), to: s.int(sides) };
  k.loop(n, (i) => {
    m.lanes(sides, (j) => m.store(x, i, j, m.load(right, place(i), j)));
    m.lanes(x.rowStride - sides, (j) => m.store(x, i, m.plus(j, sides), m.float(0)));
  });
  k.loop(Math.ceil(n / PANEL), (p) => {
    const first = m.value("first", s.mul(p, s.int(PANEL)));
    const below = m.value("below", m.plus(first, PANEL));
    const last = m.value("last", s.min(below, end));
    m.each("k", first, last, (row) => {
      const own = m.value("own", s.sub(row, first));
      const pivot = unitDiagonal ? null : m.value("pivot", factor(row, row));
      m.pieces(sides, columns.from, columns.to, (c) => {
        const value = m.load(x, row, c);
        const solved = m.value("solved", pivot === null ? value : s.div(value, pivot));
        m.store(x, row, c, solved);
        m.store(panel, own, c, solved);
      });
      m.each("i", m.plus(row, 1), last, (i) => m.subtractRow(x, i, factor(i, row), panel, own, columns));
    });
    m.each("i", below, end, (i) => m.subtractPanel(x, i, panel, (q) => factor(i, m.plus(first, q)), columns));
  });
  k.loop(n, (i) => m.lanes(sides, (j) => m.store(result, place(i), j, m.load(x, i, j))));
}

/** One right side after the other, along the rows of the buffer: as dot products, or as updates by a column. */
function solveFew(m: MatrixKernel, system: System, scratch: BufferParam): void {
  const { s, k } = m;
  const { n, sides, matrix, right, result, unitDiagonal, isLower, isTransposed } = system;
  const width = 2 * pieceWidth(m.dtype, n);
  const x = (i: Expr): Expr => s.load(scratch, i);
  const divided = (i: Expr, value: Expr): Expr => (unitDiagonal ? value : s.div(value, m.load(matrix, i, i)));
  /** Whole pieces in lanes, the rest one by one: the matrix has no padding. */
  const between = (from: Expr, to: Expr, lanes: (j: Expr) => void): void => {
    const { local, value } = m.variable("c", from);
    k.while(s.le(m.plus(value, width), to), () => {
      m.lanes(width, (j) => lanes(s.add(value, j)));
      k.assign(local, m.plus(value, width));
    });
    k.while(s.lt(value, to), () => {
      lanes(value);
      k.assign(local, m.plus(value, 1));
    });
  };
  k.loop(sides, (side) => {
    m.lanes(n, (i) => k.store(scratch, i, m.load(right, i, side)));
    k.loop(n, (step) => {
      const i = m.value("i", isLower ? step : s.sub(s.int(n - 1), step));
      const [from, to] = isLower ? [s.int(0), i] : [m.plus(i, 1), s.int(n)];
      if (isTransposed) {
        const solved = m.value("solved", divided(i, x(i)));
        k.store(scratch, i, solved);
        const [next, last] = isLower ? [m.plus(i, 1), s.int(n)] : [s.int(0), i];
        between(next, last, (j) => k.store(scratch, j, s.sub(x(j), s.mul(solved, m.load(matrix, j, i)))));
      } else {
        const sum = k.let("sum", m.float(0));
        between(from, to, (j) => k.accumulate(sum, "add", s.mul(m.load(matrix, i, j), x(j))));
        k.store(scratch, i, divided(i, s.sub(x(i), s.local(sum))));
      }
    });
    m.lanes(n, (i) => m.store(result, i, side, x(i)));
  });
}
