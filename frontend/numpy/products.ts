import {
  type ArrayLike,
  formatShape,
  full,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis, range } from "../lax/axes.ts";
import * as lax from "../lax/elementwise.ts";
import { concatenate, expandDims, indexInDim, reshape } from "../lax/movement.ts";
import { broadcastShapes, broadcastTo } from "../lax/operands.ts";
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

/** Kronecker product (`jnp.kron`). */
export function kron(x: ArrayLike, y: ArrayLike): NdArray {
  const [a, b] = promoteDTypes("kron", x, y);
  const ndim = Math.max(a.ndim, b.ndim);
  const padded = (z: NdArray): number[] => [...range(ndim - z.ndim).map(() => 1), ...z.shape];
  const [s, t] = [padded(a), padded(b)];
  const shape = s.flatMap((n, i) => [n, t[i]]);
  const p = broadcastTo(
    reshape(
      a,
      s.flatMap((n) => [n, 1]),
    ),
    shape,
  );
  const q = broadcastTo(
    reshape(
      b,
      t.flatMap((n) => [1, n]),
    ),
    shape,
  );
  return reshape(
    a.dtype === "bool" ? lax.bitwiseAnd(p, q) : lax.mul(p, q),
    s.map((n, i) => n * t[i]),
  );
}

/** Cross product of vectors of 3 (or 2, of which the z component is the result) along the last axis (`jnp.cross`). */
export function cross(x: ArrayLike, y: ArrayLike, options: { axis?: number } = {}): NdArray {
  const [a, b] = promoteDTypes("cross", x, y);
  const axis = options.axis ?? -1;
  const component = (z: NdArray, i: number): NdArray => indexInDim(z, i, { axis, keepdims: false });
  const [m, n] = [a, b].map((z) => z.shape[canonicalizeAxis(axis, z.ndim)]);
  if ((m !== 2 && m !== 3) || (n !== 2 && n !== 3)) {
    throw new WeftValueError("Dimension must be either 2 or 3 for cross product");
  }
  const shape = broadcastShapes(component(a, 0).shape, component(b, 0).shape);
  const zero = full(0, a.dtype, shape);
  const times = (i: number, j: number): NdArray => {
    // Vectors of 2 have no third component.
    if ((i === 2 && m === 2) || (j === 2 && n === 2)) return zero;
    return lax.mul(broadcastTo(component(a, i), shape), broadcastTo(component(b, j), shape));
  };
  const minor = (i: number, j: number): NdArray => lax.sub(times(i, j), times(j, i));
  if (m === 2 && n === 2) return minor(0, 1);
  const place = canonicalizeAxis(axis, shape.length + 1);
  return concatenate(
    [minor(1, 2), minor(2, 0), minor(0, 1)].map((part) => expandDims(part, [place])),
    place,
  );
}
