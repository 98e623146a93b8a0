/**
 * lu: P·A = L·U with partial pivoting, L and U in one matrix, as LAPACK's getrf; the row exchanges, and the permutation
 * they amount to. A singular matrix is no failure: U then has zeros on its diagonal.
 */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import type { PrimitiveParams } from "../../graph/operations.ts";
import { definePrimitive, notDifferentiable, notLinear } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { WeftTypeError, WeftValueError } from "../../types/errors.ts";
import { tensorType } from "../../types/tensor-type.ts";
import { range } from "../linear.ts";
import { LU_CASES, PIVOT_CASES } from "./cases.ts";
import { gpuLu } from "./gpu-factorisations.ts";
import {
  block,
  identityLike,
  lowerTriangle,
  matmul,
  matrixShape,
  padded,
  takeRows,
  upperTriangle,
} from "./graph-matrices.ts";
import { buildLu, luScratch } from "./lu-kernel.ts";
import { checkFloat, leadingBatchRule, matrixCount, product, splitShapes } from "./matrices.ts";
import { eachMatrix } from "./reference.ts";

/**
 * The tangent of L and U in one matrix: with F = L⁻¹·P·Ȧ·U⁻¹, L̇ = L·tril(F, -1) and U̇ = triu(F)·U (De Hoog,
 * Anderssen, Lukas). L is completed to a square by unit columns, U by unit rows.
 */
function tangentOf(b: Builder, factors: Operand, permutation: Operand, tangent: Operand): Operand {
  const [m, n] = matrixShape(factors);
  const k = Math.min(m, n);
  const low = padded(b, lowerTriangle(b, block(b, factors, [0, m], [0, k]), -1), [0, 0], [0, m - k]);
  const l = b.add(low, identityLike(b, low));
  const high = padded(b, upperTriangle(b, block(b, factors, [0, k], [0, n])), [0, n - k], [0, 0]);
  let u = high;
  if (n > k) {
    const square = block(b, high, [k, n], [k, n]);
    u = b.add(high, padded(b, identityLike(b, square), [k, 0], [k, 0]));
  }
  const solve = { lower: true, transposeA: false, unitDiagonal: true };
  const left = b.one("triangular_solve", [l, takeRows(b, tangent, permutation)], {
    ...solve,
    leftSide: true,
  });
  const f = b.one("triangular_solve", [u, left], {
    leftSide: false,
    lower: false,
    transposeA: false,
    unitDiagonal: false,
  });
  return b.add(matmul(b, l, lowerTriangle(b, f, -1)), matmul(b, upperTriangle(b, f), u));
}

export const lu = definePrimitive<Record<never, never>>({
  name: "lu",
  infer(inputs) {
    const { batch, dims } = splitShapes("lu", inputs, [2]);
    checkFloat("lu", inputs);
    const [m, n] = dims[0];
    return [inputs[0], tensorType("int32", [...batch, Math.min(m, n)]), tensorType("int32", [...batch, m])];
  },
  evaluate(inputs): RefTensor[] {
    const types = inputs.map((x) => x.type);
    const { batch, dims } = splitShapes("lu", types, [2]);
    const [m, n] = dims[0];
    return eachMatrix(inputs, dims, batch, lu.infer(types, {}), (matrix) => {
      const a = matrix.map((row) => [...row]);
      const pivots: number[] = [];
      const permutation = range(m);
      for (let k = 0; k < Math.min(m, n); k++) {
        let pivot = k;
        for (let i = k + 1; i < m; i++) if (Math.abs(a[i][k]) > Math.abs(a[pivot][k])) pivot = i;
        pivots.push(pivot);
        for (const list of [a, permutation]) [list[k], list[pivot]] = [list[pivot], list[k]];
        if (a[k][k] === 0) continue;
        for (let i = k + 1; i < m; i++) {
          a[i][k] /= a[k][k];
          for (let j = k + 1; j < n; j++) a[i][j] -= a[i][k] * a[k][j];
        }
      }
      return [a, [pivots], [permutation]];
    });
  },
  jvp(b, [x], [tangent]) {
    const [factors, pivots, permutation] = b.emit("lu", [x], {});
    const moved = tangent === null ? null : tangentOf(b, factors, permutation, tangent);
    return { outputs: [factors, pivots, permutation], tangents: [moved, null, null] };
  },
  transpose: notLinear("lu is not linear in its operand"),
  batch: leadingBatchRule("lu"),
  lower: { kind: "custom", scratch: luScratch, build: buildLu, gpu: gpuLu, entries: matrixCount },
  cost({ inputs: [{ shape, size }] }) {
    return { flops: (2 / 3) * size * Math.min(...shape.slice(-2)), transcendentals: 0 };
  },
  test: { order: 2, ulp: 64, cases: LU_CASES },
});

type PivotParams = PrimitiveParams["lu_pivots_to_permutation"];

/** The permutation of 0 … permutationSize-1 that exchanging i with pivots[i], in order, makes. */
export const luPivotsToPermutation = definePrimitive<PivotParams>({
  name: "lu_pivots_to_permutation",
  infer(inputs, { permutationSize }) {
    const { batch, dims } = splitShapes("lu_pivots_to_permutation", inputs, [1]);
    if (inputs[0].dtype !== "int32") {
      throw new WeftTypeError(
        `lu_pivots_to_permutation does not accept dtype ${inputs[0].dtype}. Accepted dtypes are int32.`,
      );
    }
    const [size] = dims[0];
    if (permutationSize < size) {
      throw new WeftValueError(
        `Output permutation size ${permutationSize} has to exceed the trailing dimension of the pivots. Got pivots ` +
          `size ${size}`,
      );
    }
    return [tensorType("int32", [...batch, permutationSize])];
  },
  evaluate(inputs, params): RefTensor[] {
    const types = inputs.map((x) => x.type);
    const { batch, dims } = splitShapes("lu_pivots_to_permutation", types, [1]);
    return eachMatrix(inputs, dims, batch, luPivotsToPermutation.infer(types, params), ([pivots]) => {
      const order = range(params.permutationSize);
      for (const [i, pivot] of pivots.entries()) [order[i], order[pivot]] = [order[pivot], order[i]];
      return [[order]];
    });
  },
  jvp: notDifferentiable("lu_pivots_to_permutation takes and gives integers"),
  transpose: notLinear("lu_pivots_to_permutation takes and gives integers"),
  batch: leadingBatchRule("lu_pivots_to_permutation"),
  lower: {
    kind: "custom",
    entries: ({ inputs: [{ shape }] }) => product(shape.slice(0, -1)),
    build(
      k,
      s,
      { inputs: [pivots], outputs: [order] },
      { inputs: [{ shape }], params: { permutationSize } },
    ) {
      const count = shape[shape.length - 1];
      if (permutationSize === 0) return;
      k.loop(
        product(shape.slice(0, -1)),
        (at) => {
          const base = s.mul(at, s.int(permutationSize));
          k.loop(permutationSize, (i) => k.store(order, s.add(base, i), i));
          k.loop(count, (i) => {
            const pivot = s.load(pivots, s.add(s.mul(at, s.int(count)), i));
            const other = s.add(base, s.local(k.let("pivot", s.clampIndex(pivot, 0, permutationSize - 1))));
            const value = s.local(k.let("value", s.load(order, s.add(base, i))));
            k.store(order, s.add(base, i), s.load(order, other));
            k.store(order, other, value);
          });
        },
        { name: "b" },
      );
    },
  },
  cost: () => ({ flops: 0, transcendentals: 0 }),
  test: { order: 0, ulp: 0, cases: PIVOT_CASES },
});
