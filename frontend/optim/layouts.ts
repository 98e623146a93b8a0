/** Parameters as one vector (optax's `transforms/_layouts.py`). */
import { formatShape, type NdArray, WeftValueError } from "../core/index.ts";
import { concatenate, reshape, slice } from "../lax/movement.ts";
import type { ExtraArgs, GradientTransformation } from "./base.ts";
import { arraysOf, mapTree, type OptState } from "./trees.ts";

/**
 * A transformation that sees all parameters as one vector (`optax.flatten`): for the sake of optimizers that look at
 * the whole. Leaves must be of one dtype.
 */
export function flatten(inner: GradientTransformation): GradientTransformation {
  return {
    init: (params) => inner.init(vectorOf(params)),
    update<U>(updates: U, state: OptState, params?: unknown, extra: ExtraArgs = {}): [U, OptState] {
      const flat = params === undefined ? undefined : vectorOf(params);
      const [vector, next] = inner.update(vectorOf(updates), state, flat, extra);
      let at = 0;
      const apart = mapTree<U>((g) => {
        const start = at;
        at += g.size;
        return reshape(slice(vector, [start], [at]), g.shape);
      }, updates);
      return [apart, next];
    },
  };
}

function vectorOf(tree: unknown): NdArray {
  const leaves = arraysOf(tree);
  const mixed = leaves.find((x) => x.dtype !== leaves[0].dtype);
  if (leaves.length === 0 || mixed !== undefined) {
    throw new WeftValueError(
      leaves.length === 0
        ? "optim.flatten: there are no parameters"
        : `optim.flatten takes leaves of one dtype, got ${leaves[0].dtype} and ${mixed?.dtype} (of shape ${formatShape(mixed?.shape ?? [])})`,
    );
  }
  return concatenate(
    leaves.map((x) => reshape(x, [x.size])),
    0,
  );
}
