/** checkpoint and stopGradient. */

import { isFloating } from "../../compiler/types/dtype.ts";
import type { ArrayLike, NdArray } from "../core/array.ts";
import { asArray, bind, bindOne, contextFor } from "../core/trace.ts";
import { flatten, unflatten } from "../tree/tree.ts";
import { describeCallee, leafArray } from "./arguments.ts";
import { tracedCall } from "./custom-call.ts";
import type { AnyFunction, Arguments, Result } from "./types.ts";

/**
 * A function whose intermediate values are computed again in the backward pass instead of being kept
 * (`jax.checkpoint`): less memory for more time. The result is the same.
 */
export function checkpoint<F extends AnyFunction>(
  f: F,
): (...args: Arguments<Parameters<F>>) => Result<ReturnType<F>> {
  const callee = describeCallee(f);
  const call = tracedCall("checkpoint", f, callee, [], (flat, traced, weakTypes) =>
    bind("checkpoint", [...flat.arrays, ...traced.captured], { graph: traced.graph }, weakTypes),
  );
  return call as (...args: Arguments<Parameters<F>>) => Result<ReturnType<F>>;
}

/** The same values, through which no derivative flows (`jax.lax.stop_gradient`). Takes an array or a tree of arrays. */
export function stopGradient<T>(x: T): Result<T> {
  const { leaves, treedef } = flatten(x);
  const stopped = leaves.map((leaf) => {
    const array = leafArray(leaf);
    return array === null ? leaf : stopLeaf(array);
  });
  return unflatten(treedef, stopped) as Result<T>;
}

function stopLeaf(x: ArrayLike): NdArray {
  const array = asArray(x);
  // Nothing to stop: not traced, or without derivative.
  if (!isFloating(array.dtype) || contextFor([array]) === null) return array;
  return bindOne("stop_gradient", [array], {});
}
