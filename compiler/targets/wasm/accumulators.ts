/** Lane accumulators: their neutral start, and how the lanes are combined after the loop. */
import type { CombineFn } from "../../kernel/kernel.ts";
import { DTYPE_INFO, type DType } from "../../types/dtype.ts";
import type { LocalIndex } from "./encoder.ts";
import { Simd } from "./opcodes.ts";
import type { VectorValues } from "./vector-values.ts";

/** The value that leaves every other unchanged. -0, not 0, is neutral for the sum of floats. */
export function identityOf(fn: CombineFn, dtype: DType): number {
  const { kind, min, max } = DTYPE_INFO[dtype];
  const float = kind === "float";
  switch (fn) {
    case "add":
      return float ? -0 : 0;
    case "mul":
      return 1;
    case "max":
      return float ? -Infinity : min;
    case "min":
      return float ? Infinity : max;
    case "and":
      return kind === "int" ? -1 : max;
    case "or":
    case "xor":
      return 0;
    default:
      return fn satisfies never;
  }
}

/**
 * Pushes the combination of all lanes: parts pairwise, then halves, then lanes 0+2 and 1+3, then those two; always
 * in this order, so that a program gives the same bits every time.
 */
export function combineLanes(
  values: VectorValues,
  fn: CombineFn,
  dtype: DType,
  parts: readonly (readonly LocalIndex[])[],
): void {
  const { f, vectorCode, scalarCode } = values;
  let level = parts.flat();
  while (level.length > 1) {
    const next: LocalIndex[] = [];
    const half = Math.ceil(level.length / 2);
    for (let i = 0; i < half; i++) {
      if (i + half < level.length) {
        f.get(level[i]);
        f.get(level[i + half]);
        vectorCode.binary(fn, dtype);
        f.set(level[i]);
      }
      next.push(level[i]);
    }
    level = next;
  }
  const [all] = level;
  if (dtype !== "float64") {
    f.get(all);
    f.get(all);
    f.get(all);
    f.shuffle32(2, 3, 0, 1);
    vectorCode.binary(fn, dtype);
    f.set(all);
  }
  f.get(all);
  vectorCode.extract(dtype, 0);
  f.get(all);
  vectorCode.extract(dtype, 1);
  scalarCode.binary(fn, dtype);
}

/** Replaces the inactive lanes of the vector on the stack by the neutral value. */
export function neutralizeInactive(
  values: VectorValues,
  fn: CombineFn,
  dtype: DType,
  active: number,
  half: number,
): void {
  const { f, vectorCode } = values;
  vectorCode.constant(identityOf(fn, dtype), dtype);
  const lane = (i: number): number => (i < active ? -1 : 0);
  if (dtype === "float64") {
    const [a, b] = [lane(half * 2), lane(half * 2 + 1)];
    f.i32x4(a, a, b, b);
  } else {
    f.i32x4(lane(0), lane(1), lane(2), lane(3));
  }
  f.simd(Simd.bitselect);
}
