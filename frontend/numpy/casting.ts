/** Kinds of dtypes, and what may be cast to what (`jax.numpy`). */

import { DTYPE_INFO, type DType, isDType, isFloating, isInteger } from "../../compiler/types/dtype.ts";
import { type NdArray, WeftValueError } from "../core/index.ts";
import { checkDType } from "../lax/movement.ts";
import { dtypeOf } from "./dtype-options.ts";

/** Kinds of dtypes in the array API's words. */
export type DTypeKindName =
  | "bool"
  | "signed integer"
  | "unsigned integer"
  | "integral"
  | "real floating"
  | "complex floating"
  | "numeric";

/** Whether a dtype is of a kind, another dtype, or one of several of these (`jnp.isdtype`). */
export function isdtype(
  name: DType | NdArray,
  kind: DTypeKindName | DType | readonly (DTypeKindName | DType)[],
): boolean {
  const given = dtypeOf(name);
  const one = (k: DTypeKindName | DType): boolean => {
    switch (k) {
      case "signed integer":
        return DTYPE_INFO[given].kind === "int";
      case "unsigned integer":
        return DTYPE_INFO[given].kind === "uint";
      case "integral":
        return isInteger(given);
      case "real floating":
        return isFloating(given);
      case "complex floating":
        return false;
      case "numeric":
        return given !== "bool";
      default:
        if (isDType(k)) return given === k;
        throw new WeftValueError(
          `Unrecognized kind ${JSON.stringify(k)}: expected one of bool, signed integer, unsigned integer, integral, ` +
            "real floating, complex floating, numeric, or a dtype",
        );
    }
  };
  return typeof kind === "string" ? one(kind) : kind.some(one);
}

/** How values may change: not at all, only to what holds them all, within a kind too, or as they like. */
export type Casting = "no" | "equiv" | "safe" | "same_kind" | "unsafe";

/** Whether values of one dtype may be cast to another, by NumPy's rules (`jnp.can_cast`). */
export function canCast(from: DType | NdArray, to: DType, casting: Casting = "safe"): boolean {
  const [a, b] = [dtypeOf(from), checkDType(to)];
  if (a === b || casting === "unsafe") return true;
  if (casting === "no" || casting === "equiv") return false;
  if (casting !== "safe" && casting !== "same_kind") {
    throw new WeftValueError(
      `casting must be one of 'no', 'equiv', 'safe', 'same_kind', 'unsafe', got ${String(casting)}`,
    );
  }
  const [x, y] = [DTYPE_INFO[a], DTYPE_INFO[b]];
  if (a === "bool") return true;
  if (b === "bool") return false;
  const order = { bool: 0, uint: 1, int: 2, float: 3 } as const;
  if (casting === "same_kind") return order[x.kind] <= order[y.kind];
  if (x.kind === y.kind) return x.bits <= y.bits;
  if (x.kind === "uint" && y.kind === "int") return x.bits < y.bits;
  // Integers of 8 bits fit float16, of 16 float32, of 32 float64: NumPy's table.
  return y.kind === "float" && x.kind !== "float" && y.bits >= 2 * x.bits;
}
