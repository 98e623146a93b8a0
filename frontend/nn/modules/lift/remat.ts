/** Checkpointing of modules (`flax.linen.remat`). */
import type { NdArray } from "../../../core/index.ts";
import { checkpoint } from "../../../transforms/checkpoint.ts";
import type { Filter } from "../core/filters.ts";
import { type LiftOptions, lift, type ModuleClass, type ModuleFunction } from "./lift.ts";
import type { RngGroup, VariableGroup } from "./packed.ts";
import { arraysOf } from "./values.ts";

/** Options of `remat`. */
export interface RematOptions extends LiftOptions {
  /** The collections that are passed on. Default all. */
  readonly variables?: Filter;
}

/**
 * What a module computes is computed again for its gradient instead of stored (`flax.linen.remat`, `checkpoint`):
 *
 *     x = new (nn.remat(Block))({ features }).call(x);
 *
 * Of a class, its `call`; of a function `(module, ...args)`, the function.
 */
export function remat<T extends ModuleClass | ModuleFunction>(target: T, options: RematOptions = {}): T {
  const { variables = true, methods = ["call"] } = options;
  return lift("remat", "Checkpoint", target, methods, (packed, body, args) => {
    const values = arraysOf(args);
    const run = (
      groups: readonly VariableGroup[],
      rngs: readonly RngGroup[],
      arrays: readonly NdArray[],
    ): readonly [unknown, VariableGroup[]] =>
      packed.run(body, values.restore(arrays) as unknown[], { variables: groups, rngs }, [variables]);
    const rematted = checkpoint(run) as unknown as typeof run;
    const [output, changed] = rematted(packed.groups([variables]), [packed.rngs(() => true)], values.arrays);
    packed.publish(changed);
    return output;
  });
}
