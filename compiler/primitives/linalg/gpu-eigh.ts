/**
 * Eigenvalues on a GPU: a workgroup per matrix. Jacobi's rotations of rows and columns in the odd-even order, where the pairs of
 * a step have none in common (Golub and Van Loan, "Matrix Computations", 8.5): all angles of a step, then all rows, then
 * all columns. As for singular values the number of sweeps is fixed, and those that are not needed do nothing.
 */
import type { GpuForm, LowerContext } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import { perMatrix } from "./gpu-factorisations.ts";
import { MAX_SWEEPS, rotationOf } from "./jacobi-kernel.ts";
import type { Matrix } from "./kernel-matrices.ts";
import { matrixCount } from "./matrices.ts";
import { rangeScale, signOfRow } from "./row-values.ts";

/** What is left beside the diagonal, relative to the matrix. */
const TOLERANCE = 2 ** -26;

export function gpuEigh(context: LowerContext<{ readonly lower: boolean }>): GpuForm | null {
  const [{ dtype, shape }] = context.inputs;
  const { lower } = context.params;
  const n = shape[shape.length - 1];
  const batch = matrixCount(context);
  const flagCount = MAX_SWEEPS + 1;
  // Per row, of each pair by its first row, of the matrix.
  const [sines, cosines, scaleAt, boundAt, numberCount] = [n, 2 * n, 3 * n, 3 * n + 1, 3 * n + 2];
  const scratch = [
    // Rows of the matrix with those of the eigenvectors beside them; numbers; whether each sweep has to be made.
    { dtype, size: batch * 2 * n * n },
    { dtype, size: batch * numberCount },
    { dtype: "int32", size: batch * flagCount },
  ] as const;
  return perMatrix(context, scratch, (w, at, buffers) => {
    const { k, s, m } = w;
    const [rows, numbers, flags] = buffers.scratch;
    const [vectors, values] = buffers.outputs;
    const input = m.dense(buffers.inputs[0], at, n, n);
    const a: Matrix = {
      buffer: rows,
      rowStride: 2 * n,
      columnStride: 1,
      offset: s.mul(at, s.int(2 * n * n)),
    };
    const zero = s.int(0);
    const end = s.int(n);
    const numberAt = (i: Expr): Expr => s.add(s.mul(at, s.int(numberCount)), i);
    const number = (i: Expr): Expr => s.load(numbers, numberAt(i));
    const flagAt = (sweep: Expr): Expr => s.add(s.mul(at, s.int(flagCount)), sweep);
    const isSet = (sweep: Expr): Expr => s.ne(s.load(flags, flagAt(sweep)), zero);
    /** The triangle that is read. */
    const read = (i: Expr, j: Expr): Expr => {
      const [great, small] = [s.max(i, j), s.min(i, j)];
      return lower ? m.load(input, great, small) : m.load(input, small, great);
    };
    w.each(zero, end, (i) => {
      const greatest = k.let("greatest", m.float(0));
      m.lanes(n, (j) => k.accumulate(greatest, "max", s.abs(read(i, j))));
      k.store(numbers, numberAt(i), s.local(greatest));
    });
    w.once(() => {
      const local = k.let("greatest", m.float(0));
      m.lanes(n, (i) => k.accumulate(local, "max", number(i)));
      const greatest = s.local(local);
      const scale = rangeScale(m, greatest);
      k.store(numbers, numberAt(s.int(scaleAt)), scale);
      k.store(numbers, numberAt(s.int(boundAt)), s.mul(m.float(TOLERANCE), s.div(greatest, scale)));
      const isSound = s.lt(greatest, m.float(Number.POSITIVE_INFINITY));
      k.loop(flagCount, (sweep) => {
        k.store(flags, flagAt(sweep), s.select(s.and(s.eq(sweep, zero), isSound), s.int(1), zero));
      });
    });
    const scale = number(s.int(scaleAt));
    w.block(zero, end, end, (i, j) => {
      m.store(a, i, j, s.div(read(i, j), scale));
      m.store(a, i, m.plus(j, n), s.select(s.eq(i, j), m.float(1), m.float(0)));
    });
    k.loop(MAX_SWEEPS, (sweep) =>
      k.loop(n, (step) => {
        const first = s.and(step, s.int(1));
        const pairs = s.div(s.sub(end, first), s.int(2));
        const rowOf = (pair: Expr): Expr => m.value("i", s.add(first, s.mul(pair, s.int(2))));
        w.each(zero, pairs, (pair) =>
          k.if(isSet(sweep), () => {
            const i = rowOf(pair);
            const next = m.plus(i, 1);
            const gamma = m.value("gamma", m.load(a, i, next));
            const isActive = m.value("isActive", s.gt(s.abs(gamma), number(s.int(boundAt))));
            const { sine, cosine } = rotationOf(m, m.load(a, i, i), m.load(a, next, next), gamma, isActive);
            k.store(numbers, numberAt(m.plus(i, sines)), sine);
            k.store(numbers, numberAt(m.plus(i, cosines)), cosine);
            k.if(isActive, () => k.store(flags, flagAt(m.plus(sweep, 1)), s.int(1)));
          }),
        );
        w.block(zero, pairs, s.int(2 * n), (pair, c) =>
          k.if(isSet(sweep), () => {
            const i = rowOf(pair);
            const next = m.plus(i, 1);
            const sine = m.value("sine", number(m.plus(i, sines)));
            const cosine = m.value("cosine", number(m.plus(i, cosines)));
            const x = m.value("x", m.load(a, i, c));
            const y = m.value("y", m.load(a, next, c));
            m.store(a, i, c, s.fma(sine, x, s.mul(cosine, y)));
            m.store(a, next, c, s.fma(s.neg(sine), y, s.mul(cosine, x)));
          }),
        );
        w.block(zero, pairs, end, (pair, r) =>
          k.if(isSet(sweep), () => {
            const i = rowOf(pair);
            const next = m.plus(i, 1);
            const sine = m.value("sine", number(m.plus(i, sines)));
            const cosine = m.value("cosine", number(m.plus(i, cosines)));
            const x = m.value("x", m.load(a, r, i));
            const y = m.value("y", m.load(a, r, next));
            // The pair's own element is zero by construction; computed, it would be what rounding left.
            const isRotated = m.value("isRotated", s.ne(sine, m.float(0)));
            const left = s.fma(sine, x, s.mul(cosine, y));
            const right = s.fma(s.neg(sine), y, s.mul(cosine, x));
            m.store(a, r, i, s.select(s.and(isRotated, s.eq(r, next)), m.float(0), left));
            m.store(a, r, next, s.select(s.and(isRotated, s.eq(r, i)), m.float(0), right));
          }),
        );
      }),
    );
    w.each(zero, end, (i) => k.store(numbers, numberAt(i), m.load(a, i, i)));
    w.each(zero, end, (i) => {
      const value = m.value("value", number(i));
      // Its place in ascending order; of equal ones the first comes first.
      const rank = k.let("rank", zero);
      m.each("r", zero, end, (r) => {
        const other = m.value("other", number(r));
        const isBefore = s.or(s.lt(other, value), s.and(s.eq(other, value), s.lt(r, i)));
        k.accumulate(rank, "add", s.select(isBefore, s.int(1), zero));
      });
      const isSound = m.value("isSound", isSet(zero));
      // What is not sound is not ordered either, but every place has to be written.
      const place = m.value("place", s.select(isSound, s.local(rank), i));
      const nan = m.float(Number.NaN);
      k.store(values, s.add(s.mul(at, end), place), s.select(isSound, s.mul(value, scale), nan));
      const v: Matrix = { ...a, offset: s.add(a.offset, end) };
      const sign = m.value("sign", s.select(isSound, signOfRow(m, v, i, end), nan));
      const result = m.dense(vectors, at, n, n);
      m.lanes(n, (c) => m.store(result, c, place, s.mul(sign, m.load(v, i, c))));
    });
  });
}
