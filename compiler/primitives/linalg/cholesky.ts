/** cholesky: A = L·Lᵀ of symmetric positive definite matrices, of which only the lower triangle is read. */
import { definePrimitive, notLinear } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { WeftValueError } from "../../types/errors.ts";
import { formatShape } from "../typing.ts";
import { CHOLESKY_CASES } from "./cases.ts";
import { gpuCholesky } from "./gpu-factorisations.ts";
import { lowerTriangle, matmul, mirrored, scaleDiagonal } from "./graph-matrices.ts";
import { MatrixKernel, PANEL, paddedLength } from "./kernel-matrices.ts";
import { checkFloat, leadingBatchRule, matrixCount, product, splitShapes } from "./matrices.ts";
import { eachMatrix, zeros } from "./reference.ts";

export const cholesky = definePrimitive<Record<never, never>>({
  name: "cholesky",
  infer(inputs) {
    const { dims } = splitShapes("cholesky", inputs, [2]);
    checkFloat("cholesky", inputs);
    if (dims[0][0] !== dims[0][1]) {
      throw new WeftValueError(
        `The input to cholesky must be a square matrix. Got shape ${formatShape(dims[0])}.`,
      );
    }
    return [inputs[0]];
  },
  evaluate(inputs): RefTensor[] {
    const types = inputs.map((x) => x.type);
    const { batch, dims } = splitShapes("cholesky", types, [2]);
    return eachMatrix(inputs, dims, batch, types, (a) => {
      const n = a.length;
      const l = zeros(n, n);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j <= i; j++) {
          let sum = a[i][j];
          for (let p = 0; p < j; p++) sum -= l[i][p] * l[j][p];
          l[i][j] = i === j ? Math.sqrt(sum) : sum / l[j][j];
        }
      }
      const failed = l.some((row, i) => !(row[i] > 0));
      return [failed ? l.map((row, i) => row.map((_, j) => (j <= i ? Number.NaN : 0))) : l];
    });
  },
  // L̇ = L·Φ(L⁻¹·Ȧ·L⁻ᵀ), Φ the lower triangle with half the diagonal: Murray, arXiv:1602.07527.
  jvp(b, [x], [tangent], params) {
    const l = b.one("cholesky", [x], params);
    if (tangent === null) return { outputs: [l], tangents: [null] };
    const solve = { lower: true, unitDiagonal: false };
    const symmetric = mirrored(b, tangent, true);
    const right = b.one("triangular_solve", [l, symmetric], { ...solve, leftSide: false, transposeA: true });
    const both = b.one("triangular_solve", [l, right], { ...solve, leftSide: true, transposeA: false });
    return {
      outputs: [l],
      tangents: [matmul(b, l, scaleDiagonal(b, lowerTriangle(b, both), 0.5))],
    };
  },
  transpose: notLinear("cholesky is not linear in its operand"),
  batch: leadingBatchRule("cholesky"),
  lower: {
    kind: "custom",
    entries: matrixCount,
    gpu: gpuCholesky,
    scratch({ inputs: [{ dtype, shape, size }] }) {
      if (size === 0) return [];
      const n = shape[shape.length - 1];
      const row = paddedLength(dtype, n);
      return [
        { dtype, size: n * row },
        { dtype, size: PANEL * row },
      ];
    },
    /**
     * Works on U = Lᵀ, whose rows are the columns of L: a panel of rows is finished, then subtracted from all rows below.
     */
    build(k, s, { inputs: [input], outputs: [output], scratch }, { inputs: [{ dtype, shape, size }] }) {
      if (size === 0) return;
      const n = shape[shape.length - 1];
      const m = new MatrixKernel(k, s, dtype);
      const end = s.int(n);
      k.loop(
        product(shape.slice(0, -2)),
        (at) => {
          const u = m.scratch(scratch[0], n);
          const panel = m.scratch(scratch[1], n);
          m.copyIn(m.dense(input, at, n, n, true), u, n, n);
          const isPositive = k.let("isPositive", s.bool(true));
          k.loop(Math.ceil(n / PANEL), (p) => {
            const first = m.value("first", s.mul(p, s.int(PANEL)));
            const below = m.value("below", m.plus(first, PANEL));
            const last = m.value("last", s.min(below, end));
            m.each("k", first, last, (row) => {
              const pivot = m.value("pivot", m.load(u, row, row));
              k.assign(isPositive, s.and(s.local(isPositive), s.gt(pivot, m.float(0))));
              const root = m.value("root", s.sqrt(pivot));
              const own = m.value("own", s.sub(row, first));
              m.pieces(n, row, end, (c) => {
                const x = m.value("x", s.div(m.load(u, row, c), root));
                m.store(u, row, c, x);
                m.store(panel, own, c, x);
              });
              m.each("i", m.plus(row, 1), last, (i) =>
                m.subtractRow(u, i, m.load(panel, own, i), panel, own, { count: n, from: i, to: end }),
              );
            });
            m.each("i", below, end, (i) =>
              m.subtractPanel(u, i, panel, (q) => m.load(panel, s.int(q), i), {
                count: n,
                from: i,
                to: end,
              }),
            );
          });
          const l = m.dense(output, at, n, n);
          k.loop(n, (i) =>
            k.loop(n, (j) => {
              const value = s.select(s.local(isPositive), m.load(u, j, i), m.float(Number.NaN));
              m.store(l, i, j, s.select(s.le(j, i), value, m.float(0)));
            }),
          );
        },
        { name: "b" },
      );
    },
  },
  cost({ inputs: [{ shape, size }] }) {
    const n = shape[shape.length - 1];
    return { flops: (size * n) / 3, transcendentals: 0 };
  },
  test: { order: 2, ulp: 64, cases: CHOLESKY_CASES },
});
