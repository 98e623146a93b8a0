/** Modules: layers and models that know their parameters by name (`flax/linen/module.py`). */
import { type NdArray, WeftValueError } from "../../../core/index.ts";
import { zerosLike } from "../../../lax/index.ts";
import { add } from "../../../numpy/ufuncs.ts";
import type { KeyLike } from "../../../random/index.ts";
import { deepClone, enter, initializationAllowed, invoke, newState, scopeOf, trySetup } from "./binding.ts";
import { CallUnbindOnUnboundModuleError, NameInUseError } from "./errors.ts";
import type { Filter } from "./filters.ts";
import { className } from "./naming.ts";
import { Runnable } from "./runnable.ts";
import { bindScope, rngSequences, type Scope, type Variable } from "./scope.ts";
import { sowInto } from "./sow.ts";
import { type ModuleState, type Placed, STATE } from "./state.ts";
import type { Rngs, VariableDict, Variables } from "./tree-types.ts";
import { wrapMethods } from "./wrap.ts";

/** Options of `Sequential`, `LSTMCell` and `Module`. */
export interface ModuleOptions {
  /** In the tree of parameters. Default: class and number (`Dense_0`), or the attribute that holds the module. */
  readonly name?: string | null;
}

/** Options of `Module`. */
export interface BindOptions {
  readonly rngs?: Rngs | null;
  readonly mutable?: Filter;
}

/**
 * Base class of layers and models (`flax.linen.Module`). A subclass has a method `call`, and makes its submodules
 *
 * - where it uses them ("compact"; they are named by class and number):
 *
 *       class MLP extends nn.Module {
 *         call(x: NdArray) {
 *           x = nn.relu(new nn.Dense({ features: 128 }).call(x));
 *           return new nn.Dense({ features: 1 }).call(x);
 *         }
 *       }
 *
 * - in `setup`, or as fields (they are named by the attribute):
 *
 *       class MLP extends nn.Module {
 *         hidden = new nn.Dense({ features: 128 });
 *         out = new nn.Dense({ features: 1 });
 *         call(x: NdArray) { return this.out.call(nn.relu(this.hidden.call(x))); }
 *       }
 *
 * Instances hold no arrays. `init(key, x)` makes the parameters, `apply(variables, x)` computes with them. Methods must be
 * methods, not properties; fields must not be `#private`, as init and apply work on clones.
 */
export abstract class Module extends Runnable implements Placed {
  /** @internal */
  declare readonly [STATE]: ModuleState;

  constructor(options: ModuleOptions = {}) {
    super();
    Object.defineProperty(this, STATE, { value: newState(this, options.name ?? null) });
    wrapMethods<Placed>(new.target.prototype, Module.prototype, (module, method, args) =>
      invoke(module, method, args),
    );
    this[STATE].maker?.[STATE].pending.push(this);
  }

  /** In the tree of parameters; null while the module has no place. */
  get name(): string | null {
    scopeOf(this);
    return this[STATE].name;
  }

  /** Names from the outermost module down to this one. Throws WeftValueError for unbound modules. */
  get path(): readonly string[] {
    return boundScope(this, "Can't access module paths on unbound modules.").path;
  }

  /** The variables of this module. Throws WeftValueError for unbound modules. */
  get variables(): VariableDict {
    return boundScope(
      this,
      "Can't access variables on unbound modules",
    ).variables() as unknown as VariableDict;
  }

  /** This module with variables, for trying things out: its methods and submodules can be used directly. */
  bind(variables: Variables, options: BindOptions = {}): this {
    const { mutable = false } = options;
    const rngs = rngSequences(options.rngs ?? {}, className(this));
    const bound = deepClone(this, new Map(), this[STATE].name);
    enter(bound, bindScope(variables, { rngs, mutable, initializing: false }));
    setupAll(bound);
    return bound;
  }

  /** A bound module without its variables, and the variables. */
  unbind(): { readonly module: Module; readonly variables: VariableDict } {
    if (scopeOf(this) === null) throw new CallUnbindOnUnboundModuleError();
    return { module: this.clone(), variables: this.variables };
  }

  /** An unbound copy. */
  clone(): this {
    return deepClone(this, new Map());
  }

