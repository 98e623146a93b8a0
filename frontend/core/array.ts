/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `NdArray`: the array type of the public API. Concrete arrays and tracers are its two kinds.
 *
 * Its operators (`x.add(y)`, `x.sum()`, …) are declared by module augmentation and installed on the prototype by
 * `frontend/numpy`, so that this file depends on nothing above it:
 *
 *     declare module "../core/array.ts" {
 *       interface NdArray { add(y: ArrayLike): NdArray }
 *     }
 *     NdArray.prototype.add = function (y) { return add(this, y); };
 */
import type { DType } from "../../compiler/types/dtype.ts";
import { WeftTypeError } from "../../compiler/types/errors.ts";
import type { Shape } from "../../compiler/types/tensor-type.ts";
import type { TypedArray } from "../../compiler/types/typed-array.ts";
import type { ShapedArray } from "./aval.ts";
import { formatType } from "./aval.ts";
import type { Device } from "./device.ts";

/** What operations take where they take an array. Numbers are weakly typed scalars. */
export type ArrayLike = NdArray | number | boolean;

/** Elements of an array read back: float16 is widened to float32, bool is 0 and 1. */
export type ArrayData = TypedArray;

/** Elements in nested lists, as `np.array` takes them. */
export type NestedArray<T> = T | NestedArray<T>[];

/** An array, or within a traced function what stands for one (`jax.Array`). Using it does not consume it; its methods are those of `np`. */
export abstract class NdArray {
  abstract readonly aval: ShapedArray;

  get shape(): Shape {
    return this.aval.type.shape;
  }
  get dtype(): DType {
    return this.aval.type.dtype;
  }
  get ndim(): number {
    return this.aval.type.shape.length;
  }
  /** Number of elements. */
  get size(): number {
    return this.aval.type.size;
  }
  /**
   * Where it is, or for an array that may be anywhere, where it would be used. Throws a ConcretizationTypeError for a
   * tracer.
   */
  abstract readonly device: Device;
  /** Whether the dtype gives way to that of another operand: true of JavaScript numbers. */
  get weakType(): boolean {
    return this.aval.weakType;
  }
  /** Extent of the first axis. Throws TypeError for a scalar. */
  get length(): number {
    if (this.ndim === 0) throw new WeftTypeError("len() of unsized object: the array is a scalar");
    return this.shape[0];
  }

  /**
   * Elements in row-major order, as a copy. Throws for an array on a GPU: there it is `await x.data()`. Traced arrays
   * have elements only where the trace can compute them (a `grad` outside `jit`); elsewhere this throws a
   * TracerArrayConversionError.
   */
  abstract dataSync(): ArrayData;

  /** Elements in row-major order, on every device. */
  async data(): Promise<ArrayData> {
    return this.dataSync();
  }

  /** The element of an array of size 1; 1 or 0 for bool. Throws TypeError for any other size. */
  abstract item(): number;

  /** Elements as nested JavaScript arrays; booleans for bool. A scalar gives its element. */
  toArray(): NestedArray<number | boolean> {
    const data = this.dataSync();
    const bool = this.dtype === "bool";
    const { shape } = this;
    let at = 0;
    const nest = (axis: number): NestedArray<number | boolean> => {
      if (axis === shape.length) return bool ? data[at++] !== 0 : data[at++];
      return Array.from({ length: shape[axis] }, () => nest(axis + 1));
    };
    return nest(0);
  }

  /** NumPy's name for `toArray`. */
  tolist(): NestedArray<number | boolean> {
    return this.toArray();
  }

  toJSON(): NestedArray<number | boolean> {
    return this.toArray();
  }

  /** Frees the memory at once; using the array afterwards throws. Does nothing to a tracer. */
  abstract dispose(): void;

  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * `${x}` prints; arithmetic and comparison operators throw, since JavaScript cannot overload them and would
   * compute with strings or NaN.
   */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new WeftTypeError(
      `JavaScript operators do not work on arrays (got ${formatType(this.aval.type)}): write x.add(y) for x + y, ` +
        "x.sub(y) for x - y, x.mul(y) for x * y, x.div(y) for x / y, x.less(y) for x < y, x.greater(y) for x > y, " +
        "or x.item() for the number in an array of one element.",
    );
  }

  abstract toString(): string;
}
