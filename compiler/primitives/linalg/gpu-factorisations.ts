/**
 * Factorisations and triangular solves on a GPU: a workgroup per matrix, whose invocations share the rows and columns of each
 * step. They are right-looking and work in the result's own memory: a step finishes a column, then updates what is left
 * of the matrix, an element per invocation (Golub and Van Loan, "Matrix Computations", 3.2, 4.2 and 5.2).
 */
import type { CustomBuffers, GpuForm, GpuWorkgroup, LowerContext } from "../../graph/primitive.ts";
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import { type Matrix, MatrixKernel } from "./kernel-matrices.ts";
import { product } from "./matrices.ts";

type Plain = LowerContext<Record<never, never>>;
type Triangular = LowerContext<{
  readonly leftSide: boolean;
  readonly lower: boolean;
  readonly transposeA: boolean;
  readonly unitDiagonal: boolean;
}>;

/** Invocations for matrices with `extent` elements along the longer side. */
function invocationsFor(extent: number): number {
  return extent > 64 ? 256 : extent > 16 ? 128 : 32;
}

/** What a kernel of a workgroup per matrix is written with. */
export class ShareOut {
  readonly m: MatrixKernel;

  constructor(
    readonly k: KernelBuilder,
    readonly s: ScalarOps,
    readonly group: GpuWorkgroup,
    dtype: MatrixKernel["dtype"],
  ) {
    this.m = new MatrixKernel(k, s, dtype);
  }

  /** Each of from … to on an invocation; all are through before what follows. */
  each(from: Expr, to: Expr, body: (i: Expr) => void): void {
    this.group.local((t) => this.m.each("i", this.s.add(from, t), to, body, this.group.size));
  }

  /** Each place of a block of rows. */
  block(firstRow: Expr, rows: Expr, columns: Expr, body: (row: Expr, column: Expr) => void): void {
    const { s, m } = this;
    this.each(s.int(0), s.mul(rows, columns), (i) => {
      const row = m.value("row", s.div(i, columns));
      body(s.add(firstRow, row), s.sub(i, s.mul(row, columns)));
    });
  }

  /** On one invocation; all see it afterwards. */
  once(body: () => void): void {
    this.group.local((t) => this.k.if(this.s.eq(t, this.s.int(0)), body));
  }

  copy(from: Matrix, to: Matrix, rows: number, columns: number): void {
    const { s, m } = this;
    this.block(s.int(0), s.int(rows), s.int(columns), (i, j) => m.store(to, i, j, m.load(from, i, j)));
  }
}

/** One kernel, a workgroup per matrix of the batch; null where there is nothing to do. */
export function perMatrix(
  { inputs: [{ dtype, shape, size }] }: Pick<Plain, "inputs">,
  scratch: GpuForm["scratch"],
  body: (w: ShareOut, at: Expr, buffers: CustomBuffers) => void,
): GpuForm | null {
  if (size === 0) return null;
  const batch = product(shape.slice(0, -2));
  return {
    scratch,
    kernels: [
      {
        name: "",
        workgroup: invocationsFor(Math.max(...shape.slice(-2))),
        build(k, s, buffers, group) {
          k.loop(batch, (at) => body(new ShareOut(k, s, group, dtype), at, buffers), {
            name: "b",
            kind: "grid",
          });
        },
      },
    ],
  };
}

