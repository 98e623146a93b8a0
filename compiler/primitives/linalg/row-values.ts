/** Scalars that kernels of eigenvalues and singular values derive from a matrix. */
import type { BufferParam, Expr } from "../../kernel/expr.ts";
import type { Matrix, MatrixKernel } from "./kernel-matrices.ts";

/** Beyond these magnitudes squares and their sums would overflow, or vanish. */
const SAFE = { float32: [1e-6, 1e12], float64: [1e-120, 1e120] } as const;

/** What a matrix with this greatest magnitude is to be divided by: 1 in the safe range, and for 0. */
export function rangeScale(m: MatrixKernel, greatest: Expr): Expr {
  const { s } = m;
  const [low, high] = SAFE[m.dtype === "float64" ? "float64" : "float32"];
  const isSmall = s.and(s.lt(greatest, m.float(low)), s.gt(greatest, m.float(0)));
  const isUnsafe = s.or(isSmall, s.gt(greatest, m.float(high)));
  return m.value("scale", s.select(isUnsafe, greatest, m.float(1)));
}

/**
 * x rounded to a multiple of 2⁻⁶² (2⁻⁴⁵² in float64), which is nothing beside a matrix in the safe range. Rotations
 * turn what was zero into long products of sines; left alone those, or their squares, become subnormal, and an operation on
 * such numbers takes processors a hundred times as long.
 */
export function withoutSubnormals(m: MatrixKernel, x: Expr): Expr {
  const anchor = m.float(m.dtype === "float64" ? 2 ** -400 : 2 ** -38);
  return m.s.sub(m.s.add(x, anchor), anchor);
}

/** ±1, so that the row's element of greatest magnitude (the first of them) becomes positive. */
export function signOfRow(m: MatrixKernel, a: Matrix, row: Expr, columns: Expr): Expr {
  const { s, k } = m;
  const greatest = m.variable("greatest", m.float(0));
  const sign = m.variable("sign", m.float(1));
  m.each("j", s.int(0), columns, (j) => {
    const x = m.value("x", m.load(a, row, j));
    const isMore = m.value("isMore", s.gt(s.abs(x), greatest.value));
    const own = s.select(s.lt(x, m.float(0)), m.float(-1), m.float(1));
    k.assign(sign.local, s.select(isMore, own, sign.value));
    k.assign(greatest.local, s.select(isMore, s.abs(x), greatest.value));
  });
  return sign.value;
}

/** The places of values in ascending order, by insertion. */
export function sortOrder(m: MatrixKernel, values: BufferParam, order: BufferParam, n: number): void {
  const { s, k } = m;
  k.loop(n, (i) => {
    const value = m.value("value", s.load(values, i));
    const hole = m.variable("hole", i);
    const before = m.plus(hole.value, -1);
    const isMore = s.guard(
      s.gt(hole.value, s.int(0)),
      s.gt(s.load(values, s.load(order, before)), value),
      s.bool(false),
    );
    k.while(isMore, () => {
      k.store(order, hole.value, s.load(order, before));
      k.assign(hole.local, before);
    });
    k.store(order, hole.value, i);
  });
}
