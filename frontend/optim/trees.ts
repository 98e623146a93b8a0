/** Trees of arrays, leaf by leaf. */
import { type ArrayLike, asArray, type NdArray, WeftValueError } from "../core/index.ts";
import { flatten, flattenUpTo, unflatten } from "../tree/tree.ts";

declare const KIND: unique symbol;

/**
 * The state of an optimizer: a tree of arrays that only its transformation reads. Goes through jit, scan and grad as any
 * tree does. The type is opaque, since it depends on the parameters and the chain of transformations.
 */
export interface OptState {
  readonly [KIND]: "optimizer state";
}

/** A tree as a state. */
export function sealed(tree: unknown): OptState {
  return tree as OptState;
}

/** The leaves of a tree as arrays. */
export function arraysOf(tree: unknown): NdArray[] {
  return flatten(tree).leaves.map((leaf) => asArray(leaf as ArrayLike));
}

/**
 * `f` of the leaves of a tree and of others of its structure, as a tree of that structure. Throws WeftValueError naming
 * the path where structures differ. `T` is what the caller knows of the tree.
 */
export function mapTree<T>(
  f: (...leaves: NdArray[]) => NdArray,
  tree: unknown,
  ...rest: readonly unknown[]
): T {
  const { leaves, treedef } = flatten(tree);
  const others = rest.map((other, i) => flattenUpTo(treedef, other, `tree ${i + 2}`));
  const mapped = leaves.map((leaf, i) =>
    f(asArray(leaf as ArrayLike), ...others.map((list) => asArray(list[i] as ArrayLike))),
  );
  return unflatten(treedef, mapped) as T;
}

/** A part of a state by name. */
export function part(state: OptState, name: string): unknown {
  if (typeof state === "object" && state !== null && name in state) return Reflect.get(state, name);
  throw new WeftValueError(
    `the optimizer state has no "${name}": it belongs to another optimizer, or init was not called`,
  );
}

/** An array of a state by name. */
export function arrayPart(state: OptState, name: string): NdArray {
  return asArray(part(state, name) as ArrayLike);
}
