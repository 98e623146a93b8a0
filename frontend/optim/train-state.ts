/** Parameters, optimizer and its state as one value (`flax.training.train_state`). */
import { full, type NdArray, WeftTypeError, WeftValueError } from "../core/index.ts";
import { add } from "../numpy/ufuncs.ts";
import type { AnyFunction, Argument, Result } from "../transforms/types.ts";
import { registerDataclass } from "../tree/index.ts";
import { flatten, structureDifference } from "../tree/tree.ts";
import type { GradientTransformation } from "./base.ts";
import type { OptState } from "./trees.ts";
import { applyUpdates } from "./update.ts";

/** What `TrainState.create` is given; further fields become fields of the state, and leaves of its tree. */
export interface TrainStateFields<P, A extends AnyFunction> {
  /** The model: usually `model.apply`. Not a leaf; compared by identity. */
  readonly applyFn: A;
  readonly params: P;
  /** The optimizer. Not a leaf either. */
  readonly tx: GradientTransformation;
}

const OWN: ReadonlySet<string> = new Set(["step", "applyFn", "params", "tx", "optState"]);

/**
 * The state of a training loop (`flax.training.train_state.TrainState`): a tree of `step`, `params` and `optState` that
 * goes through jit, scan and foriLoop like any other, and may be donated.
 *
 *     let state = TrainState.create({ applyFn: model.apply, params, tx: optim.adam(1e-3) });
 *     const step = jit((state: typeof state, x, y) => {
 *       const grads = grad((p) => loss(state.applyFn(p, x), y))(state.params);
 *       return state.applyGradients({ grads });
 *     });
 *
 * Further fields, such as batch statistics or a dropout key, are given to `create` and replaced by `applyGradients` or
 * `replace`; where Flax needs a subclass, Weft does not.
 */
export class TrainState<P = unknown, A extends AnyFunction = AnyFunction> {
  /** Steps done: an int32 scalar. */
  declare readonly step: NdArray;
  declare readonly applyFn: A;
  declare readonly params: P;
  declare readonly tx: GradientTransformation;
  declare readonly optState: OptState;

  private constructor() {
    throw new WeftTypeError("a TrainState is made by TrainState.create({ applyFn, params, tx })");
  }

  /**
   * A state at step 0, with the optimizer's first state. Throws WeftTypeError where a field is missing, or where further
   * fields take the names of the state's own.
   */
  static create<P, A extends AnyFunction, E extends object = object>(
    fields: TrainStateFields<P, A> & E,
  ): TrainState<P, A> & Omit<E, keyof TrainStateFields<P, A>> {
    const { applyFn, params, tx, ...extra } = fields;
    if (params === undefined || params === null) {
      throw new WeftTypeError("TrainState.create: params are missing: give it { applyFn, params, tx }");
    }
    if (typeof tx?.init !== "function" || typeof tx.update !== "function") {
      throw new WeftTypeError("TrainState.create: tx must be a gradient transformation, as optim.adam(1e-3)");
    }
    const taken = Object.keys(extra).filter((name) => OWN.has(name) || name in prototype());
    if (taken.length > 0) {
      throw new WeftTypeError(
        `TrainState.create: ${taken.join(", ")} cannot be given: these names are the state's own`,
      );
    }
    // In the order of their names, so that equal fields are equal trees.
    const more = Object.entries(extra).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.assign(Object.create(prototype()), {
      step: full(0, "int32"),
      applyFn,
      params,
      tx,
      optState: tx.init(params),
      ...Object.fromEntries(more),
    });
  }

  /**
   * The state after one step of the optimizer: `tx.update`, then `applyUpdates`. Other fields given are replaced.
   * Throws WeftValueError naming the path where the gradients are no tree of the parameters' structure.
   */
  applyGradients<T extends TrainState<P, A>>(
    this: T,
    { grads, ...changes }: { readonly grads: Argument<P> } & Partial<Omit<T, "grads">>,
  ): T {
    const problem = structureDifference(flatten(this.params).treedef, flatten(grads).treedef, "grads");
    if (problem !== null) {
      throw new WeftValueError(
        `TrainState.applyGradients: grads must have the structure of params: ${problem}`,
      );
    }
    const [updates, optState] = this.tx.update<unknown>(grads, this.optState, this.params);
    return replaced(this, {
      ...changes,
      step: add(this.step, 1),
      params: applyUpdates(this.params, updates) as Result<P>,
      optState,
    });
  }

  /** The state with other values in some fields (`flax.struct.dataclass.replace`). */
  replace<T extends TrainState<P, A>>(this: T, changes: Partial<T>): T {
    return replaced(this, changes);
  }
}

function replaced<T extends TrainState>(state: T, changes: object): T {
  const unknown = Object.keys(changes).filter((name) => !Object.hasOwn(state, name));
  if (unknown.length > 0) {
    throw new WeftTypeError(
      `TrainState has no field ${unknown.join(", ")}: its fields are ${Object.keys(state).join(", ")}; ` +
        "give further fields to TrainState.create",
    );
  }
  return Object.assign(Object.create(Object.getPrototypeOf(state)), state, changes);
}

/** Out here: a class that names itself inside is renamed by bundlers, and errors print its name. */
function prototype(): object {
  return TrainState.prototype;
}

// A private constructor is none of the public ones that the registry's type asks for.
registerDataclass(TrainState as unknown as new () => TrainState, { metaFields: ["applyFn", "tx"] });
