/**
 * max and min of many float vectors. The strict instructions of Wasm are eight on x64, because they propagate NaN and
 * order -0 before +0; pmax and pmin are one. So the extremum of the numbers is kept by those, and beside it whether
 * there was a NaN, and which signs there were: where the extremum is a zero, they say which one.
 */
import type { BinaryFn } from "../../kernel/expr.ts";
import { type DType, isFloating } from "../../types/dtype.ts";
import type { FunctionEncoder, LocalIndex } from "./encoder.ts";
import { Simd } from "./opcodes.ts";

export type ExtremumFn = "max" | "min";

/** Whether `fn` of `dtype` is what ExtremumCode computes. */
export function isExtremum(fn: BinaryFn, dtype: DType): fn is ExtremumFn {
  return (fn === "max" || fn === "min") && isFloating(dtype);
}

/** Vectors of one running extremum. */
export interface Extremum {
  readonly value: LocalIndex;
  /** Mask of the lanes that met a NaN. */
  readonly nan: LocalIndex;
  /** Of max: the conjunction of all bits met, of min: the disjunction. Only the sign's bit counts. */
  readonly signs: LocalIndex;
}

/** Vectors an extremum takes, in place of one. */
export const EXTREMUM_VECTORS = 3;

export class ExtremumCode {
  readonly #f: FunctionEncoder;
  readonly #fn: ExtremumFn;
  readonly #double: boolean;

  constructor(f: FunctionEncoder, fn: ExtremumFn, dtype: DType) {
    this.#f = f;
    this.#fn = fn;
    this.#double = dtype === "float64";
  }

  #splat(value: number): void {
    if (this.#double) this.#f.f64x2(value);
    else this.#f.f32x4(value);
  }

  /** The extremum of nothing. */
  begin({ value, nan, signs }: Extremum): void {
    const f = this.#f;
    for (const local of [value, signs]) {
      this.#splat(this.#fn === "max" ? -Infinity : Infinity);
      f.set(local);
    }
    f.i32x4(0, 0, 0, 0);
    f.set(nan);
  }

  /** The extremum of the vector in a local. */
  first(x: LocalIndex, { value, nan, signs }: Extremum): void {
    const f = this.#f;
    f.get(x);
    f.set(value);
    f.get(x);
    f.set(signs);
    this.#unordered(x);
    f.set(nan);
  }

  /** Adds the vector in a local. */
  add(x: LocalIndex, e: Extremum): void {
    const f = this.#f;
    this.#combine(x, x, e);
    f.get(e.nan);
    this.#unordered(x);
    f.simd(Simd.or);
    f.set(e.nan);
  }

  /** Adds another extremum. */
  join(from: Extremum, into: Extremum): void {
    const f = this.#f;
    this.#combine(from.value, from.signs, into);
    f.get(into.nan);
    f.get(from.nan);
    f.simd(Simd.or);
    f.set(into.nan);
  }

  #combine(value: LocalIndex, signs: LocalIndex, into: Extremum): void {
    const f = this.#f;
    const max = this.#fn === "max";
    f.get(into.value);
    f.get(value);
    if (max) f.simd(this.#double ? Simd.f64x2Pmax : Simd.f32x4Pmax);
    else f.simd(this.#double ? Simd.f64x2Pmin : Simd.f32x4Pmin);
    f.set(into.value);
    f.get(into.signs);
    f.get(signs);
    f.simd(max ? Simd.and : Simd.or);
    f.set(into.signs);
  }

  #unordered(x: LocalIndex): void {
    const f = this.#f;
    f.get(x);
    f.get(x);
    f.simd(this.#double ? Simd.f64x2Ne : Simd.f32x4Ne);
  }

  /** Pushes the result. */
  finish({ value, nan, signs }: Extremum): void {
    const f = this.#f;
    this.#splat(Number.NaN);
    // A zero takes the sign that the signs met say: all others were on the far side of it.
    f.get(signs);
    this.#splat(-0);
    f.simd(Simd.and);
    f.get(value);
    f.get(value);
    this.#splat(0);
    f.simd(this.#double ? Simd.f64x2Eq : Simd.f32x4Eq);
    f.simd(Simd.bitselect);
    f.get(nan);
    f.simd(Simd.bitselect);
  }
}
