/**
 * eigh: eigenvectors (as columns) and ascending eigenvalues of symmetric matrices, of which one triangle is read. The
 * element of greatest magnitude of each eigenvector is positive. No convergence, or NaN in the matrix: all NaN.
 */
import type { PrimitiveParams } from "../../graph/operations.ts";
import { definePrimitive, notLinear } from "../../graph/primitive.ts";
import type { RefTensor } from "../../graph/reference.ts";
import { WeftValueError } from "../../types/errors.ts";
import { formatShape } from "../typing.ts";
import { EIGH_CASES } from "./cases.ts";
import { buildEigh, eighScratch } from "./eigh-kernel.ts";
import { gpuEigh } from "./gpu-eigh.ts";
import { diagonalOf, identityLike, matmul, mirrored, repeated, transposed } from "./graph-matrices.ts";
import { batched, checkFloat, leadingBatchRule, matrixCount, splitShapes } from "./matrices.ts";
import { eachMatrix, jacobiEigh, transpose } from "./reference.ts";

type EighParams = PrimitiveParams["eigh"];

export const eigh = definePrimitive<EighParams>({
  name: "eigh",
  infer(inputs) {
    const { batch, dims } = splitShapes("eigh", inputs, [2]);
    checkFloat("eigh", inputs);
    if (dims[0][0] !== dims[0][1]) {
      throw new WeftValueError(
        "Argument to symmetric eigendecomposition must have shape [..., n, n], got shape " +
          formatShape(inputs[0].shape),
      );
    }
    return [inputs[0], batched(inputs[0], batch, [dims[0][0]])];
  },
  evaluate(inputs, params): RefTensor[] {
    const types = inputs.map((x) => x.type);
    const { batch, dims } = splitShapes("eigh", types, [2]);
    return eachMatrix(inputs, dims, batch, eigh.infer(types, params), (a) => {
      const read = (i: number, j: number): number => (i > j === params.lower ? a[i][j] : a[j][i]);
      const { values, vectors } = jacobiEigh(a.map((row, i) => row.map((_, j) => read(i, j))));
      return [transpose(vectors, a.length), [values]];
    });
  },
  // For distinct eigenvalues; jax's rule, from people.maths.ox.ac.uk/gilesm/files/NA-08-01.pdf
  jvp(b, [a], [tangent], params) {
    const [v, w] = b.emit("eigh", [a], params);
    if (tangent === null) return { outputs: [v, w], tangents: [null, null] };
    const n = w.type.shape[w.type.shape.length - 1];
    const eye = identityLike(b, v);
    const gaps = b.sub(repeated(b, w, n, "rows"), repeated(b, w, n, "columns"));
    const inverse = b.sub(b.one("integer_pow", [b.add(eye, gaps)], { y: -1 }), eye);
    const rotated = matmul(b, matmul(b, transposed(b, v), mirrored(b, tangent, params.lower)), v);
    return { outputs: [v, w], tangents: [matmul(b, v, b.mul(inverse, rotated)), diagonalOf(b, rotated)] };
  },
  transpose: notLinear("eigh is not linear in its operand"),
  batch: leadingBatchRule("eigh"),
  lower: { kind: "custom", scratch: eighScratch, build: buildEigh, gpu: gpuEigh, entries: matrixCount },
  cost({ inputs: [{ shape, size }] }) {
    return { flops: 9 * size * shape[shape.length - 1], transcendentals: 0 };
  },
  test: { order: 2, ulp: 256, cases: EIGH_CASES },
});
