/** Exact text of numbers: the shortest decimal that parses back to the same value of its dtype. */
import { roundTo } from "../kernel/constants.ts";
import { DTYPE_INFO, type DType, isFloating } from "../types/dtype.ts";

/** Decimal digits that always suffice for a value of the format (IEEE 754-2019, 5.12.2). */
const SUFFICIENT_DIGITS: Partial<Record<DType, number>> = { float16: 5, float32: 9 };

/**
 * Text of a value of `dtype`: floats always have a point or an exponent (`2.0`, `1e-7`, `-0.0`, `inf`, `nan`),
 * integers never, bools are `true` and `false`.
 */
export function formatElement(value: number, dtype: DType): string {
  if (dtype === "bool" && (value === 0 || value === 1)) return value === 1 ? "true" : "false";
  if (!isFloating(dtype)) return formatNumber(value);
  const text = formatNumber(shortest(value, dtype));
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Text of any double, as attributes hold them: `3`, `-0`, `0.5`, `inf`, `nan`. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The double of fewest decimal digits that rounds to `value` in `dtype`. */
function shortest(value: number, dtype: DType): number {
  const digits = SUFFICIENT_DIGITS[dtype];
  // A value that is none of its dtype (the verifier reports it) is printed in full.
  if (digits === undefined || !Number.isFinite(value) || value === 0 || roundTo(value, dtype) !== value) {
    return value;
  }
  for (let precision = 1; precision < digits; precision++) {
    const candidate = Number(value.toPrecision(precision));
    if (roundTo(candidate, dtype) === value) return candidate;
  }
  return Number(value.toPrecision(digits));
}

/** Whether a number is a value of the dtype (bool as 0 or 1). */
export function isRepresentable(value: number, dtype: DType): boolean {
  if (isFloating(dtype)) return Object.is(roundTo(value, dtype), value) || Number.isNaN(value);
  const { min, max } = DTYPE_INFO[dtype];
  return Number.isInteger(value) && value >= min && value <= max && !Object.is(value, -0);
}
