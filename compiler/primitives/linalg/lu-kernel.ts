/**
 * Kernel of lu: right-looking, in panels of columns. A panel is factorised with row exchanges over whole rows; the
 * rows of U to its right are solved and copied; then every row below is updated once for the whole panel.
 */
import type { CustomBuffers, LowerContext } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import type { DType } from "../../types/dtype.ts";
import { type Matrix, MatrixKernel, PANEL, paddedLength } from "./kernel-matrices.ts";
import { product } from "./matrices.ts";

type Context = LowerContext<Record<never, never>>;

export function luScratch({ inputs: [{ dtype, shape, size }] }: Context): { dtype: DType; size: number }[] {
  if (size === 0) return [];
  const [m, n] = shape.slice(-2);
  const row = paddedLength(dtype, n);
  return [
    { dtype, size: m * row },
    { dtype, size: PANEL * row },
  ];
}

export function buildLu(
  k: KernelBuilder,
  s: ScalarOps,
  { inputs: [input], outputs: [output, pivots, order], scratch }: CustomBuffers,
  { inputs: [{ dtype, shape, size }] }: Context,
): void {
  const [rows, columns] = shape.slice(-2);
  const count = Math.min(rows, columns);
  const m = new MatrixKernel(k, s, dtype);
  k.loop(
    product(shape.slice(0, -2)),
    (at) => {
      const orderAt = (i: Expr): Expr => s.add(s.mul(at, s.int(rows)), i);
      k.loop(rows, (i) => k.store(order, orderAt(i), i));
      if (size === 0) return;
      const a = m.scratch(scratch[0], columns);
      const panel = m.scratch(scratch[1], columns);
      m.copyIn(m.dense(input, at, rows, columns), a, rows, columns);
      k.loop(Math.ceil(count / PANEL), (p) => {
        const first = m.value("first", s.mul(p, s.int(PANEL)));
        const right = m.value("right", m.plus(first, PANEL));
        const last = m.value("last", s.min(right, s.int(count)));
        m.each("k", first, last, (step) => {
          const pivot = findPivot(m, a, step, rows);
          k.store(pivots, s.add(s.mul(at, s.int(count)), step), pivot);
          k.if(s.ne(pivot, step), () => {
            exchangeRows(m, a, panel, step, pivot);
            const moved = m.value("moved", s.load(order, orderAt(step)));
            k.store(order, orderAt(step), s.load(order, orderAt(pivot)));
            k.store(order, orderAt(pivot), moved);
          });
          eliminate(m, a, panel, { first, step, rows });
        });
        const beyond = { count: columns, from: right, to: s.int(columns) };
        m.each("k", first, last, (row) => {
          const own = m.value("own", s.sub(row, first));
          m.pieces(columns, beyond.from, beyond.to, (c) => m.store(panel, own, c, m.load(a, row, c)));
          m.each("i", m.plus(row, 1), last, (i) =>
            m.subtractRow(a, i, m.load(a, i, row), panel, own, beyond),
          );
        });
        m.each("i", right, s.int(rows), (i) =>
          m.subtractPanel(a, i, panel, (q) => m.load(a, i, m.plus(first, q)), beyond),
        );
      });
      m.copyOut(a, m.dense(output, at, rows, columns), rows, columns);
    },
    { name: "b" },
  );
}

/** The row, from `step` on, of the greatest magnitude in column `step`; the first of equals. */
function findPivot(m: MatrixKernel, a: Matrix, step: Expr, rows: number): Expr {
  const { s, k } = m;
  const greatest = m.variable("greatest", s.abs(m.load(a, step, step)));
  const pivot = m.variable("pivot", step);
  m.each("i", m.plus(step, 1), s.int(rows), (i) => {
    const size = m.value("size", s.abs(m.load(a, i, step)));
    const isMore = m.value("isMore", s.gt(size, greatest.value));
    k.assign(pivot.local, s.select(isMore, i, pivot.value));
    k.assign(greatest.local, s.select(isMore, size, greatest.value));
  });
  return pivot.value;
}

/** By way of two rows of the other buffer, so that each copy is of one buffer into another. */
function exchangeRows(m: MatrixKernel, a: Matrix, spare: Matrix, i: Expr, j: Expr): void {
  const copy = (from: Matrix, row: Expr, to: Matrix, toRow: Expr): void =>
    m.lanes(a.rowStride, (c) => m.store(to, toRow, c, m.load(from, row, c)));
  copy(a, i, spare, m.int(0));
  copy(a, j, spare, m.int(1));
  copy(spare, m.int(0), a, j);
  copy(spare, m.int(1), a, i);
}

/** Divides the column below the pivot and updates the rest of the panel's columns. */
function eliminate(
  m: MatrixKernel,
  a: Matrix,
  spare: Matrix,
  { first, step, rows }: { first: Expr; step: Expr; rows: number },
): void {
  const { s, k } = m;
  const pivot = m.value("pivot", m.load(a, step, step));
  const own = m.value("own", s.sub(step, first));
  k.if(s.ne(pivot, m.float(0)), () => {
    m.lanes(PANEL, (q) => m.store(spare, s.int(0), q, m.load(a, step, s.add(first, q))));
    m.each("i", m.plus(step, 1), s.int(rows), (i) => {
      const factor = m.value("factor", s.div(m.load(a, i, step), pivot));
      m.lanes(PANEL, (q) => {
        const old = m.load(a, i, s.add(first, q));
        const updated = s.sub(old, s.mul(factor, m.load(spare, s.int(0), q)));
        m.store(a, i, s.add(first, q), s.select(s.gt(q, own), updated, old));
      });
      m.store(a, i, step, factor);
    });
  });
}
