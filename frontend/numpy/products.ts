/** Products of matrices with vectors (`jax.numpy`), broadcast over leading axes. */
import { type ArrayLike, formatShape, type NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { expandDims, reshape } from "../lax/movement.ts";
import { matmul } from "./linalg.ts";
import { promoteDTypes } from "./promotion.ts";

function checkCore(name: string, matrix: NdArray, vector: NdArray, axis: "row" | "column"): void {
  if (matrix.ndim < 2 || vector.ndim < 1) {
    throw new WeftValueError(
      `${name} takes a matrix of at least 2 axes and a vector of at least 1, got shapes ${formatShape(matrix.shape)} ` +
        `and ${formatShape(vector.shape)}`,
    );
  }
  const inner = matrix.shape[matrix.ndim - (axis === "row" ? 1 : 2)];
  const other = vector.shape[vector.ndim - 1];
  if (inner !== other) {
    throw new WeftTypeError(
      `dot_general requires contracting dimensions to have the same shape, got (${inner},) and (${other},). ` +
        `(${name} of shapes ${formatShape(matrix.shape)} and ${formatShape(vector.shape)})`,
    );
  }
}

/** Matrices [..., m, n] times vectors [..., n]: [..., m] (`jnp.matvec`). */
export function matvec(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, v] = promoteDTypes("matvec", x, y);
  checkCore("matvec", a, v, "row");
  const product = matmul(a, expandDims(v, [v.ndim]));
  return reshape(product, product.shape.slice(0, -1));
}

/** Vectors [..., m] times matrices [..., m, n]: [..., n] (`jnp.vecmat`). */
export function vecmat(x: ArrayLike, y: ArrayLike): NdArray {
  const [v, a] = promoteDTypes("vecmat", x, y);
  checkCore("vecmat", a, v, "column");
  const product = matmul(expandDims(v, [v.ndim - 1]), a);
  return reshape(product, [...product.shape.slice(0, -2), product.shape[product.ndim - 1]]);
}
