/** What the functions of np.linalg share. */
import {
  type ArrayLike,
  convert,
  formatShape,
  full,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../../core/index.ts";
import { broadcastTo } from "../../lax/operands.ts";
import { eye as rectangularEye } from "../creation.ts";
import { inexact } from "../promotion.ts";

/** Machine epsilon (`jnp.finfo(dtype).eps`). */
export function epsilonOf(x: NdArray): number {
  return x.dtype === "float64" ? 2 ** -52 : 2 ** -23;
}

/** An operand of a factorisation: floats, weak types made strong. Throws WeftTypeError for float16. */
export function floatMatrix(name: string, x: ArrayLike): NdArray {
  const a = inexact(name, x);
  if (a.dtype === "float16") {
    throw new WeftTypeError(
      `${name}: Unsupported dtype float16. Factorisations are computed in float32 and float64: convert with astype.`,
    );
  }
  return convert(a, a.dtype);
}

/** Throws WeftValueError unless the last two axes are equal. */
export function checkSquare(what: string, a: NdArray): void {
  if (a.ndim >= 2 && a.shape[a.ndim - 1] === a.shape[a.ndim - 2]) return;
  throw new WeftValueError(`${what} must have shape [..., n, n], got ${formatShape(a.shape)}`);
}

/** Identity matrices [batch…, n, n]. */
export function identityMatrices(n: number, like: NdArray, batch: readonly number[]): NdArray {
  return broadcastTo(rectangularEye(n, n, { dtype: like.dtype }), [...batch, n, n]);
}

export function zerosOf(like: NdArray, shape: readonly number[]): NdArray {
  return full(0, like.dtype, shape);
}
