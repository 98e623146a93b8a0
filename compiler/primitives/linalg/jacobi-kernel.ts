/**
 * Kernel of jacobi_svd: Hestenes' rotations of pairs of rows, in the odd-even order: neighbours are rotated and change
 * places, so that in n steps every pair has met, and the two rows of a pair always lie next to each other. The same
 * is done with blocks of rows, and within and between blocks, so that rows are met while they are in the cache.
 */
import type { CustomBuffers, LowerContext } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import type { DType } from "../../types/dtype.ts";
import { type Matrix, MatrixKernel } from "./kernel-matrices.ts";
import { product } from "./matrices.ts";
import { rangeScale, signOfRow, sortOrder, withoutSubnormals } from "./row-values.ts";

type Context = LowerContext<Record<never, never>>;

/** Rows of a block: two blocks of a 256×256 matrix with J beside it are 32 KiB of float32. */
const BLOCK = 8;
const blockRows = (n: number): number => Math.min(n, BLOCK);

/** Six to ten are needed; rounding may keep a pair from settling for good. */
export const MAX_SWEEPS = 30;

/** Whole blocks; the rows that make them up are zero, and come last. */
function paddedRows(n: number): number {
  const block = blockRows(n);
  return Math.ceil(n / block) * block;
}

/** Rows of the matrix with those of J beside them, lengths, the order of lengths. */
export function jacobiScratch({ inputs: [{ dtype, shape, size }] }: Context): {
  dtype: DType;
  size: number;
}[] {
  if (size === 0) return [];
  const n = shape[shape.length - 1];
  return [
    { dtype, size: paddedRows(n) * 2 * n },
    { dtype, size: paddedRows(n) },
    { dtype: "int32", size: paddedRows(n) },
  ];
}

export function buildJacobi(
  k: KernelBuilder,
  s: ScalarOps,
  { inputs: [input], outputs: [g, j, lengths], scratch: [rows, norms, order] }: CustomBuffers,
  { inputs: [{ dtype, shape, size }] }: Context,
): void {
  if (size === 0) return;
  const n = shape[shape.length - 1];
  const m = new MatrixKernel(k, s, dtype);
  const rowCount = paddedRows(n);
  const block = blockRows(n);
  const blocks = rowCount / block;
  k.loop(
    product(shape.slice(0, -2)),
    (at) => {
      const from = m.dense(input, at, n, n);
      const both: Matrix = { buffer: rows, rowStride: 2 * n, columnStride: 1, offset: s.int(0) };
      const greatest = k.let("greatest", m.float(0));
      k.loop(n, (i) => m.lanes(n, (c) => k.accumulate(greatest, "max", s.abs(m.load(from, i, c)))));
      const scale = rangeScale(m, s.local(greatest));
      const isSound = m.value("isSound", s.lt(s.local(greatest), m.float(Number.POSITIVE_INFINITY)));
      k.loop(n, (i) => {
        m.lanes(n, (c) => m.store(both, i, c, s.div(m.load(from, i, c), scale)));
        m.lanes(n, (c) => m.store(both, i, m.plus(c, n), s.select(s.eq(i, c), m.float(1), m.float(0))));
      });
      k.loop(rowCount - n, (i) => m.lanes(2 * n, (c) => m.store(both, m.plus(i, n), c, m.float(0))));
      const sweeps = m.variable("sweeps", s.int(0));
      const active = m.variable("active", isSound);
      const go = (): Expr => s.and(active.value, s.lt(sweeps.value, s.int(MAX_SWEEPS)));
      k.while(go(), () => {
        k.assign(active.local, s.bool(false));
        const turn = (i: Expr): void => k.assign(active.local, s.or(active.value, rotate(m, both, n, i)));
        k.loop(blocks, (q) => meetWithin(m, block, s.mul(q, s.int(block)), turn));
        if (blocks > 1) {
          k.loop(blocks, (step) =>
            m.each(
              "q",
              s.and(step, s.int(1)),
              s.int(blocks - 1),
              (q) => meetBetween(m, block, m.value("base", s.mul(q, s.int(block))), turn),
              2,
            ),
          );
        }
        k.assign(sweeps.local, m.plus(sweeps.value, 1));
      });
      // Negative lengths, whose ascending order is the descending one of the lengths. Rows of nothing come last.
      k.loop(rowCount, (i) => {
        const sum = k.let("sum", m.float(0));
        m.lanes(n, (c) => k.accumulate(sum, "add", s.mul(m.load(both, i, c), m.load(both, i, c))));
        const own = k.let("own", m.float(0));
        m.lanes(n, (c) => k.accumulate(own, "max", s.abs(m.load(both, i, m.plus(c, n)))));
        const isRow = s.ne(s.local(own), m.float(0));
        k.store(norms, i, s.select(isRow, s.neg(s.sqrt(s.local(sum))), m.float(1)));
      });
      sortOrder(m, norms, order, rowCount);
      const nan = m.float(Number.NaN);
      k.loop(n, (i) => {
        const source = m.value("source", s.load(order, i));
        const sign = signOfRow(m, both, source, s.int(n));
        const factor = m.value("factor", s.select(isSound, s.mul(sign, scale), nan));
        const length = s.neg(s.mul(s.load(norms, source), scale));
        k.store(lengths, s.add(s.mul(at, s.int(n)), i), s.select(isSound, length, nan));
        m.lanes(n, (c) => m.store(m.dense(g, at, n, n), i, c, s.mul(factor, m.load(both, source, c))));
        const own = m.value("own", s.select(isSound, sign, nan));
        m.lanes(n, (c) =>
          m.store(m.dense(j, at, n, n), i, c, s.mul(own, m.load(both, source, m.plus(c, n)))),
        );
      });
    },
    { name: "b" },
  );
}

