/** Trees of arrays, leaf by leaf, and optimizer states. */
import { type ArrayLike, asArray, convert, full, type NdArray, WeftValueError } from "../core/index.ts";
import { zerosLike } from "../numpy/creation.ts";
import type { DType } from "../transforms/types.ts";
import { flatten, flattenUpTo, leafPaths, unflatten } from "../tree/tree.ts";
import { formatPath } from "../tree/treedef.ts";

declare const KIND: unique symbol;

/**
 * The state of an optimizer: a tree of arrays that goes through jit, scan and grad as any tree does. What is in it
 * depends on the parameters and on the chain of transformations; `optim.tree.get(state, "count")` finds a part by its
 * name. The states of single transformations have types of their own.
 */
export interface OptState {
  readonly [KIND]: "optimizer state";
}

/** The state of a transformation that needs none: the empty tree, null. */
export type EmptyState = OptState;
export const EMPTY_STATE = null as unknown as EmptyState;

/** What a state of type S is made of. */
export type StateFields<S extends OptState> = Omit<S, typeof KIND>;

/** A tree as a state. */
export function sealed<S extends OptState = OptState>(fields: StateFields<S>): S {
  return fields as S;
}

/** A list or record of states as a state. */
export function sealedTree(tree: readonly OptState[] | Readonly<Record<string, OptState>>): OptState {
  return tree as unknown as OptState;
}

/** The state, if it has these parts. Throws WeftValueError where it belongs to another optimizer. */
export function checkedState<S extends OptState>(state: S, names: readonly (keyof StateFields<S>)[]): S {
  const missing = names.filter((name) => typeof state !== "object" || state === null || !(name in state));
  if (missing.length === 0) return state;
  throw new WeftValueError(
    `the optimizer state has no ${missing.map((name) => `"${String(name)}"`).join(", ")}: it belongs to another ` +
      "optimizer, or init was not called",
  );
}

/** A value in a dtype; a number exactly. */
export function inDtype(value: ArrayLike, dtype: DType): NdArray {
  return typeof value === "number" ? full(value, dtype) : convert(asArray(value), dtype);
}

/** The dtype in which numbers for all leaves are computed: float64 if one of them is. */
export function scalarDtype(tree: unknown): DType {
  return arraysOf(tree).some((x) => x.dtype === "float64") ? "float64" : "float32";
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
  return mapParts((x, ...others) => f(x, ...others.map((o) => asArray(o as ArrayLike))), tree, ...rest) as T;
}

/** `mapTree` where what the other trees have in place of a leaf, and what `f` returns, may be trees. */
export function mapParts(
  f: (leaf: NdArray, ...others: unknown[]) => unknown,
  tree: unknown,
  ...rest: readonly unknown[]
): unknown {
  const { leaves, treedef } = flatten(tree);
  const others = rest.map((other, i) => flattenUpTo(treedef, other, `tree ${i + 2}`));
  return unflatten(
    treedef,
    leaves.map((leaf, i) => f(asArray(leaf as ArrayLike), ...others.map((list) => list[i]))),
  );
}

/**
 * `mapTree` with the key path of each leaf, printed as `.layers[1].w`. The other trees go by the names that an error
 * gives them.
 */
export function mapNamed<T>(
  f: (path: string, ...leaves: NdArray[]) => NdArray,
  tree: unknown,
  rest: Readonly<Record<string, unknown>>,
): T {
  const { leaves, treedef } = flatten(tree);
  const paths = leafPaths(treedef);
  const others = Object.entries(rest).map(([name, other]) => flattenUpTo(treedef, other, name));
  const mapped = leaves.map((leaf, i) =>
    f(
      formatPath(paths[i]),
      asArray(leaf as ArrayLike),
      ...others.map((list) => asArray(list[i] as ArrayLike)),
    ),
  );
  return unflatten(treedef, mapped) as T;
}

/** Zeros of the shapes of a tree's leaves. */
export function zerosOf(tree: unknown, dtype?: DType | null): unknown {
  return mapTree(
    (x) => (dtype === undefined || dtype === null ? zerosLike(x) : zerosLike(x, { dtype })),
    tree,
  );
}

/** The leaves in a dtype; as they are without one. */
export function castTree(tree: unknown, dtype?: DType | null): unknown {
  return dtype === undefined || dtype === null ? tree : mapTree((x) => convert(x, dtype), tree);
}
