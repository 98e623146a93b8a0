/**
 * Kernel of eigh: Householder reduction to a tridiagonal matrix, then implicit QL with Wilkinson's shift (EISPACK's
 * tred2 and tql2; Bowdler, Martin, Reinsch, Wilkinson 1968). A sweep's rotations are recorded and then applied
 * to the eigenvectors a piece of columns at a time, where the row they share stays in registers.
 */
import type { CustomBuffers, LowerContext } from "../../graph/primitive.ts";
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import type { DType } from "../../types/dtype.ts";
import { type Matrix, MatrixKernel, paddedLength, pieceWidth } from "./kernel-matrices.ts";
import { product } from "./matrices.ts";
import { rangeScale, signOfRow, sortOrder, withoutSubnormals } from "./row-values.ts";

type Context = LowerContext<{ readonly lower: boolean }>;

/** QL sweeps per eigenvalue, on average two are needed. */
const MAX_SWEEPS = 50;

export function eighScratch({ inputs: [{ dtype, shape, size }] }: Context): {
  dtype: DType;
  size: number;
}[] {
  if (size === 0) return [];
  const n = shape[shape.length - 1];
  const row = paddedLength(dtype, n);
  return [
    { dtype, size: n * row },
    { dtype, size: n * row },
    { dtype, size: row },
    { dtype, size: row },
    { dtype, size: n },
    { dtype, size: n },
    { dtype, size: n },
    { dtype, size: n },
    { dtype, size: pieceWidth(dtype, n) },
    { dtype: "int32", size: n },
  ];
}

interface Work {
  readonly n: number;
  /** The matrix, later the eigenvectors as rows. */
  readonly a: Matrix;
  readonly q: Matrix;
  readonly v: BufferParam;
  readonly w: BufferParam;
  readonly diagonal: BufferParam;
  readonly off: BufferParam;
  /** tau of the reflectors, then sines. */
  readonly sines: BufferParam;
  readonly cosines: BufferParam;
  readonly piece: BufferParam;
}

export function buildEigh(
  k: KernelBuilder,
  s: ScalarOps,
  { inputs: [input], outputs: [vectors, values], scratch }: CustomBuffers,
  { inputs: [{ dtype, shape, size }], params }: Context,
): void {
  if (size === 0) return;
  const n = shape[shape.length - 1];
  const m = new MatrixKernel(k, s, dtype);
  const [matrix, q, v, w, diagonal, off, sines, cosines, piece, order] = scratch;
  k.loop(
    product(shape.slice(0, -2)),
    (at) => {
      const work: Work = {
        n,
        a: m.scratch(matrix, n),
        q: m.scratch(q, n),
        v,
        w,
        diagonal,
        off,
        sines,
        cosines,
        piece,
      };
      const scale = copySymmetric(m, work, m.dense(input, at, n, n), params.lower);
      const failed = k.let("failed", s.not(s.lt(s.abs(scale), m.float(Number.POSITIVE_INFINITY))));
      k.if(s.not(s.local(failed)), () => {
        tridiagonalize(m, work);
        formVectors(m, work);
        k.loop(n, (l) => {
          k.if(s.not(s.local(failed)), () => {
            const sweeps = m.variable("sweeps", s.int(0));
            const left = m.value("left", l);
            const split = m.variable("split", findSplit(m, work, left));
            const go = (): Expr => s.and(s.gt(split.value, left), s.lt(sweeps.value, s.int(MAX_SWEEPS)));
            k.while(go(), () => {
              sweep(m, work, left, split.value);
              k.assign(sweeps.local, m.plus(sweeps.value, 1));
              k.assign(split.local, findSplit(m, work, left));
            });
            k.assign(failed, s.gt(split.value, left));
          });
        });
      });
      sortOrder(m, diagonal, order, n);
      const result = m.dense(vectors, at, n, n);
      const nan = m.float(Number.NaN);
      k.loop(n, (i) => {
        const from = m.value("from", s.load(order, i));
        const value = s.mul(s.load(diagonal, from), scale);
        k.store(values, s.add(s.mul(at, s.int(n)), i), s.select(s.local(failed), nan, value));
        const sign = signOfRow(m, work.a, from, s.int(n));
        k.loop(n, (j) =>
          m.store(result, j, i, s.select(s.local(failed), nan, s.mul(sign, m.load(work.a, from, j)))),
        );
      });
    },
    { name: "b" },
  );
}

