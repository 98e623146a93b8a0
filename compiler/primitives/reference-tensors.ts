/** Helpers for `evaluate` rules: iterating and addressing reference tensors. Clarity over speed. */
import type { RefTensor } from "../graph/reference.ts";
import { rowMajorStrides, type Shape, type TensorType } from "../types/tensor-type.ts";

/** A tensor whose element at each index is `f(index)`. The index array is reused between calls. */
export function tabulate(type: TensorType, f: (index: readonly number[]) => number): RefTensor {
  const data = new Float64Array(type.size);
  let at = 0;
  forEachIndex(type.shape, (index) => {
    data[at++] = f(index);
  });
  return { type, data };
}

/** Calls `visit` with every index of `shape` in row-major order. The array is reused between calls. */
export function forEachIndex(shape: Shape, visit: (index: readonly number[]) => void): void {
  let size = 1;
  for (const n of shape) size *= n;
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < size; i++) {
    visit(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/** Reads elements of a tensor by index. */
export function reader(x: RefTensor): (index: readonly number[]) => number {
  const strides = rowMajorStrides(x.type.shape);
  return (index) => {
    let at = 0;
    for (let axis = 0; axis < strides.length; axis++) at += index[axis] * strides[axis];
    return x.data[at];
  };
}