/** The triangle is NaN where a pivot is not positive, which the scratch remembers per matrix. */
export function gpuCholesky(context: Plain): GpuForm | null {
  const { shape } = context.inputs[0];
  const n = shape[shape.length - 1];
  const scratch = [{ dtype: "int32", size: product(shape.slice(0, -2)) }] as const;
  return perMatrix(context, scratch, (w, at, buffers) => {
    const { k, s, m } = w;
    const l = m.dense(buffers.outputs[0], at, n, n);
    const a = m.dense(buffers.inputs[0], at, n, n);
    const [failed] = buffers.scratch;
    w.once(() => k.store(failed, at, s.int(0)));
    w.block(s.int(0), s.int(n), s.int(n), (i, j) =>
      m.store(l, i, j, s.select(s.le(j, i), m.load(a, i, j), m.float(0))),
    );
    k.loop(n, (step) => {
      const next = s.add(step, s.int(1));
      const rest = s.sub(s.int(n), next);
      w.group.local((t) => {
        const pivot = m.value("pivot", m.load(l, step, step));
        k.if(s.and(s.eq(t, s.int(0)), s.not(s.gt(pivot, m.float(0)))), () => k.store(failed, at, s.int(1)));
        const root = m.value("root", s.sqrt(pivot));
        m.each(
          "i",
          s.add(next, t),
          s.int(n),
          (i) => m.store(l, i, step, s.div(m.load(l, i, step), root)),
          w.group.size,
        );
      });
      w.block(next, rest, rest, (i, column) => {
        const j = m.value("j", s.add(next, column));
        k.if(s.le(j, i), () =>
          m.store(l, i, j, s.sub(m.load(l, i, j), s.mul(m.load(l, i, step), m.load(l, j, step)))),
        );
      });
    });
    w.block(s.int(0), s.int(n), s.int(n), (i, j) =>
      k.if(s.le(j, i), () => {
        const x = m.value("x", m.load(l, i, j));
        const value = s.select(s.eq(i, j), s.sqrt(x), x);
        const isFailed = s.ne(s.load(failed, at), s.int(0));
        m.store(l, i, j, s.select(isFailed, m.float(Number.NaN), value));
      }),
    );
  });
}

export function gpuLu(context: Plain): GpuForm | null {
  const [rows, columns] = context.inputs[0].shape.slice(-2);
  const count = Math.min(rows, columns);
  return perMatrix(context, [], (w, at, { inputs: [input], outputs: [output, pivots, order] }) => {
    const { k, s, m } = w;
    const a = m.dense(output, at, rows, columns);
    const orderAt = (i: Expr): Expr => s.add(s.mul(at, s.int(rows)), i);
    w.copy(m.dense(input, at, rows, columns), a, rows, columns);
    w.each(s.int(0), s.int(rows), (i) => k.store(order, orderAt(i), i));
    k.loop(count, (step) => {
      const pivotAt = s.add(s.mul(at, s.int(count)), step);
      const next = s.add(step, s.int(1));
      w.once(() => {
        const greatest = m.variable("greatest", s.abs(m.load(a, step, step)));
        const pivot = m.variable("pivot", step);
        m.each("i", next, s.int(rows), (i) => {
          const size = m.value("size", s.abs(m.load(a, i, step)));
          const isMore = m.value("isMore", s.gt(size, greatest.value));
          k.assign(pivot.local, s.select(isMore, i, pivot.value));
          k.assign(greatest.local, s.select(isMore, size, greatest.value));
        });
        k.store(pivots, pivotAt, pivot.value);
        const moved = m.value("moved", s.load(order, orderAt(step)));
        k.store(order, orderAt(step), s.load(order, orderAt(pivot.value)));
        k.store(order, orderAt(pivot.value), moved);
      });
      w.each(s.int(0), s.int(columns), (j) => {
        const pivot = m.value("pivot", s.load(pivots, pivotAt));
        const own = m.value("own", m.load(a, step, j));
        m.store(a, step, j, m.load(a, pivot, j));
        m.store(a, pivot, j, own);
      });
      w.each(next, s.int(rows), (i) => {
        const pivot = m.value("pivot", m.load(a, step, step));
        k.if(s.ne(pivot, m.float(0)), () => m.store(a, i, step, s.div(m.load(a, i, step), pivot)));
      });
      const rest = s.sub(s.int(columns), next);
      w.block(next, s.sub(s.int(rows), next), rest, (i, column) => {
        const j = m.value("j", s.add(next, column));
        k.if(s.ne(m.load(a, step, step), m.float(0)), () =>
          m.store(a, i, j, s.sub(m.load(a, i, j), s.mul(m.load(a, i, step), m.load(a, step, j)))),
        );
      });
    });
  });
}

