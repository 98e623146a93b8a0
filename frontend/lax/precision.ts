/** The `precision` of products (`jax.lax.Precision`). */
import type { Precision, PrecisionPair } from "../../compiler/graph/operations.ts";
import { config, type PrecisionName, precisionOf } from "../config/config.ts";
import { WeftValueError } from "../core/errors.ts";

export type { Precision, PrecisionName };

/**
 * How accurate products of matrices and convolutions must be (`jax.lax.PrecisionLike`), for both operands or for each: "default", "high"
 * or "highest", or JAX's other names of these. null is what `config.defaultMatmulPrecision` says, at first "default".
 *
 * On WebAssembly convolutions may be computed by minimal filtering (Winograd), which multiplies sums of elements:
 * rounding errors may be about twice those of plain sums, an infinity may come out as NaN, and in the kernel's gradient it
 * reaches elements that do not see it. "highest" of either operand switches that off. In all else the three are the same: products are those of the
 * operands' dtype, and float16 is summed in float32.
 */
export type PrecisionLike = PrecisionName | readonly [lhs: PrecisionName, rhs: PrecisionName] | null;

/** Option of all that multiplies and adds. */
export interface PrecisionOptions {
  /** How accurate: "default", "high" or "highest", for both operands or for each. Default: `config.defaultMatmulPrecision`. */
  readonly precision?: PrecisionLike;
}

/** What `precision` means now. Throws WeftValueError, in JAX's words, for what is none. */
export function canonicalizePrecision(precision: PrecisionLike | undefined): PrecisionPair {
  const given = precision ?? config.defaultMatmulPrecision;
  if (given === null) return null;
  const pair: readonly unknown[] = Array.isArray(given) ? given : [given, given];
  const [lhs, rhs] = pair.map(precisionOf);
  if (pair.length === 2 && lhs !== null && rhs !== null) return [lhs, rhs];
  throw new WeftValueError(
    'Precision argument must be one of: null, "default", "high", "highest" (or "fastest", "bfloat16"; "bfloat16_3x", ' +
      `"tensorfloat32"; "float32"), or a list of two of these, for lhs and rhs; but got ${JSON.stringify(given)}.`,
  );
}
