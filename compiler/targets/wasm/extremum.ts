/**
 * max and min of many float vectors. The strict instructions of Wasm are eight on x64, because they propagate NaN and
 * order -0 before +0; pmax and pmin are one. So the extremum of the numbers is kept by those, and beside it two marks
 * that say whether there was a NaN, and which signs there were: where the extremum is a zero, they say which one.
 *
 * - float32: the greatest bits as signed and as unsigned integers. A positive NaN is the greatest of all signed, a
 *   negative one of all unsigned. A signed maximum below 0 says that every sign was negative, an unsigned one from 2³¹
 *   on that one was.
 * - float64, for which there is no such instruction: a mask of the lanes that met a NaN; and of max the conjunction of
 *   all bits met, of min the disjunction, of which the sign's counts.
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
  /** Of float32 the greatest signed bits, of float64 the mask of NaN. */
  readonly first: LocalIndex;
  /** Of float32 the greatest unsigned bits, of float64 the signs. */
  readonly second: LocalIndex;
}

/** Vectors an extremum takes, in place of one. */
export const EXTREMUM_VECTORS = 3;

/** Bits of the float32 infinities: those beyond are NaN. */
const POSITIVE_INFINITY = 0x7f800000;
const NEGATIVE_INFINITY = 0xff800000 | 0;

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

  /** The extremum of the vector in a local. */
  begin(x: LocalIndex, { value, first, second }: Extremum): void {
    const f = this.#f;
    for (const local of this.#double ? [value, second] : [value, first, second]) {
      f.get(x);
      f.set(local);
    }
    if (!this.#double) return;
    this.#unordered(x);
    f.set(first);
  }

  /** Adds the vector in a local. */
  add(x: LocalIndex, e: Extremum): void {
    this.#update(e.value, this.#numbers(), () => this.#f.get(x));
    if (this.#double) this.#update(e.first, Simd.or, () => this.#unordered(x));
    else this.#update(e.first, Simd.i32x4MaxS, () => this.#f.get(x));
    this.#update(e.second, this.#seconds(), () => this.#f.get(x));
  }

  /** Adds another extremum. */
  join(from: Extremum, into: Extremum): void {
    const f = this.#f;
    this.#update(into.value, this.#numbers(), () => f.get(from.value));
    this.#update(into.first, this.#double ? Simd.or : Simd.i32x4MaxS, () => f.get(from.first));
    this.#update(into.second, this.#seconds(), () => f.get(from.second));
  }

  /** Leaves the extremum of all lanes in each of them. */
  joinLanes(e: Extremum): void {
    const f = this.#f;
    const other: Extremum = { value: f.temp("v128"), first: f.temp("v128"), second: f.temp("v128") };
    const swaps = this.#double
      ? [[2, 3, 0, 1] as const]
      : ([
          [2, 3, 0, 1],
          [1, 0, 3, 2],
        ] as const);
    for (const [a, b, c, d] of swaps) {
      for (const key of ["value", "first", "second"] as const) {
        f.get(e[key]);
        f.get(e[key]);
        f.shuffle32(a, b, c, d);
        f.set(other[key]);
      }
      this.join(other, e);
    }
    f.release(other.value, other.first, other.second);
  }

  #update(local: LocalIndex, op: number, operand: () => void): void {
    const f = this.#f;
    f.get(local);
    operand();
    f.simd(op);
    f.set(local);
  }

  #numbers(): number {
    if (this.#fn === "max") return this.#double ? Simd.f64x2Pmax : Simd.f32x4Pmax;
    return this.#double ? Simd.f64x2Pmin : Simd.f32x4Pmin;
  }

  #seconds(): number {
    if (!this.#double) return Simd.i32x4MaxU;
    return this.#fn === "max" ? Simd.and : Simd.or;
  }

  #unordered(x: LocalIndex): void {
    const f = this.#f;
    f.get(x);
    f.get(x);
    f.simd(Simd.f64x2Ne);
  }

  /** Pushes the result. */
  finish({ value, first, second }: Extremum): void {
    const f = this.#f;
    this.#splat(Number.NaN);
    // A zero takes the sign that the marks say: all other numbers were on the far side of it.
    f.get(!this.#double && this.#fn === "max" ? first : second);
    this.#splat(-0);
    f.simd(Simd.and);
    f.get(value);
    f.get(value);
    this.#splat(0);
    f.simd(this.#double ? Simd.f64x2Eq : Simd.f32x4Eq);
    f.simd(Simd.bitselect);
    f.get(first);
    if (!this.#double) {
      f.i32x4(POSITIVE_INFINITY, POSITIVE_INFINITY, POSITIVE_INFINITY, POSITIVE_INFINITY);
      f.simd(Simd.i32x4GtS);
      f.get(second);
      f.i32x4(NEGATIVE_INFINITY, NEGATIVE_INFINITY, NEGATIVE_INFINITY, NEGATIVE_INFINITY);
      f.simd(Simd.i32x4GtU);
      f.simd(Simd.or);
    }
    f.simd(Simd.bitselect);
  }
}
