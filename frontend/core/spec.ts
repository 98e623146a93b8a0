/** Arrays by shape and dtype alone (`jax.ShapeDtypeStruct`). */
import { type DType, isDType } from "../../compiler/types/dtype.ts";
import { WeftTypeError } from "../../compiler/types/errors.ts";
import { type Shape, tensorType } from "../../compiler/types/tensor-type.ts";
import { avalOf, DEFAULT_FLOAT, formatType, type ShapedArray } from "./aval.ts";

/** Shape and dtype of an array without its elements (`jax.ShapeDtypeStruct`); `spec` makes one. */
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

/** A shape with names for the sizes that `exportFunction` compiles several programs for (`jax.export.symbolic_shape`). */
export type SymbolicShape = readonly (number | string)[];

/** An array by dtype and symbolic shape. */
export class SymbolicSpec {
  constructor(
    readonly shape: SymbolicShape,
    readonly dtype: DType,
  ) {}

  /** The names in its shape. */
  get names(): string[] {
    return this.shape.filter((extent) => typeof extent === "string");
  }

  /** The array with its sizes put in. */
  at(sizes: Readonly<Record<string, number>>): ShapeDtypeStruct {
    const shape = this.shape.map((extent) => (typeof extent === "number" ? extent : sizes[extent]));
    return new ShapeDtypeStruct(avalOf(tensorType(this.dtype, shape)));
  }

  toString(): string {
    return `SymbolicSpec(${this.dtype}[${this.shape.join(",")}])`;
  }
}

/**
 * `spec([3], "float32")`: stands for an array where only its shape and dtype matter (`lower`, `evalShape`, export). With a
 * name in it, `spec(["b", 784])`, it is for `exportFunction`, which is told the sizes.
 */
export function spec(shape: Shape, dtype?: DType): ShapeDtypeStruct;
export function spec(shape: SymbolicShape, dtype?: DType): SymbolicSpec;
export function spec(shape: SymbolicShape, dtype: DType = DEFAULT_FLOAT): ShapeDtypeStruct | SymbolicSpec {
  if (!isDType(dtype)) throw new WeftTypeError(`${dtype} is not a dtype`);
  const wrong = shape.find((extent) => typeof extent === "string" && !/^[A-Za-z_]\w*$/.test(extent));
  if (wrong !== undefined) throw new WeftTypeError(`${JSON.stringify(wrong)} is not the name of a size`);
  const numbers = shape.filter((extent) => typeof extent === "number");
  if (numbers.length < shape.length) return new SymbolicSpec(shape, dtype);
  return new ShapeDtypeStruct(avalOf(tensorType(dtype, numbers)));
}
