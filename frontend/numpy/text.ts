/** Arrays as text (`jax.numpy`), as NumPy prints them. */
import { type ArrayLike, formatShape } from "../core/index.ts";
import { formatElements } from "../core/print.ts";
import { toArray } from "./promotion.ts";

/** The elements, as `${x}` has them (`jnp.array_str`). The values must be known. */
export function arrayStr(x: ArrayLike): string {
  return toArray("array_str", x).toString();
}

/** The elements with their dtype: `Array([1., 2.], dtype=float32)` (`jnp.array_repr`). The values must be known. */
export function arrayRepr(x: ArrayLike): string {
  const a = toArray("array_repr", x);
  const weak = a.weakType ? ", weak_type=True" : "";
  const shape = a.size === 0 ? `, shape=${formatShape(a.shape)}` : "";
  return `Array(${formatElements(a.dataSync(), a.shape, a.dtype, ", ", 6)}${shape}, dtype=${a.dtype}${weak})`;
}
