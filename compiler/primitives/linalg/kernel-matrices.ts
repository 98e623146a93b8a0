/**
 * What kernels of factorisations are written with: matrices in scratch buffers with padded rows, loops between run-time
 * bounds, and the two updates that nearly all of their time goes to.
 *
 * Loops of the kernel IR have extents known beforehand, and those of a factorisation shrink as it proceeds. So a row
 * is taken in pieces of `width` elements, each a vector loop without a tail; rows are padded by that much, and what
 * is computed in the padding never comes back. A vector loop must not load what it may store: the rows that others
 * are updated with are copied to a buffer of their own first.
 */
import type { BufferParam, Expr, Local } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import type { DType } from "../../types/dtype.ts";

/** Rows (or columns) that are eliminated together, so that what follows is read and written once for all of them. */
export const PANEL = 8;

/** Elements of a piece of a row. */
export function pieceWidth(dtype: DType, columns: number): number {
  return Math.min(dtype === "float64" ? 8 : 16, Math.ceil(Math.max(columns, 1) / 4) * 4);
}

/** Length of a padded row: a piece may begin anywhere in it. */
export function paddedLength(dtype: DType, columns: number): number {
  return Math.ceil(columns / 4) * 4 + Math.max(pieceWidth(dtype, columns), PANEL);
}

/** A matrix within a buffer. */
export interface Matrix {
  readonly buffer: BufferParam;
  /** Elements from one row to the next, and from one column to the next. */
  readonly rowStride: number;
  readonly columnStride: number;
  readonly offset: Expr;
}

export class MatrixKernel {
  constructor(
    readonly k: KernelBuilder,
    readonly s: ScalarOps,
    readonly dtype: DType,
  ) {}

  int(x: number): Expr {
    return this.s.int(x);
  }
  float(x: number): Expr {
    return this.s.const(x, this.dtype);
  }
  plus(x: Expr, n: number): Expr {
    return this.s.add(x, this.s.int(n));
  }

  /** A scratch matrix with padded rows of `columns` elements. */
  scratch(buffer: BufferParam, columns: number): Matrix {
    return {
      buffer,
      rowStride: paddedLength(this.dtype, columns),
      columnStride: 1,
      offset: this.s.int(0),
    };
  }

  /** The `at`-th of a batch of dense matrices (or their transposes). */
  dense(buffer: BufferParam, at: Expr, rows: number, columns: number, transposed = false): Matrix {
    return {
      buffer,
      rowStride: transposed ? 1 : columns,
      columnStride: transposed ? columns : 1,
      offset: this.s.mul(at, this.s.int(rows * columns)),
    };
  }

  at(m: Matrix, row: Expr, column: Expr): Expr {
    const { s } = this;
    return s.add(
      s.add(m.offset, s.mul(row, s.int(m.rowStride))),
      m.columnStride === 1 ? column : s.mul(column, s.int(m.columnStride)),
    );
  }
  load(m: Matrix, row: Expr, column: Expr): Expr {
    return this.s.load(m.buffer, this.at(m, row, column));
  }
  store(m: Matrix, row: Expr, column: Expr, value: Expr): void {
    this.k.store(m.buffer, this.at(m, row, column), value);
  }

  /** A value computed here and now. */
  value(name: string, x: Expr): Expr {
    return this.s.local(this.k.let(name, x));
  }
  variable(name: string, x: Expr): { readonly local: Local; readonly value: Expr } {
    const local = this.k.let(name, x);
    return { local, value: this.s.local(local) };
  }

  /** for (i = from; i < to; i += step) */
  each(name: string, from: Expr, to: Expr, body: (i: Expr) => void, step = 1): void {
    const { local, value } = this.variable(name, from);
    this.k.while(this.s.lt(value, to), () => {
      body(value);
      this.k.assign(local, this.plus(value, step));
    });
  }
  /** for (i = from - 1; i >= to; i--) */
  eachDown(name: string, from: Expr, to: Expr, body: (i: Expr) => void): void {
    const { local, value } = this.variable(name, this.plus(from, -1));
    this.k.while(this.s.ge(value, to), () => {
      body(value);
      this.k.assign(local, this.plus(value, -1));
    });
  }
  /** A vector loop of a fixed number of lanes. */
  lanes(width: number, body: (j: Expr) => void): void {
    this.k.loop(width, body, { name: "j", kind: "vector" });
  }
  /** The columns from … to (and up to a piece more) in pieces; the body is given a column. */
  pieces(columns: number, from: Expr, to: Expr, body: (column: Expr) => void): void {
    const width = pieceWidth(this.dtype, columns);
    this.each("c", from, to, (c) => this.lanes(width, (j) => body(this.s.add(c, j))), width);
  }

