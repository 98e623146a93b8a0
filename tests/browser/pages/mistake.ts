/** A mistake of the user's, in one bundle with Weft. */
import { jit, type NdArray, numpy as np } from "weft";

/** What the error says. */
export function mistake(): string {
  const f = jit((x: NdArray, y: NdArray) => x.add(y));
  try {
    f(np.ones([3]), np.ones([4]));
  } catch (error) {
    return String(error);
  }
  return "no error";
}