/** Copies one triangle to both, divided by the scale, which is returned: NaN or infinite where an element is. */
function copySymmetric(m: MatrixKernel, { n, a, v, w }: Work, input: Matrix, lower: boolean): Expr {
  const { s, k } = m;
  const read = (i: Expr, j: Expr): Expr => (lower ? m.load(input, i, j) : m.load(input, j, i));
  const greatest = k.let("greatest", m.float(0));
  k.loop(n, (i) =>
    m.each("j", s.int(0), m.plus(i, 1), (j) => k.accumulate(greatest, "max", s.abs(read(i, j)))),
  );
  const scale = rangeScale(m, s.local(greatest));
  k.loop(n, (i) => {
    m.each("j", s.int(0), m.plus(i, 1), (j) => {
      const x = m.value("x", s.div(read(i, j), scale));
      m.store(a, i, j, x);
      m.store(a, j, i, x);
    });
    m.lanes(a.rowStride - n, (j) => m.store(a, i, m.plus(j, n), m.float(0)));
  });
  for (const buffer of [v, w]) m.fill(buffer, s.int(0), a.rowStride, m.float(0));
  // Not used by anything where it is not finite.
  return s.select(s.lt(s.local(greatest), m.float(Number.POSITIVE_INFINITY)), scale, s.local(greatest));
}

/** a ← Qᵀ·a·Q tridiagonal: `diagonal` and `off`; reflector k stays in row k, right of the diagonal, its tau in `sines`. */
function tridiagonalize(m: MatrixKernel, { n, a, v, w, diagonal, off, sines }: Work): void {
  const { s, k } = m;
  const end = s.int(n);
  const width = pieceWidth(m.dtype, n);
  k.loop(n, (step) => {
    const row = m.value("row", step);
    k.store(diagonal, row, m.load(a, row, row));
    k.store(off, row, m.float(0));
    k.store(sines, row, m.float(0));
    k.if(s.lt(row, s.int(n - 1)), () => {
      const next = m.value("next", m.plus(row, 1));
      const { tau, beta } = m.householder(
        (i) => m.load(a, row, i),
        (i, x) => m.store(a, row, i, x),
        next,
        end,
      );
      m.store(a, row, next, m.float(1));
      k.store(off, row, beta);
      k.store(sines, row, tau);
      k.if(s.ne(tau, m.float(0)), () => {
        m.each("j", next, end, (j) => k.store(v, j, m.load(a, row, j)));
        // w = tau·a·v, then w - ½·tau·(wᵀv)·v; a -= v·wᵀ + w·vᵀ.
        m.each(
          "c",
          next,
          end,
          (c) =>
            m.lanes(width, (j) => {
              const sum = k.let("sum", m.float(0));
              m.each("i", next, end, (i) =>
                k.accumulate(sum, "add", s.mul(s.load(v, i), m.load(a, i, s.add(c, j)))),
              );
              k.store(w, s.add(c, j), s.mul(tau, s.local(sum)));
            }),
          width,
        );
        const dot = m.variable("dot", m.float(0));
        m.each("i", next, end, (i) =>
          k.assign(dot.local, s.add(dot.value, s.mul(s.load(w, i), s.load(v, i)))),
        );
        const half = m.value("half", s.mul(s.mul(m.float(-0.5), tau), dot.value));
        m.each("i", next, end, (i) => k.store(w, i, s.add(s.load(w, i), s.mul(half, s.load(v, i)))));
        m.each(
          "c",
          next,
          end,
          (c) =>
            m.lanes(width, (j) => {
              const at = s.add(c, j);
              const vj = m.value("vj", s.load(v, at));
              const wj = m.value("wj", s.load(w, at));
              m.each("i", next, end, (i) => {
                const once = s.fma(s.neg(s.load(v, i)), wj, m.load(a, i, at));
                m.store(a, i, at, s.fma(s.neg(s.load(w, i)), vj, once));
              });
            }),
          width,
        );
      });
    });
  });
}

/** q ← the product of the reflectors; then the columns of q as the rows of a. */
function formVectors(m: MatrixKernel, { n, a, q, sines, piece }: Work): void {
  const { s, k } = m;
  k.loop(n, (i) =>
    m.lanes(q.rowStride, (j) => m.store(q, i, j, s.select(s.eq(i, j), m.float(1), m.float(0)))),
  );
  k.loop(n - 1, (step) => {
    const row = m.value("row", s.sub(s.int(n - 2), step));
    const tau = m.value("tau", s.load(sines, row));
    const from = m.value("from", m.plus(row, 1));
    k.if(s.ne(tau, m.float(0)), () =>
      m.reflect(
        q,
        (i) => m.load(a, row, i),
        tau,
        { from, to: s.int(n) },
        { count: n, from, to: s.int(n) },
        piece,
      ),
    );
  });
  k.loop(n, (i) => k.loop(n, (j) => m.store(a, i, j, m.load(q, j, i))));
}