  /** Copies a dense matrix into padded rows; zeros fill the padding. */
  copyIn(from: Matrix, to: Matrix, rows: number, columns: number): void {
    this.k.loop(rows, (i) => {
      this.lanes(columns, (j) => this.store(to, i, j, this.load(from, i, j)));
      this.lanes(to.rowStride - columns, (j) => this.store(to, i, this.plus(j, columns), this.float(0)));
    });
  }
  copyOut(from: Matrix, to: Matrix, rows: number, columns: number): void {
    this.k.loop(rows, (i) => this.lanes(columns, (j) => this.store(to, i, j, this.load(from, i, j))));
  }
  fill(buffer: BufferParam, offset: Expr, size: number, value: Expr): void {
    this.lanes(size, (j) => this.k.store(buffer, this.s.add(offset, j), value));
  }

  /** a[row, c] -= Σ_q factor(q) · panel[q, c] for the columns from … to. `panel` is in another buffer than `a`. */
  subtractPanel(
    a: Matrix,
    row: Expr,
    panel: Matrix,
    factor: (q: number) => Expr,
    columns: { readonly count: number; readonly from: Expr; readonly to: Expr },
  ): void {
    const { s, k } = this;
    const factors = Array.from({ length: PANEL }, (_, q) => this.value("f", s.neg(factor(q))));
    this.pieces(columns.count, columns.from, columns.to, (c) => {
      const sum = k.let("sum", this.load(a, row, c));
      for (const [q, f] of factors.entries()) {
        k.accumulate(sum, "add", s.mul(f, this.load(panel, s.int(q), c)));
      }
      this.store(a, row, c, s.local(sum));
    });
  }

  /** a[row, c] -= factor · other[otherRow, c]; the other matrix is in another buffer. */
  subtractRow(
    a: Matrix,
    row: Expr,
    factor: Expr,
    other: Matrix,
    otherRow: Expr,
    columns: { readonly count: number; readonly from: Expr; readonly to: Expr },
  ): void {
    const { s } = this;
    const f = this.value("f", s.neg(factor));
    this.pieces(columns.count, columns.from, columns.to, (c) =>
      this.store(a, row, c, s.fma(f, this.load(other, otherRow, c), this.load(a, row, c))),
    );
  }

  /**
   * a ← (1 - tau·v·vᵀ)·a on rows from … to and the columns given. v[i] belongs to row i; `work` holds a piece.
   */
  reflect(
    a: Matrix,
    v: (row: Expr) => Expr,
    tau: Expr,
    rows: { readonly from: Expr; readonly to: Expr },
    columns: { readonly count: number; readonly from: Expr; readonly to: Expr },
    work: BufferParam,
  ): void {
    const { s, k } = this;
    const width = pieceWidth(this.dtype, columns.count);
    this.each(
      "c",
      columns.from,
      columns.to,
      (c) => {
        this.lanes(width, (j) => {
          const sum = k.let("sum", this.float(0));
          this.each("i", rows.from, rows.to, (i) =>
            k.accumulate(sum, "add", s.mul(v(i), this.load(a, i, s.add(c, j)))),
          );
          k.store(work, j, s.mul(tau, s.local(sum)));
        });
        this.lanes(width, (j) => {
          const t = this.value("t", s.load(work, j));
          this.each("i", rows.from, rows.to, (i) => {
            const at = s.add(c, j);
            this.store(a, i, at, s.fma(s.neg(v(i)), t, this.load(a, i, at)));
          });
        });
      },
      width,
    );
  }

  /**
   * The reflector that takes x[first … end) to (beta, 0, …), as LAPACK's larfg: x ← (beta, v[1…]) with v[0] = 1 left
   * unwritten. Returns tau; 0 where x is (beta, 0, …) already. Scaled, so that squares neither overflow nor vanish.
   */
  householder(
    load: (i: Expr) => Expr,
    store: (i: Expr, value: Expr) => void,
    first: Expr,
    end: Expr,
  ): { readonly tau: Expr; readonly beta: Expr } {
    const { s, k } = this;
    const second = this.value("second", this.plus(first, 1));
    const rest = this.variable("rest", this.float(0));
    this.each("i", second, end, (i) => k.assign(rest.local, s.max(rest.value, s.abs(load(i)))));
    const alpha = this.value("alpha", load(first));
    const tau = this.variable("tau", this.float(0));
    const beta = this.variable("beta", alpha);
    // NaN is not equal to 0 either.
    k.if(s.ne(rest.value, this.float(0)), () => {
      const scale = this.value("scale", s.max(rest.value, s.abs(alpha)));
      const sum = this.variable("sum", this.float(0));
      this.each("i", second, end, (i) => {
        const x = this.value("x", s.div(load(i), scale));
        k.assign(sum.local, s.add(sum.value, s.mul(x, x)));
      });
      const a = this.value("a", s.div(alpha, scale));
      const norm = this.value("norm", s.mul(scale, s.sqrt(s.add(s.mul(a, a), sum.value))));
      k.assign(beta.local, s.select(s.ge(alpha, this.float(0)), s.neg(norm), norm));
      k.assign(tau.local, s.div(s.sub(beta.value, alpha), beta.value));
      const divisor = this.value("divisor", s.sub(alpha, beta.value));
      this.each("i", second, end, (i) => store(i, s.div(load(i), divisor)));
      store(first, beta.value);
    });
    return { tau: tau.value, beta: beta.value };
  }
}
