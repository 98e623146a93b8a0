/**
 * Singular values on a GPU: a workgroup per matrix. In the odd-even order the pairs of a step have no row in common, so each
 * invocation rotates pairs of its own (Brent and Luk, "The solution of singular-value and symmetric eigenvalue problems on
 * multiprocessor arrays", 1985). The number of sweeps is fixed, as a workgroup may not branch on what it computed; those
 * after the last rotation look at a flag and do nothing.
 */
import type { GpuForm, LowerContext } from "../../graph/primitive.ts";
import { perMatrix } from "./gpu-factorisations.ts";
import { Sweeps, sweepScratch } from "./gpu-sweeps.ts";
import { MAX_SWEEPS, rotate } from "./jacobi-kernel.ts";
import { matrixCount } from "./matrices.ts";
import { signOfRow } from "./row-values.ts";

export function gpuJacobi(context: LowerContext<Record<never, never>>): GpuForm | null {
  const [{ dtype, shape }] = context.inputs;
  const n = shape[shape.length - 1];
  // Lengths of the rows, and the scale.
  const numberCount = n + 1;
  const scratch = sweepScratch(dtype, matrixCount(context), n, numberCount);
  return perMatrix(context, scratch, (w, at, buffers) => {
    const { k, s, m } = w;
    const { inputs, outputs } = buffers;
    const [g, j] = outputs.map((buffer) => m.dense(buffer, at, n, n));
    const from = m.dense(inputs[0], at, n, n);
    const sweeps = new Sweeps(w, at, buffers, n, numberCount);
    const { rows } = sweeps;
    const zero = s.int(0);
    const end = s.int(n);
    const scale = sweeps.begin((i, c) => m.load(from, i, c), end);
    k.loop(MAX_SWEEPS, (sweep) =>
      k.loop(n, (step) =>
        w.group.local((t) => {
          const first = s.add(s.and(step, s.int(1)), s.mul(t, s.int(2)));
          k.if(sweeps.isSet(sweep), () =>
            m.each(
              "i",
              first,
              s.int(n - 1),
              (i) => k.if(rotate(m, rows, n, i), () => sweeps.setNext(sweep)),
              2 * w.group.size,
            ),
          );
        }),
      ),
    );
    w.each(zero, end, (i) => {
      const sum = k.let("sum", m.float(0));
      m.lanes(n, (c) => k.accumulate(sum, "add", s.mul(m.load(rows, i, c), m.load(rows, i, c))));
      sweeps.setNumber(i, s.sqrt(s.local(sum)));
    });
    w.each(zero, end, (i) => {
      const length = m.value("length", sweeps.number(i));
      const { place, isSound } = sweeps.placeOf(i, length, s.gt);
      const nan = m.float(Number.NaN);
      const sign = signOfRow(m, rows, i, end);
      const factor = m.value("factor", s.select(isSound, s.mul(sign, scale), nan));
      const own = m.value("own", s.select(isSound, sign, nan));
      k.store(outputs[2], s.add(s.mul(at, s.int(n)), place), s.select(isSound, s.mul(length, scale), nan));
      m.lanes(n, (c) => m.store(g, place, c, s.mul(factor, m.load(rows, i, c))));
      m.lanes(n, (c) => m.store(j, place, c, s.mul(own, m.load(rows, i, m.plus(c, n)))));
    });
  });
}
