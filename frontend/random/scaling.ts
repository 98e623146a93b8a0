/** floats · (high − low) + low with one rounding, as XLA's CPU computes `jax.random.uniform`: a fused multiply-add. */
import { bindOne, type NdArray } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";

/** x + y and the error of its rounding (D. Knuth, TAOCP vol. 2, §4.2.2, theorem B). */
function twoSum(x: NdArray, y: NdArray): [sum: NdArray, error: NdArray] {
  const sum = lax.add(x, y);
  const part = lax.sub(sum, x);
  return [sum, lax.add(lax.sub(x, lax.sub(sum, part)), lax.sub(y, part))];
}

/** x as two halves of 26 bits (T. Dekker, "A floating-point technique for extending the available precision", 1971). */
function halves(x: NdArray): [high: NdArray, low: NdArray] {
  const scaled = lax.mul(x, 2 ** 27 + 1);
  const high = lax.sub(scaled, lax.sub(scaled, x));
  return [high, lax.sub(x, high)];
}

/** x · y and the error of its rounding. */
function twoProduct(x: NdArray, y: NdArray): [product: NdArray, error: NdArray] {
  const product = lax.mul(x, y);
  const [xh, xl] = halves(x);
  const [yh, yl] = halves(y);
  const rest = lax.add(
    lax.add(lax.sub(lax.mul(xh, yh), product), lax.add(lax.mul(xh, yl), lax.mul(xl, yh))),
    lax.mul(xl, yl),
  );
  return [product, rest];
}

/** In float64, with the errors of product and sum: wrong by its last bit at most where 2⁻⁵⁰ of a bit decides. */
function fusedDouble(x: NdArray, y: NdArray, z: NdArray): NdArray {
  const [product, rest] = twoProduct(x, y);
  const [sum, error] = twoSum(product, z);
  return lax.add(sum, lax.add(error, rest));
}

/** x · y + z with one rounding; in float16 with two, as XLA's CPU has it. All of one type. */
export function fusedMultiplyAdd(x: NdArray, y: NdArray, z: NdArray): NdArray {
  switch (x.dtype) {
    case "float32":
      return bindOne("fused_multiply_add", [x, y, z], {});
    case "float64":
      return fusedDouble(x, y, z);
    default:
      return lax.add(lax.mul(x, y), z);
  }
}
