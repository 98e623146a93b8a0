/** init and apply: a module's method over variables, without side effects (`flax.linen.module.apply`). */
import { WeftTypeError } from "../../../core/index.ts";
import { deepClone, enter, trySetup } from "./binding.ts";
import { ApplyModuleInvalidMethodError } from "./errors.ts";
import { type Filter, unionFilters } from "./filters.ts";
import type { LazyRng } from "./lazy-rng.ts";
import { className } from "./naming.ts";
import { bindScope, checkVariablesStructure } from "./scope.ts";
import { type CaptureFilter, isModule, type Placed, running, STATE, withPushed } from "./state.ts";
import type { MutableTree, Variables } from "./tree-types.ts";

/** The options of init and apply, whichever method they run. */
export interface AnyRunOptions {
  readonly mutable?: Filter;
  readonly method?: unknown;
  readonly captureIntermediates?: boolean | CaptureFilter;
}

export interface Run extends AnyRunOptions {
  readonly variables: Variables;
  readonly rngs: ReadonlyMap<string, LazyRng>;
  readonly args: readonly unknown[];
  readonly mutable: Filter;
  readonly initializing: boolean;
}

const everyCall: CaptureFilter = (_, method) => method === "call";

/** Runs a method of a clone of the module: the result, and the mutable variables after it. */
export function runModule(module: Placed, run: Run): [output: unknown, variables: MutableTree] {
  const { captureIntermediates = false, initializing, rngs } = run;
  const capture = captureIntermediates === true ? everyCall : captureIntermediates || null;
  const mutable = capture === null ? run.mutable : unionFilters(run.mutable, "intermediates");
  checkVariablesStructure(run.variables);
  const root = bindScope(run.variables, { rngs, mutable, initializing });
  const bound = deepClone(module, new Map(), module[STATE].name);
  try {
    const output = withPushed(running.captures, capture, () => {
      enter(bound, root);
      return callMethod(bound, run.method, run.args);
    });
    return [output, root.mutableVariables()];
  } finally {
    root.invalidate();
  }
}

function callMethod(module: Placed, method: unknown, args: readonly unknown[]): unknown {
  if (typeof method === "function") {
    trySetup(module);
    return Reflect.apply(method, undefined, [module, ...args]);
  }
  const name = method ?? "call";
  if (typeof name !== "string") throw new ApplyModuleInvalidMethodError(String(method));
  trySetup(module);
  let target: unknown = Reflect.get(module, name);
  let receiver: unknown = module;
  if (isModule(target)) {
    receiver = target;
    target = Reflect.get(target, "call");
  }
  if (typeof target !== "function") {
    throw new WeftTypeError(
      `'${className(module)}.${name}' must be a callable, got ${target === undefined ? "nothing of that name" : typeof target}.`,
    );
  }
  return Reflect.apply(target, receiver, args);
}
