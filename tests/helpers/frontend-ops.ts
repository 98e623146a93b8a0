/** A handful of operations over `bind`, so that tests of the frontend's core do not depend on the namespaces. */
import { test } from "node:test";
import type { BinaryName, UnaryName } from "../../compiler/graph/names.ts";
import type { DType } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  arrayFromData,
  asArray,
  bindOne,
  broadcastInDim,
  convert,
  type NdArray,
  reshape,
  resultType,
} from "../../frontend/core/index.ts";
import { interpreted } from "./reference-backend.ts";

export function array(
  data: readonly number[],
  shape: readonly number[] = [data.length],
  dtype: DType = "float32",
) {
  return arrayFromData(data, dtype, shape);
}

/** The array's operand for an operation with `other`: promoted and broadcast. */
function operands(x: ArrayLike, y: ArrayLike): [NdArray, NdArray] {
  const { dtype, weakType } = resultType(typeof x === "object" ? x : x, typeof y === "object" ? y : y);
  const a = convert(asArray(x), dtype, weakType);
  const b = convert(asArray(y), dtype, weakType);
  const shape = a.ndim >= b.ndim ? a.shape : b.shape;
  const place = (z: NdArray): NdArray =>
    broadcastInDim(
      z,
      shape,
      z.shape.map((_, i) => i + shape.length - z.ndim),
    );
  return [place(a), place(b)];
}

function binary(op: BinaryName) {
  return (x: ArrayLike, y: ArrayLike): NdArray => bindOne(op, operands(x, y), {});
}
function unary(op: UnaryName) {
  return (x: ArrayLike): NdArray => bindOne(op, [asArray(x)], {});
}

export const add = binary("add");
export const sub = binary("sub");
export const mul = binary("mul");
export const div = binary("div");
export const less = binary("lt");
export const greater = binary("gt");
export const sin = unary("sin");
export const cos = unary("cos");
export const exp = unary("exp");
export const neg = unary("neg");

export function sum(x: ArrayLike): NdArray {
  const a = asArray(x);
  return bindOne("reduce_sum", [a], { axes: a.shape.map((_, i) => i) });
}

/** Matrix times vector or matrix. */
export function matmul(x: NdArray, y: NdArray): NdArray {
  return bindOne("dot_general", [x, y], {
    lhsContracting: [x.ndim - 1],
    rhsContracting: [0],
    lhsBatch: [],
    rhsBatch: [],
    precision: null,
    preferredElementType: null,
  });
}

export { close } from "./close.ts";
export { convert, reshape };

/** A test on compiled code and on the reference interpreter. */
export function onBoth(name: string, body: () => void): void {
  test(`${name} (compiled)`, body);
  test(`${name} (interpreted)`, () => interpreted(body));
}
