/**
 * triangular_solve: op(A)·X = B, or X·op(A) = B, with a triangular A; the other triangle is not read, nor is the
 * diagonal where it is taken to be 1 (jax.lax.linalg.triangular_solve).
 */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import type { PrimitiveParams } from "../../graph/operations.ts";
import { definePrimitive, type LowerContext } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { WeftValueError } from "../../types/errors.ts";
import type { TensorType } from "../../types/tensor-type.ts";
import { batchFirst } from "../batching.ts";
import { isLinear, knownOperand, onlyCotangent, range } from "../linear.ts";
import { formatShape } from "../typing.ts";
import { TRIANGULAR_CASES } from "./cases.ts";
import { gpuTriangularSolve } from "./gpu-factorisations.ts";
import { lowerTriangle, matmul, matrixShape, transposed, upperTriangle } from "./graph-matrices.ts";
import { checkFloat, matrixCount, splitShapes } from "./matrices.ts";
import { eachMatrix, transpose, zeros } from "./reference.ts";
import { buildTriangularSolve, triangularScratch } from "./triangular-kernel.ts";

type TriangularParams = PrimitiveParams["triangular_solve"];

function shapesOf(inputs: readonly TensorType[], leftSide: boolean) {
  const shapes = splitShapes("triangular_solve", inputs, [2, 2]);
  const [a, b] = shapes.dims;
  if (a[0] !== a[1]) {
    throw new WeftValueError(
      `The first input to triangular_solve must be a square matrix. Got shape ${formatShape(a)}.`,
    );
  }
  if (a[0] !== b[leftSide ? 0 : 1]) {
    throw new WeftValueError(
      `Incompatible shapes for arguments to triangular_solve: ${formatShape(a)} and ${formatShape(b)}.`,
    );
  }
  return shapes;
}

/** -op(A)⁻¹·op(Ȧ)·X, in the cheaper order of products. */
function tangentOfA(b: Builder, a: Operand, tangent: Operand, x: Operand, params: TriangularParams): Operand {
  const { leftSide, lower, transposeA, unitDiagonal } = params;
  const k = unitDiagonal ? 1 : 0;
  const own = b.neg(lower ? lowerTriangle(b, tangent, -k) : upperTriangle(b, tangent, k));
  const moved = transposeA ? transposed(b, own) : own;
  const inverse = (y: Operand): Operand => b.one("triangular_solve", [a, y], params);
  const [m, n] = matrixShape(x);
  if (leftSide) return m > n ? inverse(matmul(b, moved, x)) : matmul(b, inverse(moved), x);
  return m < n ? inverse(matmul(b, x, moved)) : matmul(b, x, inverse(moved));
}

export const triangularSolve = definePrimitive<TriangularParams>({
  name: "triangular_solve",
  infer(inputs, { leftSide }) {
    shapesOf(inputs, leftSide);
    checkFloat("triangular_solve", inputs);
    return [inputs[1]];
  },
  evaluate(inputs, { leftSide, lower, transposeA, unitDiagonal }): RefTensor[] {
    const { batch, dims } = shapesOf(
      inputs.map((x) => x.type),
      leftSide,
    );
    return eachMatrix(inputs, dims, batch, [inputs[1].type], (a, b) => {
      // X·op(A) = B is op(A)ᵀ·Xᵀ = Bᵀ.
      const isTransposed = transposeA === leftSide;
      const matrix = isTransposed ? transpose(a) : a;
      const isLower = lower !== isTransposed;
      const right = leftSide ? b : transpose(b, a.length);
      const n = matrix.length;
      const x = zeros(n, right[0]?.length ?? 0);
      for (let step = 0; step < n; step++) {
        const i = isLower ? step : n - 1 - step;
        const known = range(n).filter((j) => (isLower ? j < i : j > i));
        for (const j of x[i].keys()) {
          const sum = known.reduce((rest, p) => rest - matrix[i][p] * x[p][j], right[i][j]);
          x[i][j] = unitDiagonal ? sum : sum / matrix[i][i];
        }
      }
      return [leftSide ? x : transpose(x, right[0]?.length ?? 0)];
    });
  },
  jvp(b, [a, y], [tangentA, tangentY], params) {
    const x = b.one("triangular_solve", [a, y], params);
    const fromY = tangentY === null ? null : b.one("triangular_solve", [a, tangentY], params);
    const fromA = tangentA === null ? null : tangentOfA(b, a, tangentA, x, params);
    return { outputs: [x], tangents: [b.addTangents(fromY, fromA)] };
  },
  transpose(b, cotangents, [a, y], params) {
    const ct = onlyCotangent(cotangents);
    if (!isLinear(y)) return [null, null];
    const known = knownOperand("triangular_solve", a);
    return [null, b.one("triangular_solve", [known, ct], { ...params, transposeA: !params.transposeA })];
  },
  batch(b, [a, y], [dimA, dimY], params, { size }) {
    if (dimA === null && dimY !== null) {
      // One matrix for the whole batch: its right sides are those of one system.
      const n = a.type.shape.length;
      const last = params.leftSide ? n : n - 2;
      const moved = b.moveAxis(y, dimY, last);
      const { shape } = moved.type;
      const [p, q, r] = shape.slice(n - 2);
      const flat = b.reshape(moved, [
        ...shape.slice(0, n - 2),
        ...(params.leftSide ? [p, q * r] : [p * q, r]),
      ]);
      return {
        outputs: [b.reshape(b.one("triangular_solve", [a, flat], params), shape)],
        dims: [last],
      };
    }
    const both = [batchFirst(b, a, dimA, size), batchFirst(b, y, dimY, size)];
    return { outputs: b.emit("triangular_solve", both, params), dims: [0] };
  },
  lower: {
    kind: "custom",
    scratch: triangularScratch,
    build: buildTriangularSolve,
    gpu: gpuTriangularSolve,
    entries: matrixCount,
  },
  cost({ inputs: [{ shape }, { size }] }: LowerContext<TriangularParams>) {
    return { flops: size * shape[shape.length - 1], transcendentals: 0 };
  },
  test: { order: 2, ulp: 64, cases: TRIANGULAR_CASES },
});
