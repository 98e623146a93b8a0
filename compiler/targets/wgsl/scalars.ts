/** Scalars of the kernel IR in WGSL: their types, and constants that print exactly. */
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import { UnsupportedError } from "../../types/errors.ts";

export type WgslType = "f32" | "i32" | "u32" | "bool";

/** The type in which values of a dtype are computed. 8 and 16 bits live in 32, wrapped after each operation. */
export function wgslType(dtype: DType): WgslType {
  switch (dtype) {
    case "float64":
      throw new UnsupportedError(
        "WebGPU has no float64: WGSL knows 32-bit floats only. Run this function on Wasm, or convert to float32.",
      );
    case "float32":
    case "float16":
      return "f32";
    case "bool":
      return "bool";
    default:
      return DTYPE_INFO[dtype].kind === "int" ? "i32" : "u32";
  }
}

const bits = new DataView(new ArrayBuffer(4));

/** The bits of a float32. */
function floatBits(value: number): string {
  bits.setFloat32(0, value);
  return `0x${bits.getUint32(0).toString(16).padStart(8, "0")}u`;
}

/** Least normal float32: WGSL may flush what is below. */
const MIN_NORMAL = 2 ** -126;

/**
 * A constant. What a constant expression of WGSL may not hold (NaN, infinities) or may lose (subnormal numbers) is made
 * from bits at run time: `zero_bits` is a variable that holds 0.
 */
export function wgslConstant(value: number, dtype: DType): string {
  switch (wgslType(dtype)) {
    case "bool":
      return value !== 0 ? "true" : "false";
    case "u32":
      return `${value}u`;
    case "i32":
      return value === -2147483648 ? "bitcast<i32>(0x80000000u)" : `${value}`;
    default: {
      if (Object.is(value, -0)) return "bitcast<f32>(0x80000000u)";
      if (value === 0) return "0.0";
      if (!Number.isFinite(value) || Math.abs(value) < MIN_NORMAL) {
        return `bitcast<f32>(${floatBits(value)} | zero_bits)`;
      }
      const text = String(value);
      return /[.e]/.test(text) ? `${text}f` : `${text}.0`;
    }
  }
}
