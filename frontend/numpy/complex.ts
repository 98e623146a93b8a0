/**
 * What `jax.numpy` asks of complex numbers, for the real ones that Weft has: they have no imaginary part, are their own
 * conjugates, and their angle is 0 or π.
 */
import { type ArrayLike, full, type NdArray } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { constantLike } from "../lax/operands.ts";
import { checkArrayLike, inexact, toArray } from "./promotion.ts";

/** x itself, which is real (`jnp.real`). */
export const real = (x: ArrayLike): NdArray => toArray("real", x);

/** Zeros of the shape and dtype of x, which is real (`jnp.imag`). */
export function imag(x: ArrayLike): NdArray {
  const a = toArray("imag", x);
  return constantLike(a, 0);
}

/** x itself, which is real (`jnp.conjugate`). */
export const conjugate = (x: ArrayLike): NdArray => toArray("conjugate", x);
/** x itself, which is real (`jnp.conj`). */
export const conj = conjugate;

/** The argument as a complex number: 0 for what is positive, π for what is negative, in floats (`jnp.angle`). */
export function angle(x: ArrayLike, options: { deg?: boolean } = {}): NdArray {
  const a = inexact("angle", x);
  const radians = lax.atan2(constantLike(a, 0), a);
  return (options.deg ?? false) ? lax.mul(radians, 180 / Math.PI) : radians;
}

/** Whether the imaginary part is 0: true everywhere (`jnp.isreal`). */
export const isreal = (x: ArrayLike): NdArray => full(1, "bool", toArray("isreal", x).shape);
/** Whether the imaginary part is not 0: false everywhere (`jnp.iscomplex`). */
export const iscomplex = (x: ArrayLike): NdArray => full(0, "bool", toArray("iscomplex", x).shape);

/** Whether the dtype of x is complex: no, there is none (`jnp.iscomplexobj`). */
export function iscomplexobj(x: ArrayLike): boolean {
  checkArrayLike("iscomplexobj", x);
  return false;
}
/** Whether the dtype of x is not complex: yes (`jnp.isrealobj`). */
export const isrealobj = (x: ArrayLike): boolean => !iscomplexobj(x);
