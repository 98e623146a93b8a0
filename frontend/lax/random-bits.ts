/** The generator under all random numbers. */
import {
  type ArrayLike,
  bind,
  formatShape,
  full,
  type NdArray,
  reshape,
  WeftTypeError,
} from "../core/index.ts";
import { concatenate, indexInDim, sliceInDim } from "./movement.ts";
import { alignOperands } from "./operands.ts";

/** Threefry over a vector of counters, the first half paired with the second (`threefry_2x32` of jax.random). */
export function threefryCounters(key1: NdArray, key2: NdArray, count: NdArray): NdArray {
  const n = count.size;
  const padded = n % 2 === 0 ? count : concatenate([count, full(0, "uint32", [1])], 0);
  const half = padded.size / 2;
  const [x, y] = threefry2x32(key1, key2, sliceInDim(padded, 0, half), sliceInDim(padded, half, 2 * half));
  return sliceInDim(concatenate([x, y], 0), 0, n);
}

/**
 * Threefry-2x32 with 20 rounds over counters of any shape with a key of two words, all uint32: the first half of the
 * counters is paired with the second, and an odd last one with 0 (`jax._src.prng.threefry_2x32`). So two words with a
 * key give Random123's two.
 */
export function threefry2x32(key: NdArray, counts: NdArray): NdArray;
/**
 * Two words from a key of two words and a counter of two, all uint32 of one shape or scalars
 * (`jax._src.prng.threefry2x32_p`).
 */
export function threefry2x32(
  key1: ArrayLike,
  key2: ArrayLike,
  count1: ArrayLike,
  count2: ArrayLike,
): [NdArray, NdArray];
export function threefry2x32(...operands: readonly ArrayLike[]): NdArray | [NdArray, NdArray] {
  if (operands.length === 2) {
    const [key, counts] = alignOperands("threefry2x32", operands.slice(0, 1)).concat(
      alignOperands("threefry2x32", operands.slice(1)),
    );
    if (key.dtype !== "uint32" || counts.dtype !== "uint32") {
      throw new WeftTypeError(
        `threefry_2x32 requires uint32 arguments, got ${key.dtype} and ${counts.dtype}`,
      );
    }
    if (key.ndim !== 1 || key.shape[0] !== 2) {
      throw new WeftTypeError(`threefry_2x32 takes a key of shape (2,), got ${formatShape(key.shape)}`);
    }
    const [k1, k2] = [0, 1].map((i) => indexInDim(key, i, { keepdims: false }));
    return reshape(threefryCounters(k1, k2, reshape(counts, [counts.size])), counts.shape);
  }
  const [first, second] = bind("threefry2x32", alignOperands("threefry2x32", operands), {});
  return [first, second];
}
