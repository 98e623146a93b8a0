/** Conversions that the frontend itself needs, folded where the value is known. */
import { convertConstant } from "../../compiler/kernel/constants.ts";
import type { DType } from "../../compiler/types/dtype.ts";
import { type Shape, sameShape, tensorType } from "../../compiler/types/tensor-type.ts";
import type { NdArray } from "./array.ts";
import { avalOf, type ShapedArray } from "./aval.ts";
import { ConcreteArray, constantArray } from "./concrete-array.ts";
import { InternalError } from "./errors.ts";
import { bindOne, knownValue, Tracer } from "./trace.ts";

/** The array with another dtype (`lax.convert_element_type`). */
export function convert(x: NdArray, dtype: DType, weakType = false): NdArray {
  if (x.dtype === dtype) return withWeakType(x, weakType);
  const value = knownValue(x);
  if (value !== null)
    return constantArray(convertConstant(value, x.dtype, dtype), tensorType(dtype, x.shape), weakType);
  return bindOne("convert_element_type", [x], { newDtype: dtype }, weakType);
}

/** The same array under another weak type; shares its memory. */
export function withWeakType(x: NdArray, weakType: boolean): NdArray {
  if (x.weakType === weakType) return x;
  const aval = avalOf(x.aval.type, weakType);
  if (x instanceof Tracer) return new Tracer(x.context, x.operand, aval);
  if (x instanceof ConcreteArray) return x.alias(aval);
  throw new InternalError("an unknown kind of array");
}

/** The array with the dtype and weak type of an abstract value of its shape. */
export function convertTo(x: NdArray, aval: ShapedArray): NdArray {
  return convert(x, aval.type.dtype, aval.weakType);
}

/** Places the axes of x at `broadcastDimensions` of `shape` and repeats it along the others (`lax.broadcast_in_dim`). */
export function broadcastInDim(x: NdArray, shape: Shape, broadcastDimensions: readonly number[]): NdArray {
  if (sameShape(x.shape, shape)) return x;
  const value = knownValue(x);
  if (value !== null) return constantArray(value, tensorType(x.dtype, shape), x.weakType);
  return bindOne("broadcast_in_dim", [x], { shape, broadcastDimensions });
}

/** The same elements in another shape of the same size (`lax.reshape`). */
export function reshape(x: NdArray, shape: Shape): NdArray {
  if (sameShape(x.shape, shape)) return x;
  const value = knownValue(x);
  if (value !== null) return constantArray(value, tensorType(x.dtype, shape), x.weakType);
  return bindOne("reshape", [x], { newSizes: shape });
}

/** Zeros of a dtype and shape. */
export function zeros(shape: Shape, dtype: DType): NdArray {
  return constantArray(0, tensorType(dtype, shape));
}
