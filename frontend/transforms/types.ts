/** Types of transformed functions, from the user's function. */
import type { DType } from "../../compiler/types/dtype.ts";
import type { ArrayLike, NdArray } from "../core/array.ts";
import type { ShapeDtypeStruct, SymbolicSpec } from "../core/spec.ts";
import type { LeafOf } from "../tree/index.ts";

/** Any function. Its parameters' types are known only through `Parameters<F>`; `applyFunction` calls it. */
export type AnyFunction = (...args: never[]) => unknown;

/** Calls a user's function with arguments that tracing has put together. */
export function applyFunction(f: AnyFunction, args: readonly unknown[]): unknown {
  return Reflect.apply(f, undefined, args);
}

type Fixed = string | bigint | symbol | undefined | null | ArrayBufferView;

/** What may be passed where a traced function takes a T: numbers and booleans for arrays. */
export type Argument<T> = T extends NdArray
  ? ArrayLike
  : T extends number | boolean
    ? T | NdArray
    : T extends Fixed | AnyFunction
      ? T
      : T extends object
        ? { [K in keyof T]: Argument<T[K]> }
        : T;

/** Arguments of a traced function with parameters P. */
export type Arguments<P extends unknown[]> = { [K in keyof P]: Argument<P[K]> };

/** What comes out of a transformed function that returns a T: every leaf an array. */
export type Result<T> = T extends NdArray
  ? T
  : T extends number | boolean
    ? NdArray
    : T extends Fixed | AnyFunction
      ? T
      : T extends object
        ? { [K in keyof T]: Result<T[K]> }
        : T;

/** Arguments by shape and dtype only. */
export type Abstract<T> = T extends NdArray
  ? ArrayLike | ShapeDtypeStruct
  : T extends Fixed | AnyFunction
    ? T
    : T extends object
      ? { [K in keyof T]: Abstract<T[K]> }
      : T;
export type AbstractArguments<P extends unknown[]> = { [K in keyof P]: Abstract<P[K]> };

/** Arguments by dtype and by a shape that may name sizes. */
export type Symbolic<T> = T extends NdArray
  ? ArrayLike | ShapeDtypeStruct | SymbolicSpec
  : T extends Fixed | AnyFunction
    ? T
    : T extends object
      ? { [K in keyof T]: Symbolic<T[K]> }
      : T;
export type SymbolicArguments<P extends unknown[]> = { [K in keyof P]: Symbolic<P[K]> };

/** A tree of the structure of T with a U at each leaf. */
export type TreeOf<T, U> = T extends NdArray | number | boolean
  ? U
  : T extends Fixed | AnyFunction
    ? T
    : T extends object
      ? { [K in keyof T]: TreeOf<T[K], U> }
      : T;

/** The arguments that argnums picks: one, or a tuple. */
export type Picked<P extends unknown[], A> = A extends number
  ? Result<P[A]>
  : A extends readonly number[]
    ? { -readonly [K in keyof A]: Result<P[A[K] & number]> }
    : Result<P[0]>;

export type { DType, LeafOf };
