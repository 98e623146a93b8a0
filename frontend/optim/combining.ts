/** Transformations in a row (optax's `transforms/_combining.py`). */
import { WeftValueError } from "../core/index.ts";
import type { ExtraArgs, GradientTransformation } from "./base.ts";
import { type OptState, sealedTree } from "./trees.ts";

/** Transformations one after the other (`optax.chain`). */
export function chain(...transforms: readonly GradientTransformation[]): GradientTransformation {
  return {
    init: (params) => sealedTree(transforms.map((t) => t.init(params))),
    update<U>(updates: U, state: OptState, params?: unknown, extra: ExtraArgs = {}): [U, OptState] {
      if (!Array.isArray(state) || state.length !== transforms.length) {
        throw new WeftValueError(
          "The number of updates and states has to be the same in chain! Make sure you have called init first!",
        );
      }
      const states: OptState[] = [];
      let current = updates;
      for (const [i, t] of transforms.entries()) {
        const [next, s] = t.update(current, state[i], params, extra);
        current = next;
        states.push(s);
      }
      return [current, sealedTree(states)];
    },
  };
}

/** The same with a name for each, which its state has (`optax.named_chain`). */
export function namedChain(
  ...transforms: readonly (readonly [name: string, transform: GradientTransformation])[]
): GradientTransformation {
  const names = transforms.map(([name]) => name);
  if (new Set(names).size !== names.length) {
    throw new WeftValueError(`Named transformations must have unique names, but got [${names.join(", ")}]`);
  }
  return {
    init: (params) => sealedTree(Object.fromEntries(transforms.map(([name, tx]) => [name, tx.init(params)]))),
    update<U>(updates: U, state: OptState, params?: unknown, extra: ExtraArgs = {}): [U, OptState] {
      const states: Record<string, OptState> = {};
      let current = updates;
      for (const [name, tx] of transforms) {
        const own: unknown = state === null ? undefined : Reflect.get(state, name);
        if (own === undefined) {
          throw new WeftValueError(
            `the state of namedChain has no "${name}": make sure you have called init first!`,
          );
        }
        [current, states[name]] = tx.update(current, own as OptState, params, extra);
      }
      return [current, sealedTree(states)];
    },
  };
}
