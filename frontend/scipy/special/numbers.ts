/** Bernoulli numbers. */
import { arrayFromData, type NdArray, WeftValueError } from "../../core/index.ts";

/**
 * B₀ … B_n in float32, B₁ = −½ (`jax.scipy.special.bernoulli`). They are constants, so JavaScript's doubles give them:
 * B₂ₖ = 2 (−1)^(k+1) (2k)! ζ(2k) / (2π)²ᵏ. Throws WeftValueError for what is no natural number.
 */
export function bernoulli(n: number): NdArray {
  if (!Number.isInteger(n) || n < 0) throw new WeftValueError("n must be a non-negative integer.");
  const numbers = new Array<number>(n + 1).fill(0);
  // (2k)! / (2π)^2k
  let factor = 1;
  for (let m = 0; m <= n; m++) {
    if (m > 0) factor *= m / (2 * Math.PI);
    if (m < 3) numbers[m] = [1, -0.5, 1 / 6][m];
    else if (m % 2 === 0) {
      let zeta = 1;
      for (let k = 50; k >= 2; k--) zeta += k ** -m;
      numbers[m] = (m % 4 === 0 ? -2 : 2) * factor * zeta;
    }
  }
  return arrayFromData(numbers, "float32", [n + 1]);
}
