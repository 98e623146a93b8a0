/** Arrays by shape and dtype alone (`jax.ShapeDtypeStruct`). */
import { type DType, isDType } from "../../compiler/types/dtype.ts";
import { WeftTypeError } from "../../compiler/types/errors.ts";
import { type Shape, tensorType } from "../../compiler/types/tensor-type.ts";
import { avalOf, DEFAULT_FLOAT, formatType, type ShapedArray } from "./aval.ts";

export class ShapeDtypeStruct {
  constructor(readonly aval: ShapedArray) {}

  get shape(): Shape {
    return this.aval.type.shape;
  }
  get dtype(): DType {
    return this.aval.type.dtype;
  }
  get ndim(): number {
    return this.shape.length;
  }
  get size(): number {
    return this.aval.type.size;
  }

  toString(): string {
    return `ShapeDtypeStruct(${formatType(this.aval.type)})`;
  }
}

/** `spec([3], "float32")`: stands for an array where only its shape and dtype matter (`lower`, `evalShape`, export). */
export function spec(shape: Shape, dtype: DType = DEFAULT_FLOAT): ShapeDtypeStruct {
  if (!isDType(dtype)) throw new WeftTypeError(`${dtype} is not a dtype`);
  return new ShapeDtypeStruct(avalOf(tensorType(dtype, shape)));
}
