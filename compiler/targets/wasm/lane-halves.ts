/** Four float32 lanes as two vectors of two float64. */
import type { FunctionEncoder, LocalIndex } from "./encoder.ts";
import { Simd } from "./opcodes.ts";

/** Pushes the lower or the upper two lanes of a local, as float64. */
export function promotedHalf(f: FunctionEncoder, operand: LocalIndex, high: boolean): void {
  f.get(operand);
  if (high) {
    f.get(operand);
    f.shuffle32(2, 3, 2, 3);
  }
  f.simd(Simd.f64x2PromoteLowF32x4);
}