  /**
   * A parameter of this module: made by `init(key, ...args)` where it does not exist. Throws ScopeParamNotFoundError in
   * apply where there is none, ScopeParamShapeError where it has another shape.
   */
  param<T, A extends unknown[]>(name: string, init: (key: KeyLike, ...args: A) => T, ...args: A): T {
    return scopeForNew(this, "param", name, "params").param(name, init, args);
  }

  /** A variable of a collection, made by `init()` where it does not exist. */
  variable<T = NdArray>(collection: string, name: string, init: (() => T) | null = null): Variable<T> {
    return scopeForNew(this, "variable", name, collection).variable(collection, name, init);
  }

  hasVariable(collection: string, name: string): boolean {
    return boundScope(this, "Can't access variables on unbound modules").hasVariable(collection, name);
  }

  /** The value of a variable, or `otherwise`. */
  getVariable<T = NdArray>(collection: string, name: string, otherwise?: T): T {
    const scope = boundScope(this, "Can't access variables on unbound modules");
    return (scope.hasVariable(collection, name) ? scope.getVariable(collection, name) : otherwise) as T;
  }

  /** Throws ModifyScopeVariableError where the collection is immutable. */
  putVariable(collection: string, name: string, value: unknown): void {
    boundScope(this, "Can't access variables on unbound modules").putVariable(collection, name, value);
  }

  isMutableCollection(collection: string): boolean {
    return boundScope(this, "Can't check mutability on unbound modules").isMutableCollection(collection);
  }

  hasRng(sequence: string): boolean {
    return boundScope(this, "Can't query for RNGs on unbound modules").hasRng(sequence);
  }

  /** A new key of a sequence, by this module's path and how many it has drawn. Throws InvalidRngError without a key. */
  makeRng(sequence = "params"): KeyLike {
    return boundScope(this, "Can't use RNGs on unbound modules").makeRng(sequence);
  }

  /** Whether this is init. */
  isInitializing(): boolean {
    return boundScope(this, "Can't check if running under init() on unbound modules").settings.initializing;
  }

  /**
   * Hands out a value, if the collection is mutable: appended to an array, or as `reduce` and `init` say. Returns
   * whether it was stored.
   */
  sow<T, K = readonly T[]>(
    collection: string,
    name: string,
    value: T,
    options: { readonly reduce?: (accumulated: K, value: T) => K; readonly init?: () => K } = {},
  ): boolean {
    const scope = boundScope(this, "Can't store variables on unbound modules");
    return sowInto(scope, collection, name, value, options.reduce, options.init);
  }

  /** Adds a variable that is 0 to a value, so that the gradient with respect to the value can be taken. */
  perturb(name: string, value: NdArray, collection = "perturbations"): NdArray {
    const scope = boundScope(this, "Can't store variables on unbound modules");
    if (scope.isMutableCollection(collection) && !scope.hasVariable(collection, name)) {
      scope.reserve(name, collection);
      scope.putVariable(collection, name, zerosLike(value));
    }
    if (scope.hasVariable(collection, name))
      return add(value, scope.getVariable(collection, name) as NdArray);
    if (Object.hasOwn(scope.root.collections, collection)) {
      throw new WeftValueError(
        `Perturbation collection ${collection} present, but missing perturbation variable ${name}`,
      );
    }
    return value;
  }
}

function scopeForNew(module: Module, kind: "param" | "variable", name: string, collection: string): Scope {
  const scope = scopeOf(module);
  if (scope === null || !initializationAllowed(module)) {
    throw new WeftValueError(
      `${kind === "param" ? "Parameters" : "Variables"} must be initialized in \`setup()\` or in a method wrapped in \`@compact\``,
    );
  }
  if (scope.isReserved(name, collection)) throw new NameInUseError(kind, name, className(module));
  return scope;
}

function boundScope(module: Module, problem: string): Scope {
  const scope = scopeOf(module);
  if (scope === null) throw new WeftValueError(problem);
  return scope;
}

/** Sets up a module and all below, so that their attributes are there. */
function setupAll(module: Placed): void {
  trySetup(module);
  for (const child of module[STATE].children.values()) setupAll(child);
}