/** The first place from `left` on where the tridiagonal matrix falls apart. */
function findSplit(m: MatrixKernel, { n, diagonal, off }: Work, left: Expr): Expr {
  const { s, k } = m;
  const eps = m.dtype === "float64" ? 2 ** -53 : 2 ** -24;
  const place = m.variable("place", left);
  const at = place.value;
  const size = (i: Expr): Expr => s.abs(s.load(diagonal, i));
  const negligible = s.le(
    s.abs(s.load(off, at)),
    s.max(s.mul(m.float(eps), s.add(size(at), size(m.plus(at, 1)))), m.float(eps * eps * eps)),
  );
  k.while(s.guard(s.lt(at, s.int(n - 1)), s.not(negligible), s.bool(false)), () =>
    k.assign(place.local, m.plus(at, 1)),
  );
  return place.value;
}

/** One implicit QL sweep over rows left … right, and its rotations of the vectors. */
function sweep(m: MatrixKernel, work: Work, left: Expr, right: Expr): void {
  const { s, k } = m;
  const { diagonal, off, sines, cosines } = work;
  const one = m.float(1);
  const d = (i: Expr): Expr => s.load(diagonal, i);
  const e = (i: Expr): Expr => s.load(off, i);
  const hypot = (x: Expr, y: Expr): Expr => s.sqrt(s.add(s.mul(x, x), s.mul(y, y)));
  const ratio = m.value("ratio", s.div(s.sub(d(m.plus(left, 1)), d(left)), s.mul(m.float(2), e(left))));
  // hypot(ratio, 1) without overflow of the square.
  const greater = m.value("greater", s.max(s.abs(ratio), one));
  const root = m.value("root", s.mul(greater, hypot(s.div(ratio, greater), s.div(one, greater))));
  const shifted = s.select(s.ge(ratio, m.float(0)), s.add(ratio, root), s.sub(ratio, root));
  const g = m.variable("g", s.add(s.sub(d(right), d(left)), s.div(e(left), shifted)));
  const sine = m.variable("sine", one);
  const cosine = m.variable("cosine", one);
  const p = m.variable("p", m.float(0));
  const i = m.variable("i", m.plus(right, -1));
  const stopped = m.variable("stopped", s.bool(false));
  const go = (): Expr => s.and(s.ge(i.value, left), s.not(stopped.value));
  k.while(go(), () => {
    const next = m.value("next", m.plus(i.value, 1));
    const f = m.value("f", s.mul(sine.value, e(i.value)));
    const b = m.value("b", s.mul(cosine.value, e(i.value)));
    const r = m.value("r", hypot(f, g.value));
    k.store(off, next, r);
    k.if(
      s.eq(r, m.float(0)),
      () => {
        // Underflow: the matrix falls apart here.
        k.store(diagonal, next, s.sub(d(next), p.value));
        k.store(off, right, m.float(0));
        k.assign(stopped.local, s.bool(true));
      },
      () => {
        k.assign(sine.local, s.div(f, r));
        k.assign(cosine.local, s.div(g.value, r));
        k.store(sines, i.value, sine.value);
        k.store(cosines, i.value, cosine.value);
        k.assign(g.local, s.sub(d(next), p.value));
        const change = m.value(
          "change",
          s.add(s.mul(s.sub(d(i.value), g.value), sine.value), s.mul(s.mul(m.float(2), cosine.value), b)),
        );
        k.assign(p.local, s.mul(sine.value, change));
        k.store(diagonal, next, s.add(g.value, p.value));
        k.assign(g.local, s.sub(s.mul(cosine.value, change), b));
        k.assign(i.local, m.plus(i.value, -1));
      },
    );
  });
  rotateVectors(m, work, i.value, right);
  k.if(s.not(stopped.value), () => {
    k.store(diagonal, left, s.sub(d(left), p.value));
    k.store(off, left, g.value);
    k.store(off, right, m.float(0));
  });
}

/** Applies the recorded rotations of rows (i, i + 1), i from right - 1 down to `stop` + 1. */
function rotateVectors(m: MatrixKernel, { n, a, sines, cosines }: Work, stop: Expr, right: Expr): void {
  const { s, k } = m;
  const width = pieceWidth(m.dtype, n);
  m.each(
    "c",
    s.int(0),
    s.int(n),
    (c) =>
      m.lanes(width, (j) => {
        const column = s.add(c, j);
        const i = m.variable("i", m.plus(right, -1));
        const next = m.plus(i.value, 1);
        // The row that goes from one rotation to the next. Rows are addressed by i, to be seen as apart.
        const carried = m.variable("carried", m.load(a, next, column));
        k.while(s.gt(i.value, stop), () => {
          const sine = s.load(sines, i.value);
          const cosine = s.load(cosines, i.value);
          const own = m.value("own", m.load(a, i.value, column));
          const sum = s.fma(sine, own, s.mul(cosine, carried.value));
          m.store(a, next, column, withoutSubnormals(m, sum));
          const rest = s.fma(s.neg(sine), carried.value, s.mul(cosine, own));
          k.assign(carried.local, withoutSubnormals(m, rest));
          k.assign(i.local, m.plus(i.value, -1));
        });
        m.store(a, next, column, carried.value);
      }),
    width,
  );
}
