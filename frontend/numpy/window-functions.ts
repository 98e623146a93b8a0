/** Windows that taper signals (`jax.numpy`, after numpy.lib): vectors of M floats. */
import { type ArrayLike, convert, DEFAULT_FLOAT, full, type NdArray, WeftValueError } from "../core/index.ts";
import * as lax from "../lax/elementwise.ts";
import { broadcastedIota } from "../lax/movement.ts";
import { broadcastTo } from "../lax/operands.ts";
import { toArray } from "./promotion.ts";
import { i0 } from "./ufuncs.ts";

/** 0 … M−1, or null where the window is a single 1. */
function places(name: string, m: number): NdArray | null {
  if (!Number.isInteger(m) || m < 0) {
    throw new WeftValueError(`${name} requires M to be a non-negative integer, got ${m}`);
  }
  return m <= 1 ? null : convert(broadcastedIota("int32", [m], 0), DEFAULT_FLOAT);
}

function cosineTerm(n: NdArray, m: number, harmonic: number, amplitude: number): NdArray {
  return lax.mul(lax.cos(lax.div(lax.mul(n, 2 * harmonic * Math.PI), m - 1)), amplitude);
}

/** The triangle with ends at 0 (`jnp.bartlett`). */
export function bartlett(m: number): NdArray {
  const n = places("bartlett", m);
  if (n === null) return full(1, DEFAULT_FLOAT, [m]);
  return lax.sub(1, lax.abs(lax.div(lax.sub(lax.add(lax.mul(n, 2), 1), m), m - 1)));
}

/** 0.42 − 0.5 cos(2πn/(M−1)) + 0.08 cos(4πn/(M−1)) (`jnp.blackman`). */
export function blackman(m: number): NdArray {
  const n = places("blackman", m);
  if (n === null) return full(1, DEFAULT_FLOAT, [m]);
  return lax.add(lax.sub(0.42, cosineTerm(n, m, 1, 0.5)), cosineTerm(n, m, 2, 0.08));
}

/** 0.54 − 0.46 cos(2πn/(M−1)) (`jnp.hamming`). */
export function hamming(m: number): NdArray {
  const n = places("hamming", m);
  return n === null ? full(1, DEFAULT_FLOAT, [m]) : lax.sub(0.54, cosineTerm(n, m, 1, 0.46));
}

/** (1 − cos(2πn/(M−1))) / 2 (`jnp.hanning`). */
export function hanning(m: number): NdArray {
  const n = places("hanning", m);
  return n === null ? full(1, DEFAULT_FLOAT, [m]) : lax.mul(lax.sub(1, cosineTerm(n, m, 1, 1)), 0.5);
}

/** I₀(β √(1 − (2n/(M−1) − 1)²)) / I₀(β) (`jnp.kaiser`). */
export function kaiser(m: number, beta: ArrayLike): NdArray {
  const n = places("kaiser", m);
  if (n === null) return full(1, DEFAULT_FLOAT, [m]);
  const width = convert(toArray("kaiser", beta), DEFAULT_FLOAT);
  const alpha = 0.5 * (m - 1);
  const off = lax.div(lax.sub(n, alpha), alpha);
  const spread = broadcastTo(width, [m]);
  const value = i0(lax.mul(spread, lax.sqrt(lax.sub(1, lax.square(off)))));
  return lax.div(value, broadcastTo(i0(width), [m]));
}