/** Every pair of rows of one block; the order of the rows is reversed. */
function meetWithin(m: MatrixKernel, block: number, base: Expr, turn: (i: Expr) => void): void {
  const { s, k } = m;
  k.loop(block, (step) => {
    const end = m.value("end", m.plus(base, block - 1));
    m.each("i", s.add(base, s.and(step, s.int(1))), end, turn, 2);
  });
}

/** Every row of one block with every one of the next: the pairs of a diamond, after which the blocks have changed places. */
function meetBetween(m: MatrixKernel, block: number, base: Expr, turn: (i: Expr) => void): void {
  const { s, k } = m;
  k.loop(2 * block - 1, (step) => {
    const first = m.value("first", s.abs(s.sub(step, s.int(block - 1))));
    const end = m.value("end", s.sub(m.plus(base, 2 * block - 1), first));
    m.each("i", s.add(base, first), end, turn, 2);
  });
}

/** Makes rows i and i + 1 orthogonal if they are not, and exchanges them. Returns whether they were not. */
export function rotate(m: MatrixKernel, both: Matrix, n: number, i: Expr): Expr {
  const { s, k } = m;
  const next = m.plus(i, 1);
  const [xx, yy, xy] = ["xx", "yy", "xy"].map((name) => k.let(name, m.float(0)));
  m.lanes(n, (c) => {
    const x = m.value("x", m.load(both, i, c));
    const y = m.value("y", m.load(both, next, c));
    k.accumulate(xx, "add", s.mul(x, x));
    k.accumulate(yy, "add", s.mul(y, y));
    k.accumulate(xy, "add", s.mul(x, y));
  });
  const [alpha, beta, gamma] = [xx, yy, xy].map((local) => s.local(local));
  const tolerance = (m.dtype === "float64" ? 2 ** -52 : 2 ** -23) * Math.sqrt(n);
  const bound = s.mul(m.float(tolerance), s.mul(s.sqrt(alpha), s.sqrt(beta)));
  const isActive = m.value("isActive", s.gt(s.abs(gamma), bound));
  const { sine, cosine } = rotationOf(m, alpha, beta, gamma, isActive);
  const minusSine = m.value("minusSine", s.neg(sine));
  m.lanes(2 * n, (c) => {
    const x = m.value("x", m.load(both, i, c));
    const y = m.value("y", m.load(both, next, c));
    const rotated = (sum: Expr): Expr => withoutSubnormals(m, sum);
    m.store(both, i, c, rotated(s.fma(sine, x, s.mul(cosine, y))));
    m.store(both, next, c, rotated(s.fma(minusSine, y, s.mul(cosine, x))));
  });
  return isActive;
}

/**
 * The rotation that makes two rows with these squares of lengths and this product orthogonal, and exchanges them: they
 * become sine·x + cosine·y and cosine·x - sine·y. Where it is not active, the exchange alone.
 */
export function rotationOf(
  m: MatrixKernel,
  alpha: Expr,
  beta: Expr,
  gamma: Expr,
  isActive: Expr,
): { readonly sine: Expr; readonly cosine: Expr } {
  const { s, k } = m;
  const sine = m.variable("sine", m.float(0));
  const cosine = m.variable("cosine", m.float(1));
  k.if(isActive, () => {
    const zeta = m.value("zeta", s.div(s.sub(beta, alpha), s.mul(m.float(2), gamma)));
    // |zeta| + hypot(zeta, 1), without the square of a great zeta.
    const size = m.value("size", s.max(s.abs(zeta), m.float(1)));
    const [p, q] = [s.div(zeta, size), s.div(m.float(1), size)];
    const root = s.mul(size, s.sqrt(s.add(s.mul(p, p), s.mul(q, q))));
    const t = m.value(
      "t",
      s.div(s.select(s.lt(zeta, m.float(0)), m.float(-1), m.float(1)), s.add(s.abs(zeta), root)),
    );
    k.assign(cosine.local, s.div(m.float(1), s.sqrt(s.add(m.float(1), s.mul(t, t)))));
    k.assign(sine.local, s.mul(cosine.value, t));
  });
  return { sine: sine.value, cosine: cosine.value };
}
