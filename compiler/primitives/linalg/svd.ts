/**
 * svd: singular values, descending, and vectors. Made of Householder QR and one-sided Jacobi rotations, which are as
 * accurate as an SVD gets (Drmač, Veselić 2008). Of each pair of vectors the one of the shorter side (v where m ≥ n) has
 * its element of greatest magnitude positive.
 */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import type { PrimitiveParams } from "../../graph/operations.ts";
import { definePrimitive, notDifferentiable, notLinear } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { WeftTypeError, WeftValueError } from "../../types/errors.ts";
import { formatShape } from "../typing.ts";
import { JACOBI_CASES, SVD_CASES } from "./cases.ts";
import { gpuJacobi } from "./gpu-jacobi.ts";
import {
  block,
  diagonalOf,
  identityLike,
  matmul,
  matrixShape,
  repeated,
  transposed,
} from "./graph-matrices.ts";
import { buildJacobi, jacobiScratch } from "./jacobi-kernel.ts";
import { batched, checkFloat, leadingBatchRule, matrixCount, splitShapes } from "./matrices.ts";
import {
  eachMatrix,
  householderQr,
  orthogonalizeRows,
  type Rows,
  reflectorProduct,
  signOf,
  transpose,
} from "./reference.ts";

/**
 * jacobi_svd: A → (G, J, s) of square matrices with orthogonal J, J·A = G, and the rows of G orthogonal and of lengths
 * s, descending. The element of greatest magnitude of each row of G is positive. What svd is made of.
 */
export const jacobiSvd = definePrimitive<Record<never, never>>({
  name: "jacobi_svd",
  infer(inputs) {
    const { batch, dims } = splitShapes("jacobi_svd", inputs, [2]);
    checkFloat("jacobi_svd", inputs);
    if (dims[0][0] !== dims[0][1]) {
      throw new WeftValueError(
        `The input to jacobi_svd must be a square matrix. Got shape ${formatShape(dims[0])}.`,
      );
    }
    return [inputs[0], inputs[0], batched(inputs[0], batch, [dims[0][0]])];
  },
  evaluate(inputs): RefTensor[] {
    const types = inputs.map((x) => x.type);
    const { batch, dims } = splitShapes("jacobi_svd", types, [2]);
    return eachMatrix(inputs, dims, batch, jacobiSvd.infer(types, {}), (a) => {
      const { g, j, norms } = orthogonalizeRows(a);
      return [g, j, [norms]];
    });
  },
  jvp: notDifferentiable("jacobi_svd is part of the lowering of svd, which has a derivative"),
  transpose: notLinear("jacobi_svd is not linear in its operand"),
  batch: leadingBatchRule("jacobi_svd"),
  lower: { kind: "custom", scratch: jacobiScratch, build: buildJacobi, gpu: gpuJacobi, entries: matrixCount },
  cost({ inputs: [{ shape, size }] }) {
    const n = shape[shape.length - 1];
    // About seven sweeps over all pairs of rows.
    return { flops: 7 * 9 * size * n, transcendentals: 0 };
  },
  test: { order: 0, ulp: 256, cases: JACOBI_CASES },
});

type SvdParams = PrimitiveParams["svd"];

/** (U, s, Vᵀ) of m ≥ n in double precision. */
function tallSvd(a: Rows, m: number, n: number, full: boolean): { u: Rows; s: number[]; vt: Rows } {
  const { g, j, norms } = orthogonalizeRows(transpose(a, n));
  const signs = j.map(signOf);
  const columns = g.map((row, i) => row.map((x) => (signs[i] * x) / norms[i]));
  if (full) {
    const { reflectors, taus } = householderQr(a, m, n);
    columns.push(...transpose(reflectorProduct(reflectors, taus, m, m), m).slice(n));
  }
  return { u: transpose(columns, m), s: norms, vt: j.map((row, i) => row.map((x) => signs[i] * x)) };
}

/** Equations of (U, s, Vᵀ) for m ≥ n. */
function expandTall(b: Builder, x: Operand, { fullMatrices, computeUv }: SvdParams): Operand[] {
  const [m, n] = matrixShape(x);
  const [q, r] = b.emit("qr", [x], { fullMatrices: fullMatrices && computeUv });
  const [g, j, s] = b.emit("jacobi_svd", [block(b, r, [0, n], [0, n])], {});
  if (!computeUv) return [s];
  const thin = matmul(b, block(b, q, [0, m], [0, n]), transposed(b, j));
  const dimension = x.type.shape.length - 1;
  const u =
    fullMatrices && m > n ? b.one("concatenate", [thin, block(b, q, [0, m], [n, m])], { dimension }) : thin;
  // Gᵀ has orthogonal columns, so its Q is V but for signs; where a singular value is 0, Q completes the basis.
  const [v, lengths] = b.emit("qr", [transposed(b, g)], { fullMatrices: false });
  const isNegative = b.binary("lt", diagonalOf(b, lengths), b.like(s, 0));
  const signs = b.select(isNegative, b.like(s, -1), b.like(s, 1));
  return [s, u, b.mul(transposed(b, v), repeated(b, signs, n, "columns"))];
}

