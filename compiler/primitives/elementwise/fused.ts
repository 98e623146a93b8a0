/** Products with a sum that are rounded once. */
import type { NoParams } from "../../graph/operations.ts";
import { notLinear, type Tangent } from "../../graph/primitive.ts";
import { checkArity, checkDtype, FLOAT32_OR_64 } from "../typing.ts";
import { checkElementwiseShapes, checkEqualDtypes, elementwise } from "./rules.ts";

/**
 * x·y + z, rounded once in float32, where bits are promised (`jax.random.uniform` on XLA's CPU), and twice in float64.
 * Elsewhere `mul` and `add` are cheaper, and compilers may fuse them.
 */
export const fused_multiply_add = elementwise<NoParams>({
  name: "fused_multiply_add",
  infer(inputs) {
    checkArity("fused_multiply_add", inputs, 3);
    for (const [i, type] of inputs.entries()) checkDtype("fused_multiply_add", type, FLOAT32_OR_64, i);
    checkEqualDtypes("fused_multiply_add", inputs);
    checkElementwiseShapes("fused_multiply_add", inputs);
    return inputs[0];
  },
  // The product of two floats is exact in double precision.
  element: () => (x, y, z) => x * y + z,
  jvp(b, [x, y, z], [gx, gy, gz]) {
    const ans = b.one("fused_multiply_add", [x, y, z], {});
    let tangent: Tangent = gz;
    if (gx !== null) tangent = b.addTangents(tangent, b.mul(gx, y));
    if (gy !== null) tangent = b.addTangents(tangent, b.mul(x, gy));
    return { outputs: [ans], tangents: [tangent] };
  },
  transpose: notLinear("fused_multiply_add is linearised to products and sums"),
  lower: (s, [x, y, z]) => (x.dtype === "float32" ? s.fused(x, y, z) : s.add(s.mul(x, y), z)),
  cost: "cheap",
  flops: 2,
  test: {
    cases: [
      {
        inputs: [0, 1, 2].map(() => ({
          shape: [3, 5],
          dtype: "float32" as const,
          domain: "normal" as const,
        })),
        params: {},
      },
    ],
    special: [0, -0, Infinity, -Infinity, NaN],
    order: 2,
    ulp: 0,
  },
});