/** All right sides at once: a row is solved, then subtracted from all after it. */
export function gpuTriangularSolve(context: Triangular): GpuForm | null {
  const { leftSide, lower, transposeA, unitDiagonal } = context.params;
  const [rows, columns] = context.inputs[1].shape.slice(-2);
  const [n, sides] = leftSide ? [rows, columns] : [columns, rows];
  // X·op(A) = B is op(A)ᵀ·Xᵀ = Bᵀ.
  const isTransposed = transposeA === leftSide;
  const isLower = lower !== isTransposed;
  if (context.inputs[1].size === 0) return null;
  return perMatrix(context, [], (w, at, { inputs: [input, right], outputs: [output] }) => {
    const { k, s, m } = w;
    const sideMatrix = (buffer: BufferParam): Matrix =>
      leftSide ? m.dense(buffer, at, n, sides) : m.dense(buffer, at, sides, n, true);
    const a = m.dense(input, at, n, n, isTransposed);
    const x = sideMatrix(output);
    const place = (i: Expr): Expr => (isLower ? i : s.sub(s.int(n - 1), i));
    w.copy(sideMatrix(right), x, n, sides);
    k.loop(n, (step) => {
      const row = place(step);
      const next = s.add(step, s.int(1));
      if (!unitDiagonal) {
        w.each(s.int(0), s.int(sides), (c) =>
          m.store(x, row, c, s.div(m.load(x, row, c), m.load(a, row, row))),
        );
      }
      w.block(next, s.sub(s.int(n), next), s.int(sides), (i, c) => {
        const below = m.value("below", place(i));
        m.store(x, below, c, s.sub(m.load(x, below, c), s.mul(m.load(a, below, row), m.load(x, row, c))));
      });
    });
  });
}

/** A reflector by one invocation, then each column to its right by another. */
export function gpuGeqrf(context: Plain): GpuForm | null {
  const [rows, columns] = context.inputs[0].shape.slice(-2);
  const steps = Math.min(rows, columns);
  return perMatrix(context, [], (w, at, { inputs: [input], outputs: [output, taus] }) => {
    const { k, s, m } = w;
    const a = m.dense(output, at, rows, columns);
    w.copy(m.dense(input, at, rows, columns), a, rows, columns);
    k.loop(steps, (step) => {
      const tauAt = s.add(s.mul(at, s.int(steps)), step);
      w.once(() => {
        const { tau } = m.householder(
          (i) => m.load(a, i, step),
          (i, x) => m.store(a, i, step, x),
          step,
          s.int(rows),
        );
        k.store(taus, tauAt, tau);
      });
      w.each(s.add(step, s.int(1)), s.int(columns), (c) => {
        const tau = m.value("tau", s.load(taus, tauAt));
        k.if(s.ne(tau, m.float(0)), () => reflectColumn(w, a, a, step, c, tau, rows));
      });
    });
  });
}

/** Columns have nothing to do with one another: an invocation takes a column through all reflectors, last one first. */
export function gpuHouseholderProduct(context: Plain): GpuForm | null {
  const [rows, columns] = context.inputs[0].shape.slice(-2);
  const [steps] = context.inputs[1].shape.slice(-1);
  return perMatrix(context, [], (w, at, { inputs: [input, taus], outputs: [output] }) => {
    const { k, s, m } = w;
    const a = m.dense(input, at, rows, columns);
    const q = m.dense(output, at, rows, columns);
    w.each(s.int(0), s.int(columns), (c) => {
      m.each("r", s.int(0), s.int(rows), (r) =>
        m.store(q, r, c, s.select(s.eq(r, c), m.float(1), m.float(0))),
      );
      k.loop(steps, (n) => {
        const first = m.value("first", s.sub(s.int(steps - 1), n));
        k.if(s.ge(c, first), () => {
          const tau = m.value("tau", s.load(taus, s.add(s.mul(at, s.int(steps)), first)));
          reflectColumn(w, a, q, first, c, tau, rows);
        });
      });
    });
  });
}

/** q[first …, c] ← (1 - tau·v·vᵀ)·q[first …, c] with v = (1, a[first + 1 …, first]). */
function reflectColumn(
  { k, s, m }: ShareOut,
  a: Matrix,
  q: Matrix,
  first: Expr,
  c: Expr,
  tau: Expr,
  rows: number,
): void {
  const second = s.add(first, s.int(1));
  const sum = k.let("sum", m.load(q, first, c));
  m.each("r", second, s.int(rows), (r) =>
    k.accumulate(sum, "add", s.mul(m.load(a, r, first), m.load(q, r, c))),
  );
  const t = m.value("t", s.mul(tau, s.local(sum)));
  m.store(q, first, c, s.sub(m.load(q, first, c), t));
  m.each("r", second, s.int(rows), (r) =>
    m.store(q, r, c, s.fma(s.neg(m.load(a, r, first)), t, m.load(q, r, c))),
  );
}
