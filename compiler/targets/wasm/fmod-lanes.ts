/** fmod of four floats. */

import type { FunctionEncoder } from "./encoder.ts";
import { promotedHalf } from "./lane-halves.ts";
import { Op, Simd } from "./opcodes.ts";
import { withTemps } from "./temps.ts";

/**
 * fmod in doubles, as in helpers.ts, where that is exact in every lane; `lanewise` takes both operands from the stack and
 * does it one lane after the other.
 */
export function fmodLanes(f: FunctionEncoder, lanewise: () => void): void {
  withTemps(f, ["v128", "v128"], (x, y) => {
    const [a, b, q, exact, result] = [0, 1, 2, 3, 4].map(() => f.temp("v128"));
    const half = (high: boolean): void => {
      for (const [from, to] of [
        [x, a],
        [y, b],
      ]) {
        promotedHalf(f, from, high);
        f.simd(Simd.f64x2Abs);
        f.set(to);
      }
      f.get(a);
      f.get(b);
      f.simd(Simd.f64x2Div);
      f.tee(q);
      f.f64x2(2 ** 29);
      f.simd(Simd.f64x2Lt);
      f.get(b);
      f.f64x2(Infinity);
      f.simd(Simd.f64x2Lt);
      f.simd(Simd.and);
      if (high) {
        f.get(exact);
        f.simd(Simd.and);
      }
      f.set(exact);
      f.get(a);
      f.get(q);
      f.simd(Simd.f64x2Trunc);
      f.get(b);
      f.simd(Simd.f64x2Mul);
      f.simd(Simd.f64x2Sub);
      f.tee(q);
      // The rounded quotient was one too great where the remainder is negative.
      f.get(b);
      f.get(q);
      f.f64x2(0);
      f.simd(Simd.f64x2Lt);
      f.simd(Simd.and);
      f.simd(Simd.f64x2Add);
      f.simd(Simd.f32x4DemoteF64x2Zero);
    };
    half(false);
    half(true);
    f.shuffle32(0, 1, 4, 5);
    f.get(x);
    f.f32x4(-0);
    f.simd(Simd.and);
    f.simd(Simd.or);
    f.set(result);
    f.get(exact);
    f.simd(Simd.i32x4AllTrue);
    f.op(Op.i32Eqz);
    f.if(null, () => {
      f.get(x);
      f.get(y);
      lanewise();
      f.set(result);
    });
    f.get(result);
    f.release(a, b, q, exact, result);
  });
}
