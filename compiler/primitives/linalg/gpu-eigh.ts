/**
 * Eigenvalues on a GPU: a workgroup per matrix. Jacobi's rotations of rows and columns in the odd-even order, where the pairs of
 * a step have none in common (Golub and Van Loan, "Matrix Computations", 8.5): all angles of a step, then all rows, then
 * all columns. As for singular values the number of sweeps is fixed, and those that are not needed do nothing.
 */
import type { GpuForm, LowerContext } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import { perMatrix } from "./gpu-factorisations.ts";
import { Sweeps, sweepScratch } from "./gpu-sweeps.ts";
import { MAX_SWEEPS, rotationOf } from "./jacobi-kernel.ts";
import type { Matrix } from "./kernel-matrices.ts";
import { matrixCount } from "./matrices.ts";
import { signOfRow } from "./row-values.ts";

/** What is left beside the diagonal, relative to the matrix. */
const TOLERANCE = 2 ** -26;

export function gpuEigh(context: LowerContext<{ readonly lower: boolean }>): GpuForm | null {
  const [{ dtype, shape }] = context.inputs;
  const { lower } = context.params;
  const n = shape[shape.length - 1];
  // Per row, of each pair by its first row, of the matrix.
  const [sines, cosines, scaleAt, boundAt, numberCount] = [n, 2 * n, 3 * n, 3 * n + 1, 3 * n + 2];
  const scratch = sweepScratch(dtype, matrixCount(context), n, numberCount);
  return perMatrix(context, scratch, (w, at, buffers) => {
    const { k, s, m } = w;
    const [vectors, values] = buffers.outputs;
    const input = m.dense(buffers.inputs[0], at, n, n);
    const sweeps = new Sweeps(w, at, buffers, n, numberCount);
    const a = sweeps.rows;
    const zero = s.int(0);
    const end = s.int(n);
    /** The triangle that is read. */
    const read = (i: Expr, j: Expr): Expr => {
      const [great, small] = [s.max(i, j), s.min(i, j)];
      return lower ? m.load(input, great, small) : m.load(input, small, great);
    };
    const scale = sweeps.begin(read, s.int(scaleAt), (greatest, by) =>
      sweeps.setNumber(s.int(boundAt), s.mul(m.float(TOLERANCE), s.div(greatest, by))),
    );
    k.loop(MAX_SWEEPS, (sweep) =>
      k.loop(n, (step) => {
        const first = s.and(step, s.int(1));
        const pairs = s.div(s.sub(end, first), s.int(2));
        const rowOf = (pair: Expr): Expr => m.value("i", s.add(first, s.mul(pair, s.int(2))));
        /** The rows of a pair and its rotation, of two elements side by side. */
        const rotationAt = (pair: Expr) => {
          const i = rowOf(pair);
          const next = m.plus(i, 1);
          const sine = m.value("sine", sweeps.number(m.plus(i, sines)));
          const cosine = m.value("cosine", sweeps.number(m.plus(i, cosines)));
          const rotated = (x: Expr, y: Expr): readonly [Expr, Expr] => [
            s.fma(sine, x, s.mul(cosine, y)),
            s.fma(s.neg(sine), y, s.mul(cosine, x)),
          ];
          return { i, next, sine, rotated };
        };
        w.each(zero, pairs, (pair) =>
          k.if(sweeps.isSet(sweep), () => {
            const i = rowOf(pair);
            const next = m.plus(i, 1);
            const gamma = m.value("gamma", m.load(a, i, next));
            const isActive = m.value("isActive", s.gt(s.abs(gamma), sweeps.number(s.int(boundAt))));
            const { sine, cosine } = rotationOf(m, m.load(a, i, i), m.load(a, next, next), gamma, isActive);
            sweeps.setNumber(m.plus(i, sines), sine);
            sweeps.setNumber(m.plus(i, cosines), cosine);
            k.if(isActive, () => sweeps.setNext(sweep));
          }),
        );
        w.block(zero, pairs, s.int(2 * n), (pair, c) =>
          k.if(sweeps.isSet(sweep), () => {
            const { i, next, rotated } = rotationAt(pair);
            const x = m.value("x", m.load(a, i, c));
            const y = m.value("y", m.load(a, next, c));
            const [upper, under] = rotated(x, y);
            m.store(a, i, c, upper);
            m.store(a, next, c, under);
          }),
        );
        w.block(zero, pairs, end, (pair, r) =>
          k.if(sweeps.isSet(sweep), () => {
            const { i, next, sine, rotated } = rotationAt(pair);
            const x = m.value("x", m.load(a, r, i));
            const y = m.value("y", m.load(a, r, next));
            // The pair's own element is zero by construction; computed, it would be what rounding left.
            const isRotated = m.value("isRotated", s.ne(sine, m.float(0)));
            const [left, right] = rotated(x, y);
            m.store(a, r, i, s.select(s.and(isRotated, s.eq(r, next)), m.float(0), left));
            m.store(a, r, next, s.select(s.and(isRotated, s.eq(r, i)), m.float(0), right));
          }),
        );
      }),
    );
    w.each(zero, end, (i) => sweeps.setNumber(i, m.load(a, i, i)));
    w.each(zero, end, (i) => {
      const value = m.value("value", sweeps.number(i));
      const { place, isSound } = sweeps.placeOf(i, value, s.lt);
      const nan = m.float(Number.NaN);
      k.store(values, s.add(s.mul(at, end), place), s.select(isSound, s.mul(value, scale), nan));
      const v: Matrix = { ...a, offset: s.add(a.offset, end) };
      const sign = m.value("sign", s.select(isSound, signOfRow(m, v, i, end), nan));
      const result = m.dense(vectors, at, n, n);
      m.lanes(n, (c) => m.store(result, c, place, s.mul(sign, m.load(v, i, c))));
    });
  });
}
