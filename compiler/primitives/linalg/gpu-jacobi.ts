/**
 * Singular values on a GPU: a workgroup per matrix. In the odd-even order the pairs of a step have no row in common, so each
 * invocation rotates pairs of its own (Brent and Luk, "The solution of singular-value and symmetric eigenvalue problems on
 * multiprocessor arrays", 1985). The number of sweeps is fixed, as a workgroup may not branch on what it computed; those
 * after the last rotation look at a flag and do nothing.
 */
import type { GpuForm, LowerContext } from "../../graph/primitive.ts";
import type { Expr } from "../../kernel/expr.ts";
import { perMatrix } from "./gpu-factorisations.ts";
import { MAX_SWEEPS, rotate } from "./jacobi-kernel.ts";
import type { Matrix } from "./kernel-matrices.ts";
import { matrixCount } from "./matrices.ts";
import { rangeScale, signOfRow } from "./row-values.ts";

export function gpuJacobi(context: LowerContext<Record<never, never>>): GpuForm | null {
  const [{ dtype, shape }] = context.inputs;
  const n = shape[shape.length - 1];
  const batch = matrixCount(context);
  const flagCount = MAX_SWEEPS + 1;
  const scratch = [
    // Rows with those of J beside them; lengths and the scale; whether each sweep has to be made.
    { dtype, size: batch * 2 * n * n },
    { dtype, size: batch * (n + 1) },
    { dtype: "int32", size: batch * flagCount },
  ] as const;
  return perMatrix(context, scratch, (w, at, buffers) => {
    const { k, s, m } = w;
    const { inputs, outputs } = buffers;
    const [rows, numbers, flags] = buffers.scratch;
    const [g, j] = outputs.map((buffer) => m.dense(buffer, at, n, n));
    const from = m.dense(inputs[0], at, n, n);
    const both: Matrix = {
      buffer: rows,
      rowStride: 2 * n,
      columnStride: 1,
      offset: s.mul(at, s.int(2 * n * n)),
    };
    const zero = s.int(0);
    const end = s.int(n);
    const numberAt = (i: Expr): Expr => s.add(s.mul(at, s.int(n + 1)), i);
    const flagAt = (sweep: Expr): Expr => s.add(s.mul(at, s.int(flagCount)), sweep);
    const isSet = (sweep: Expr): Expr => s.ne(s.load(flags, flagAt(sweep)), zero);
    w.each(zero, end, (i) => {
      const greatest = k.let("greatest", m.float(0));
      m.lanes(n, (c) => k.accumulate(greatest, "max", s.abs(m.load(from, i, c))));
      k.store(numbers, numberAt(i), s.local(greatest));
    });
    w.once(() => {
      const greatest = k.let("greatest", m.float(0));
      m.lanes(n, (i) => k.accumulate(greatest, "max", s.load(numbers, numberAt(i))));
      k.store(numbers, numberAt(end), rangeScale(m, s.local(greatest)));
      const isSound = s.lt(s.local(greatest), m.float(Number.POSITIVE_INFINITY));
      k.loop(flagCount, (sweep) => {
        k.store(flags, flagAt(sweep), s.select(s.and(s.eq(sweep, zero), isSound), s.int(1), zero));
      });
    });
    w.block(zero, end, end, (i, c) => {
      m.store(both, i, c, s.div(m.load(from, i, c), s.load(numbers, numberAt(end))));
      m.store(both, i, m.plus(c, n), s.select(s.eq(i, c), m.float(1), m.float(0)));
    });
    k.loop(MAX_SWEEPS, (sweep) =>
      k.loop(n, (step) =>
        w.group.local((t) => {
          const first = s.add(s.and(step, s.int(1)), s.mul(t, s.int(2)));
          k.if(isSet(sweep), () =>
            m.each(
              "i",
              first,
              s.int(n - 1),
              (i) => k.if(rotate(m, both, n, i), () => k.store(flags, flagAt(m.plus(sweep, 1)), s.int(1))),
              2 * w.group.size,
            ),
          );
        }),
      ),
    );
    const scale = s.load(numbers, numberAt(end));
    w.each(zero, end, (i) => {
      const sum = k.let("sum", m.float(0));
      m.lanes(n, (c) => k.accumulate(sum, "add", s.mul(m.load(both, i, c), m.load(both, i, c))));
      k.store(numbers, numberAt(i), s.sqrt(s.local(sum)));
    });
    w.each(zero, end, (i) => {
      const length = m.value("length", s.load(numbers, numberAt(i)));
      // Its place among the lengths in descending order; of equal ones the first comes first.
      const rank = k.let("rank", zero);
      m.each("r", zero, end, (r) => {
        const other = m.value("other", s.load(numbers, numberAt(r)));
        const isBefore = s.or(s.gt(other, length), s.and(s.eq(other, length), s.lt(r, i)));
        k.accumulate(rank, "add", s.select(isBefore, s.int(1), zero));
      });
      const isSound = m.value("isSound", isSet(zero));
      // What is not sound is not ordered either, but every place has to be written.
      const place = m.value("place", s.select(isSound, s.local(rank), i));
      const nan = m.float(Number.NaN);
      const sign = signOfRow(m, both, i, end);
      const factor = m.value("factor", s.select(isSound, s.mul(sign, scale), nan));
      const own = m.value("own", s.select(isSound, sign, nan));
      k.store(outputs[2], s.add(s.mul(at, s.int(n)), place), s.select(isSound, s.mul(length, scale), nan));
      m.lanes(n, (c) => m.store(g, place, c, s.mul(factor, m.load(both, i, c))));
      m.lanes(n, (c) => m.store(j, place, c, s.mul(own, m.load(both, i, m.plus(c, n)))));
    });
  });
}
