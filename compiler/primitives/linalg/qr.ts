/**
 * Householder QR as LAPACK has it: geqrf (R and the reflectors in one matrix), householder_product (Q from the
 * reflectors), and qr, which is made of both and has the derivative.
 */
import type { Builder } from "../../graph/builder.ts";
import type { Operand } from "../../graph/graph.ts";
import type { PrimitiveParams } from "../../graph/operations.ts";
import { definePrimitive, notDifferentiable, notLinear } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { WeftValueError } from "../../types/errors.ts";
import { formatShape } from "../typing.ts";
import { GEQRF_CASES, HOUSEHOLDER_CASES, QR_CASES } from "./cases.ts";
import { gpuGeqrf, gpuHouseholderProduct } from "./gpu-factorisations.ts";
import {
  block,
  identityLike,
  lowerTriangle,
  matmul,
  matrixShape,
  padded,
  takeRows,
  transposed,
  upperTriangle,
} from "./graph-matrices.ts";
import { batched, checkFloat, leadingBatchRule, matrixCount, splitShapes } from "./matrices.ts";
import { buildGeqrf, buildHouseholderProduct, householderScratch } from "./qr-kernel.ts";
import { eachMatrix, householderQr, reflectorProduct, zeros } from "./reference.ts";

export const geqrf = definePrimitive<Record<never, never>>({
  name: "geqrf",
  infer(inputs) {
    const { batch, dims } = splitShapes("geqrf", inputs, [2]);
    checkFloat("geqrf", inputs);
    return [inputs[0], batched(inputs[0], batch, [Math.min(...dims[0])])];
  },
  evaluate(inputs): RefTensor[] {
    const types = inputs.map((x) => x.type);
    const { batch, dims } = splitShapes("geqrf", types, [2]);
    const [m, n] = dims[0];
    return eachMatrix(inputs, dims, batch, geqrf.infer(types, {}), (a) => {
      const { reflectors, taus, r } = householderQr(a, m, n);
      return [r.map((row, i) => row.map((x, j) => (j < i ? reflectors[j][i] : x))), [taus]];
    });
  },
  jvp: notDifferentiable("the reflectors have no derivative; lax.linalg.qr has"),
  transpose: notLinear("geqrf is not linear in its operand"),
  batch: leadingBatchRule("geqrf"),
  lower: {
    kind: "custom",
    scratch: householderScratch,
    build: buildGeqrf,
    gpu: gpuGeqrf,
    entries: matrixCount,
  },
  cost({ inputs: [{ shape, size }] }) {
    return { flops: 2 * size * Math.min(...shape.slice(-2)), transcendentals: 0 };
  },
  test: { order: 0, ulp: 64, cases: GEQRF_CASES },
});

export const householderProduct = definePrimitive<Record<never, never>>({
  name: "householder_product",
  infer(inputs) {
    const { dims } = splitShapes("householder_product", inputs, [2, 1]);
    checkFloat("householder_product", inputs);
    const [[m, n], [k]] = dims;
    if (m < n) {
      throw new WeftValueError(
        "The first argument to householder_product must have at least as many rows as columns, got shape " +
          formatShape(dims[0]),
      );
    }
    if (k > n) {
      throw new WeftValueError(
        "The second argument to householder_product must not have more rows than the minimum of the first " +
          `argument's rows and columns: got ${k} for shape ${formatShape(dims[0])}.`,
      );
    }
    return [inputs[0]];
  },
  evaluate(inputs): RefTensor[] {
    const { batch, dims } = splitShapes(
      "householder_product",
      inputs.map((x) => x.type),
      [2, 1],
    );
    const [m, n] = dims[0];
    return eachMatrix(inputs, dims, batch, [inputs[0].type], (a, [taus]) => {
      const reflectors = taus.map((_, k) => a.map((row, i) => (i < k ? 0 : i === k ? 1 : row[k])));
      return [reflectorProduct(reflectors, taus, m, n)];
    });
  },
  jvp: notDifferentiable("the reflectors have no derivative; lax.linalg.qr has"),
  transpose: notLinear("householder_product is not linear in its operands"),
  batch: leadingBatchRule("householder_product"),
  lower: {
    kind: "custom",
    scratch: householderScratch,
    build: buildHouseholderProduct,
    gpu: gpuHouseholderProduct,
    entries: matrixCount,
  },
  cost({ inputs: [{ size }, { shape }] }) {
    return { flops: 2 * size * shape[shape.length - 1], transcendentals: 0 };
  },
  test: { order: 0, ulp: 64, cases: HOUSEHOLDER_CASES },
});

type QrParams = PrimitiveParams["qr"];

/** dQ and dR of m ≥ n: j-towns.github.io/papers/qr-derivative.pdf */
function thinTangents(b: Builder, q: Operand, r: Operand, dx: Operand): { dq: Operand; dr: Operand } {
  const dxR = b.one("triangular_solve", [r, dx], {
    leftSide: false,
    lower: false,
    transposeA: false,
    unitDiagonal: false,
  });
  const qtDxR = matmul(b, transposed(b, q), dxR);
  const low = lowerTriangle(b, qtDxR, -1);
  const skew = b.sub(low, transposed(b, low));
  return {
    dq: b.add(matmul(b, q, b.sub(skew, qtDxR)), dxR),
    dr: matmul(b, b.sub(qtDxR, skew), r),
  };
}

