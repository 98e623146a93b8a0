/** Element types of contractions: `preferredElementType` and what a product of two elements means. */
import type { PrecisionPair } from "../../graph/operations.ts";
import { wrapInteger } from "../../kernel/constants.ts";
import { DTYPE_INFO, type DType, isFloating } from "../../types/dtype.ts";
import { WeftTypeError } from "../../types/errors.ts";

/** The result's dtype; the checks are those of JAX's `_validate_preferred_element_type`. */
export function contractionDType(name: string, dtype: DType, preferred: DType | null): DType {
  if (preferred === null) return dtype;
  const from = DTYPE_INFO[dtype];
  const to = DTYPE_INFO[preferred];
  const integral = from.kind === "int" || from.kind === "uint";
  const floatOfInteger = integral && to.kind === "float";
  const sameFamily = integral ? to.kind === "int" || to.kind === "uint" : to.kind === from.kind;
  if (!floatOfInteger && !sameFamily) {
    throw new WeftTypeError(
      `${name}: Input type is incompatible with \`preferredElementType\`, got ${dtype} and ${preferred}. ` +
        "The compatible combinations of (input_type, preferredElementType) are " +
        "(integral, integral), (integral, floating), (floating, floating).",
    );
  }
  if (from.kind === "int" && to.kind === "uint") {
    throw new WeftTypeError(
      `${name}: \`preferredElementType\` must have the same signedness as the original type, ` +
        `got ${dtype} and ${preferred}.`,
    );
  }
  if (to.bytes < from.bytes) {
    throw new WeftTypeError(
      `${name}: \`preferredElementType\` must not be narrower than the original type, got ${dtype} and ${preferred}.`,
    );
  }
  return preferred;
}

/** Whether products must be those of the elements, and not of sums of them: "highest" of either operand asks for it. */
export function isExact(precision: PrecisionPair): boolean {
  return precision?.includes("highest") ?? false;
}

/** The product of two elements of `from` in a result of `to`: operands are converted first; integers wrap. */
export function productReference(from: DType, to: DType): (x: number, y: number) => number {
  if (isFloating(to)) return (x, y) => x * y;
  // Integers come from integers; a wider result holds them, as does an unsigned one the negative ones modulo 2^n.
  if (from === "bool") return (x, y) => x & y;
  return (x, y) => wrapInteger(Math.imul(x, y), to);
}
