/** The generator under all random numbers. */
import { type ArrayLike, bind, type NdArray } from "../core/index.ts";
import { alignOperands } from "./operands.ts";

/**
 * Threefry-2x32 with 20 rounds (`jax._src.prng.threefry2x32_p`): two words from a key of two words and a counter of
 * two, all uint32 of one shape or scalars.
 */
export function threefry2x32(
  key1: ArrayLike,
  key2: ArrayLike,
  count1: ArrayLike,
  count2: ArrayLike,
): [NdArray, NdArray] {
  const [first, second] = bind(
    "threefry2x32",
    alignOperands("threefry2x32", [key1, key2, count1, count2]),
    {},
  );
  return [first, second];
}