/** The tangent of the columns of a full Q beyond the thin one: arXiv:2409.13374, equations 32 and 33. */
function restTangent(b: Builder, q: Operand, dqThin: Operand, n: number): Operand {
  const [m] = matrixShape(q);
  const thin = block(b, q, [0, m], [0, n]);
  const rest = block(b, q, [0, m], [n, m]);
  const [top, bottom] = [block(b, thin, [0, n], [0, n]), block(b, thin, [n, m], [0, n])];
  const [dTop, dBottom] = [block(b, dqThin, [0, n], [0, n]), block(b, dqThin, [n, m], [0, n])];
  // Z = Q_bottom·(Q_top - 1)⁻¹, from its transpose: (Q_top - 1)ᵀ·Zᵀ = Q_bottomᵀ.
  const [lu, , permutation] = b.emit("lu", [b.sub(top, identityLike(b, top))], {});
  const solve = { leftSide: true, transposeA: true };
  const upper = b.one("triangular_solve", [lu, transposed(b, bottom)], {
    ...solve,
    lower: false,
    unitDiagonal: false,
  });
  const both = b.one("triangular_solve", [lu, upper], { ...solve, lower: true, unitDiagonal: true });
  const places = b.iota("int32", permutation.type.shape, permutation.type.shape.length - 1);
  const [, inverse] = b.emit("sort", [permutation, places], {
    dimension: permutation.type.shape.length - 1,
    isStable: true,
    numKeys: 1,
  });
  const zT = takeRows(b, both, inverse);
  const z = transposed(b, zT);
  const left = b.add(thin, matmul(b, rest, z));
  const right = b.sub(dBottom, matmul(b, z, dTop));
  return b.sub(matmul(b, dqThin, zT), matmul(b, left, transposed(b, right)));
}

export const qr = definePrimitive<QrParams>({
  name: "qr",
  infer(inputs, { fullMatrices }) {
    const { batch, dims } = splitShapes("qr", inputs, [2]);
    checkFloat("qr", inputs);
    const [m, n] = dims[0];
    const k = fullMatrices ? m : Math.min(m, n);
    return [batched(inputs[0], batch, [m, k]), batched(inputs[0], batch, [k, n])];
  },
  evaluate(inputs, params): RefTensor[] {
    const types = inputs.map((x) => x.type);
    const { batch, dims } = splitShapes("qr", types, [2]);
    const [m, n] = dims[0];
    const k = params.fullMatrices ? m : Math.min(m, n);
    return eachMatrix(inputs, dims, batch, qr.infer(types, params), (a) => {
      const { reflectors, taus, r } = householderQr(a, m, n);
      return [reflectorProduct(reflectors, taus, m, k), [...r, ...zeros(m, n)].slice(0, k)];
    });
  },
  jvp(b, [x], [dx], params) {
    const [q, r] = b.emit("qr", [x], params);
    if (dx === null) return { outputs: [q, r], tangents: [null, null] };
    const [m, n] = matrixShape(x);
    if (m < n) {
      // X = [X₁ X₂] with square X₁: R₂ = Qᵀ·X₂.
      const first = block(b, dx, [0, m], [0, m]);
      const { dq, dr } = thinTangents(b, q, block(b, r, [0, m], [0, m]), first);
      const rest = b.add(
        matmul(b, transposed(b, dq), block(b, x, [0, m], [m, n])),
        matmul(b, transposed(b, q), block(b, dx, [0, m], [m, n])),
      );
      const dimension = x.type.shape.length - 1;
      return { outputs: [q, r], tangents: [dq, b.one("concatenate", [dr, rest], { dimension })] };
    }
    const thinQ = block(b, q, [0, m], [0, n]);
    const { dq, dr } = thinTangents(b, thinQ, block(b, r, [0, n], [0, n]), dx);
    if (!params.fullMatrices || m === n) return { outputs: [q, r], tangents: [dq, dr] };
    const full = b.one("concatenate", [dq, restTangent(b, q, dq, n)], {
      dimension: x.type.shape.length - 1,
    });
    return { outputs: [q, r], tangents: [full, padded(b, dr, [0, m - n], [0, 0])] };
  },
  transpose: notLinear("qr is not linear in its operand"),
  batch: leadingBatchRule("qr"),
  lower: {
    kind: "expand",
    expand(b, [x], { fullMatrices }) {
      const { shape } = x.type;
      const [m, n] = matrixShape(x);
      const k = fullMatrices ? m : Math.min(m, n);
      const [factors, taus] = b.emit("geqrf", [x], {});
      const columns = Math.min(m, n);
      const reflectors = padded(b, block(b, factors, [0, m], [0, columns]), [0, 0], [0, k - columns]);
      const r = upperTriangle(b, block(b, factors, [0, Math.min(k, m)], [0, n]));
      return [
        b.one("householder_product", [reflectors, taus], {}),
        b.reshape(r, [...shape.slice(0, -2), k, n]),
      ];
    },
  },
  cost({ inputs: [{ shape, size }] }) {
    return { flops: 4 * size * Math.min(...shape.slice(-2)), transcendentals: 0 };
  },
  test: { order: 2, ulp: 64, cases: QR_CASES },
});