export const svd = definePrimitive<SvdParams>({
  name: "svd",
  infer(inputs, { fullMatrices, computeUv }) {
    const { batch, dims } = splitShapes("svd", inputs, [2]);
    checkFloat("svd", inputs);
    const [m, n] = dims[0];
    const k = Math.min(m, n);
    const s = batched(inputs[0], batch, [k]);
    if (!computeUv) return [s];
    return [
      s,
      batched(inputs[0], batch, [m, fullMatrices ? m : k]),
      batched(inputs[0], batch, [fullMatrices ? n : k, n]),
    ];
  },
  evaluate(inputs, params): RefTensor[] {
    const types = inputs.map((x) => x.type);
    const { batch, dims } = splitShapes("svd", types, [2]);
    const [m, n] = dims[0];
    return eachMatrix(inputs, dims, batch, svd.infer(types, params), (a) => {
      const isTall = m >= n;
      const { u, s, vt } = isTall
        ? tallSvd(a, m, n, params.fullMatrices)
        : tallSvd(transpose(a, n), n, m, params.fullMatrices);
      if (!params.computeUv) return [[s]];
      return isTall ? [[s], u, vt] : [[s], transpose(vt, m), transpose(u)];
    });
  },
  // jax's rule, from people.maths.ox.ac.uk/gilesm/files/NA-08-01.pdf; for distinct singular values.
  jvp(b, [a], [da], params) {
    const [m, n] = matrixShape(a);
    if (params.computeUv && params.fullMatrices && m !== n) {
      if (da !== null) {
        throw new WeftTypeError(
          "Singular value decomposition JVP not implemented for full matrices. Use { fullMatrices: false }.",
        );
      }
      const outputs = b.emit("svd", [a], params);
      return { outputs, tangents: outputs.map(() => null) };
    }
    const [s, u, vt] = b.emit("svd", [a], { fullMatrices: false, computeUv: true });
    const outputs = params.computeUv ? [s, u, vt] : [s];
    if (da === null) return { outputs, tangents: outputs.map(() => null) };
    const [ut, v] = [transposed(b, u), transposed(b, vt)];
    const dS = matmul(b, matmul(b, ut, da), v);
    const ds = diagonalOf(b, dS);
    if (!params.computeUv) return { outputs, tangents: [ds] };
    const k = Math.min(m, n);
    const [sRow, sColumn] = [repeated(b, s, k, "rows"), repeated(b, s, k, "columns")];
    const eye = identityLike(b, dS);
    const one = (x: Operand): Operand => b.like(x, 1);
    const differences = b.mul(b.add(sRow, sColumn), b.sub(sRow, sColumn));
    const f = b.sub(b.div(one(eye), b.add(differences, eye)), eye);
    const plusTransposed = (x: Operand): Operand => b.add(x, transposed(b, x));
    const isZero = b.convert(b.binary("eq", s, b.like(s, 0)), s.type.dtype);
    const inverse = b.sub(b.div(one(s), b.add(s, isZero)), isZero);
    const inverses = b.mul(repeated(b, inverse, k, "columns"), eye);
    const half = b.mul(b.like(dS, 0.5), b.sub(dS, transposed(b, dS)));
    let du = matmul(b, u, b.add(b.mul(f, plusTransposed(b.mul(sRow, dS))), b.mul(half, inverses)));
    let dv = matmul(b, v, b.mul(f, plusTransposed(b.mul(sColumn, dS))));
    if (m > n) {
      const dav = matmul(b, da, v);
      const outside = b.sub(dav, matmul(b, u, matmul(b, ut, dav)));
      du = b.add(du, b.div(outside, repeated(b, s, m, "rows")));
    }
    if (n > m) {
      const dau = matmul(b, transposed(b, da), u);
      const outside = b.sub(dau, matmul(b, v, matmul(b, vt, dau)));
      dv = b.add(dv, b.div(outside, repeated(b, s, n, "rows")));
    }
    return { outputs, tangents: [ds, du, transposed(b, dv)] };
  },
  transpose: notLinear("svd is not linear in its operand"),
  batch: leadingBatchRule("svd"),
  lower: {
    kind: "expand",
    expand(b, [x], params) {
      const [m, n] = matrixShape(x);
      if (m >= n) return expandTall(b, x, params);
      const [s, v, ut] = expandTall(b, transposed(b, x), params);
      return params.computeUv ? [s, transposed(b, ut), transposed(b, v)] : [s];
    },
  },
  cost({ inputs: [{ shape, size }] }) {
    return { flops: 22 * size * Math.min(...shape.slice(-2)), transcendentals: 0 };
  },
  test: { order: 2, ulp: 256, cases: SVD_CASES },
});
