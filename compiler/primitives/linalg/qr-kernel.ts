/** Kernels of geqrf and householder_product: LAPACK's geqr2 and org2r, one reflector after the other. */
import type { CustomBuffers, LowerContext } from "../../graph/primitive.ts";
import type { KernelBuilder } from "../../kernel/kernel-builder.ts";
import type { ScalarOps } from "../../kernel/scalar-ops.ts";
import type { DType } from "../../types/dtype.ts";
import { MatrixKernel, paddedLength, pieceWidth } from "./kernel-matrices.ts";
import { product } from "./matrices.ts";

type Context = LowerContext<Record<never, never>>;
/** The matrix, a reflector, a piece of a row. */
export function householderScratch({ inputs: [{ dtype, shape, size }] }: Context): {
  dtype: DType;
  size: number;
}[] {
  if (size === 0) return [];
  const [m, n] = shape.slice(-2);
  return [
    { dtype, size: m * paddedLength(dtype, n) },
    { dtype, size: m },
    { dtype, size: pieceWidth(dtype, n) },
  ];
}

export function buildGeqrf(
  k: KernelBuilder,
  s: ScalarOps,
  { inputs: [input], outputs: [output, taus], scratch: [matrix, v, work] }: CustomBuffers,
  { inputs: [{ dtype, shape, size }] }: Context,
): void {
  if (size === 0) return;
  const [rows, columns] = shape.slice(-2);
  const steps = Math.min(rows, columns);
  const m = new MatrixKernel(k, s, dtype);
  k.loop(
    product(shape.slice(0, -2)),
    (at) => {
      const a = m.scratch(matrix, columns);
      m.copyIn(m.dense(input, at, rows, columns), a, rows, columns);
      k.loop(steps, (step) => {
        const first = m.value("first", step);
        // The column apart, where the loops over rows find it in sequence.
        m.each("i", first, s.int(rows), (i) => k.store(v, i, m.load(a, i, first)));
        const { tau, beta } = m.householder(
          (i) => s.load(v, i),
          (i, x) => k.store(v, i, x),
          first,
          s.int(rows),
        );
        k.store(v, first, m.float(1));
        k.if(s.ne(tau, m.float(0)), () => {
          m.each("i", first, s.int(rows), (i) => m.store(a, i, first, s.load(v, i)));
          m.store(a, first, first, beta);
          m.reflect(
            a,
            (i) => s.load(v, i),
            tau,
            { from: first, to: s.int(rows) },
            { count: columns, from: m.plus(first, 1), to: s.int(columns) },
            work,
          );
        });
        k.store(taus, s.add(s.mul(at, s.int(steps)), first), tau);
      });
      m.copyOut(a, m.dense(output, at, rows, columns), rows, columns);
    },
    { name: "b" },
  );
}

export function buildHouseholderProduct(
  k: KernelBuilder,
  s: ScalarOps,
  { inputs: [input, taus], outputs: [output], scratch: [matrix, v, work] }: CustomBuffers,
  { inputs: [{ dtype, shape, size }, tausType] }: Context,
): void {
  if (size === 0) return;
  const [rows, columns] = shape.slice(-2);
  const [steps] = tausType.shape.slice(-1);
  const m = new MatrixKernel(k, s, dtype);
  k.loop(
    product(shape.slice(0, -2)),
    (at) => {
      const a = m.dense(input, at, rows, columns);
      const q = m.scratch(matrix, columns);
      k.loop(rows, (i) =>
        m.lanes(q.rowStride, (j) => m.store(q, i, j, s.select(s.eq(i, j), m.float(1), m.float(0)))),
      );
      k.loop(steps, (step) => {
        const first = m.value("first", s.sub(s.int(steps - 1), step));
        k.store(v, first, m.float(1));
        m.each("i", m.plus(first, 1), s.int(rows), (i) => k.store(v, i, m.load(a, i, first)));
        const tau = m.value("tau", s.load(taus, s.add(s.mul(at, s.int(steps)), first)));
        m.reflect(
          q,
          (i) => s.load(v, i),
          tau,
          { from: first, to: s.int(rows) },
          { count: columns, from: first, to: s.int(columns) },
          work,
        );
      });
      m.copyOut(q, m.dense(output, at, rows, columns), rows, columns);
    },
    { name: "b" },
  );
}
