/** init, apply and tabulate of modules. */
import { full } from "../../../core/index.ts";
import { ShapeDtypeStruct } from "../../../core/spec.ts";
import { jit } from "../../../transforms/jit.ts";
import * as tree from "../../../tree/index.ts";
import { splitOptions } from "./call-arguments.ts";
import type { RunMethods } from "./call-types.ts";
import { DenyList } from "./filters.ts";
import { className } from "./naming.ts";
import { type AnyRunOptions, runModule } from "./run.ts";
import { rngSequences } from "./scope.ts";
import type { Placed } from "./state.ts";
import { TABULATE_OPTIONS, type TabulateOptions, tabulate } from "./summary.ts";
import type { MutableTree, Rngs, Variables } from "./tree-types.ts";

interface GivenOptions extends AnyRunOptions {
  readonly rngs?: Rngs | null;
}
const RUN_OPTIONS = ["rngs", "mutable", "method", "captureIntermediates"] as const;
const ALL_BUT_INTERMEDIATES = new DenyList("intermediates");

function init(
  module: Placed,
  rngs: Rngs,
  given: readonly unknown[],
): [output: unknown, variables: MutableTree] {
  const { args, options } = splitOptions<GivenOptions>(given, RUN_OPTIONS);
  const { mutable = ALL_BUT_INTERMEDIATES } = options;
  const sequences = rngSequences(rngs, className(module));
  return runModule(module, { ...options, variables: {}, rngs: sequences, args, mutable, initializing: true });
}

function apply(module: Placed, variables: Variables, given: readonly unknown[]): unknown {
  const { args, options } = splitOptions<GivenOptions>(given, RUN_OPTIONS);
  const { mutable = false, captureIntermediates = false } = options;
  const rngs = rngSequences(options.rngs ?? {}, className(module));
  const run = { ...options, variables, rngs, args, mutable, initializing: false };
  const [output, changed] = runModule(module, run);
  return mutable === false && captureIntermediates === false ? output : [output, changed];
}

/** Getters of bound functions, typed as methods. */
class BoundMethods {
  get init() {
    return (rngs: Rngs, ...given: unknown[]) => init(placed(this), rngs, given)[1];
  }
  get initWithOutput() {
    return (rngs: Rngs, ...given: unknown[]) => init(placed(this), rngs, given);
  }
  get lazyInit() {
    return (rngs: Rngs, ...given: unknown[]) => {
      // Zeros are constants to the compiler, and dead code is removed.
      const args = tree.map(
        (leaf: unknown) => (leaf instanceof ShapeDtypeStruct ? full(0, leaf.dtype, leaf.shape) : leaf),
        given,
      );
      return jit((keys: Rngs) => init(placed(this), keys, args)[1])(rngs as never);
    };
  }
  get apply() {
    return (variables: Variables, ...given: unknown[]) => apply(placed(this), variables, given);
  }
  get tabulate() {
    return (rngs: Rngs, ...given: unknown[]) => {
      const { args, options } = splitOptions<TabulateOptions>(given, TABULATE_OPTIONS);
      return tabulate(placed(this), rngSequences(rngs, className(this)), args, options);
    };
  }
}

/** Only modules extend `Runnable`. */
const placed = (module: BoundMethods): Placed => module as BoundMethods & Placed;

/** What modules inherit init and apply from. */
export const Runnable = BoundMethods as unknown as abstract new () => RunMethods;
