/** Arrays put together from nested lists of blocks (`jax.numpy`). */

import type { ArrayLike, NdArray } from "../core/index.ts";
import { range } from "../lax/axes.ts";
import * as lax from "../lax/movement.ts";
import { concatenate } from "./joining.ts";
import { isArrayLike } from "./movement.ts";
import { toArray } from "./promotion.ts";

/** Arrays put together as the blocks of nested lists say: the innermost lists run along the last axis (`jnp.block`). */
export type Blocks = ArrayLike | readonly Blocks[];

/** One array from nested lists of blocks (`jnp.block`). */
export function block(blocks: Blocks): NdArray {
  const depth = (x: Blocks): number => (isBlockList(x) ? 1 + depth(x[0]) : 0);
  const build = (x: Blocks, level: number): NdArray => {
    if (!isBlockList(x)) {
      const a = toArray("block", x);
      return a.ndim >= total ? a : lax.reshape(a, [...range(total - a.ndim).map(() => 1), ...a.shape]);
    }
    return concatenate(
      x.map((item) => build(item, level - 1)),
      { axis: -level },
    );
  };
  const total = depth(blocks);
  return build(blocks, total);
}

function isBlockList(x: Blocks): x is readonly Blocks[] {
  return !isArrayLike(x);
}
