/** The upper half of products of integers (`jax.lax.mulhi`). */
import { DTYPE_INFO, isInteger } from "../../compiler/types/dtype.ts";
import { type ArrayLike, convert, type NdArray, WeftTypeError } from "../core/index.ts";
import {
  add,
  bitcastConvertType,
  bitwiseAnd,
  lt,
  mul,
  select,
  shiftRightArithmetic,
  shiftRightLogical,
  sub,
} from "./elementwise.ts";
import { alignOperands, constantLike } from "./operands.ts";

/** The upper 32 bits of products of uint32, from products of their halves. */
function upperWord(x: NdArray, y: NdArray): NdArray {
  const low = (a: NdArray): NdArray => bitwiseAnd(a, 0xffff);
  const high = (a: NdArray): NdArray => shiftRightLogical(a, 16);
  const first = mul(low(x), low(y));
  // No sum overflows: (2¹⁶ − 1)² + 2 (2¹⁶ − 1) is 2³² − 1.
  const middle = add(mul(high(x), low(y)), high(first));
  const cross = add(mul(low(x), high(y)), low(middle));
  return add(add(mul(high(x), high(y)), high(middle)), high(cross));
}

/** The upper half of the bits of x · y, in the dtype of the operands; integers (`jax.lax.mulhi`). */
export function mulhi(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = alignOperands("mulhi", [x, y]);
  const { kind, bits } = DTYPE_INFO[a.dtype];
  if (!isInteger(a.dtype) || a.dtype !== b.dtype) {
    throw new WeftTypeError(`mulhi requires two arrays of one integer dtype, got ${a.dtype} and ${b.dtype}.`);
  }
  if (bits < 32) {
    const wide = kind === "uint" ? "uint32" : "int32";
    const product = mul(convert(a, wide), convert(b, wide));
    const shift = kind === "uint" ? shiftRightLogical : shiftRightArithmetic;
    return convert(shift(product, bits), a.dtype);
  }
  if (kind === "uint") return upperWord(a, b);
  // A negative number is 2³² too great as an unsigned one.
  const unsigned = upperWord(bitcastConvertType(a, "uint32"), bitcastConvertType(b, "uint32"));
  const zero = constantLike(a, 0);
  const excess = add(select(lt(a, 0), b, zero), select(lt(b, 0), a, zero));
  return sub(bitcastConvertType(unsigned, "int32"), excess);
}
