/** Contractions of `jax.lax`: dot, dotGeneral, batchMatmul. */
import type { DType } from "../../compiler/types/dtype.ts";
import {
  type ArrayLike,
  asArray,
  bindOne,
  formatShape,
  type NdArray,
  WeftTypeError,
  WeftValueError,
} from "../core/index.ts";
import { canonicalizeAxis } from "./axes.ts";
import { alignDtypes } from "./operands.ts";
import { canonicalizePrecision, type PrecisionOptions } from "./precision.ts";

/** `[[lhsContracting, rhsContracting], [lhsBatch, rhsBatch]]` (`jax.lax.DotDimensionNumbers`). */
export type DotDimensionNumbers = readonly [
  contracting: readonly [lhs: readonly number[], rhs: readonly number[]],
  batch: readonly [lhs: readonly number[], rhs: readonly number[]],
];

/** Options of `dotGeneral`, `dot` and `batchMatmul`. */
export interface DotOptions extends PrecisionOptions {
  /** Dtype of the result and of the accumulation; default: that of the operands. */
  readonly preferredElementType?: DType | null;
}

/**
 * Contraction over pairs of axes, with batch axes (`jax.lax.dot_general`). The result's axes are the batch axes, the
 * lhs's free axes, the rhs's free axes. Operands have one dtype; extents of paired axes are equal.
 */
export function dotGeneral(
  lhs: ArrayLike,
  rhs: ArrayLike,
  dimensionNumbers: DotDimensionNumbers,
  options: DotOptions = {},
): NdArray {
  const [x, y] = alignDtypes("dot_general", asArray(lhs), asArray(rhs));
  const [[lhsContracting, rhsContracting], [lhsBatch, rhsBatch]] = dimensionNumbers;
  return bindOne("dot_general", [x, y], {
    lhsContracting: lhsContracting.map((a) => canonicalizeAxis(a, x.ndim)),
    rhsContracting: rhsContracting.map((a) => canonicalizeAxis(a, y.ndim)),
    lhsBatch: lhsBatch.map((a) => canonicalizeAxis(a, x.ndim)),
    rhsBatch: rhsBatch.map((a) => canonicalizeAxis(a, y.ndim)),
    precision: canonicalizePrecision(options.precision),
    preferredElementType: options.preferredElementType ?? null,
  });
}

/** Product of vectors and matrices, of 1 or 2 axes each (`jax.lax.dot`). */
export function dot(lhs: ArrayLike, rhs: ArrayLike, options: DotOptions = {}): NdArray {
  const x = asArray(lhs);
  const y = asArray(rhs);
  const fits = (n: number): boolean => n === 1 || n === 2;
  if (!fits(x.ndim) || !fits(y.ndim)) {
    throw new WeftTypeError(
      `Incompatible shapes for dot: got ${formatShape(x.shape)} and ${formatShape(y.shape)}. ` +
        "lax.dot takes vectors and matrices; use np.matmul or lax.dotGeneral for more axes.",
    );
  }
  if (x.shape[x.ndim - 1] !== y.shape[0]) {
    throw new WeftTypeError(
      `dot_general requires contracting dimensions to have the same shape, got (${x.shape[x.ndim - 1]},) and ` +
        `(${y.shape[0]},) (operand shapes ${formatShape(x.shape)} and ${formatShape(y.shape)}).`,
    );
  }
  return dotGeneral(
    x,
    y,
    [
      [[x.ndim - 1], [0]],
      [[], []],
    ],
    options,
  );
}

/** Products of the matrices in the last two axes; all other axes are equal batch axes (`jax.lax.batch_matmul`). */
export function batchMatmul(lhs: ArrayLike, rhs: ArrayLike, options: DotOptions = {}): NdArray {
  const x = asArray(lhs);
  const y = asArray(rhs);
  if (x.ndim < 2 || y.ndim < 2) {
    throw new WeftValueError(`Arguments to batch_matmul must be at least 2D, got ${x.ndim}, ${y.ndim}`);
  }
  if (x.ndim !== y.ndim) {
    throw new WeftValueError(`Arguments to batch_matmul must have same ndim, got ${x.ndim}, ${y.ndim}`);
  }
  const n = x.ndim;
  const batch = x.shape.slice(0, -2).map((_, i) => i);
  return dotGeneral(
    x,
    y,
    [
      [[n - 1], [n - 2]],
      [batch, batch],
    ],
    options,
  );
}
