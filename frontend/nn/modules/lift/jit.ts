/** Compiled modules (`flax.linen.jit`). */
import type { NdArray } from "../../../core/index.ts";
import { jit as jitFunction } from "../../../transforms/jit.ts";
import type { Filter } from "../core/filters.ts";
import { type LiftOptions, lift, type ModuleClass, type ModuleFunction } from "./lift.ts";
import type { RngGroup, VariableGroup } from "./packed.ts";
import { arraysOf } from "./values.ts";

/** Options of `jit`. */
export interface LiftedJitOptions extends LiftOptions {
  /** The collections that are passed on. Default all. */
  readonly variables?: Filter;
}

/**
 * A class whose methods are traced apart and compiled where nothing else is traced (`flax.linen.jit`). As in Flax, keys
 * are drawn anew for each call, so that parameters differ from those of the class itself.
 */
export function jit<T extends ModuleClass | ModuleFunction>(target: T, options: LiftedJitOptions = {}): T {
  const { variables = true, methods = ["call"] } = options;
  return lift("jit", "Jit", target, methods, (packed, body, args) => {
    const values = arraysOf(args);
    const run = (
      groups: readonly VariableGroup[],
      rngs: readonly RngGroup[],
      arrays: readonly NdArray[],
    ): readonly [unknown, VariableGroup[]] =>
      packed.run(body, values.restore(arrays) as unknown[], { variables: groups, rngs }, [variables]);
    const compiled = jitFunction(run) as unknown as typeof run;
    packed.forkRngs();
    const [output, changed] = compiled(packed.groups([variables]), [packed.rngs(() => true)], values.arrays);
    packed.publish(changed);
    return output;
  });
}
