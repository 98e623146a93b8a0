/** `tree`: functions over pytrees, as `jax.tree`. */
import { WeftTypeError, WeftValueError } from "../../compiler/types/errors.ts";
import type { NdArray } from "../core/array.ts";
import {
  flatten as flattenTree,
  flattenWithPath as flattenTreeWithPath,
  flattenUpTo,
  type IsLeaf,
  leafPaths,
  structureDifference,
  unflatten as unflattenTree,
} from "./tree.ts";
import { equalDefs, formatPath, type KeyPath, type TreeDef } from "./treedef.ts";

export { registerPytreeNode } from "./tree.ts";
export {
  equalDefs,
  formatDef as formatTreeDef,
  formatPath,
  type Key,
  type KeyPath,
  type TreeDef,
} from "./treedef.ts";

/** What is a leaf to the type checker. A class instance that is registered as a node is not seen as one. */
type LeafType = NdArray | number | string | boolean | bigint | symbol | undefined | ArrayBufferView;

/** A tree of the same structure with leaves of type U. */
export type MapLeaves<T, U> = T extends null
  ? null
  : T extends LeafType | ((...args: never[]) => unknown)
    ? U
    : T extends object
      ? { [K in keyof T]: MapLeaves<T[K], U> }
      : U;

/** What the leaves of a tree are. */
export type LeafOf<T> = T extends null
  ? never
  : T extends LeafType | ((...args: never[]) => unknown)
    ? T
    : T extends readonly (infer E)[]
      ? LeafOf<E>
      : T extends object
        ? LeafOf<T[keyof T]>
        : T;

export interface Flattened<L> {
  readonly leaves: L[];
  readonly treedef: TreeDef;
}

/** The leaves in order (object keys sorted) and the structure. */
export function flatten<L = unknown>(tree: unknown, isLeaf?: IsLeaf): Flattened<L> {
  const { leaves, treedef } = flattenTree(tree, isLeaf);
  return { leaves: leaves as L[], treedef };
}

/** The tree of a structure with these leaves. Throws WeftValueError if their number does not fit. */
export function unflatten<T = unknown>(treedef: TreeDef, leaves: readonly unknown[]): T {
  return unflattenTree(treedef, leaves) as T;
}

export function leaves<L = unknown>(tree: unknown, isLeaf?: IsLeaf): L[] {
  return flatten<L>(tree, isLeaf).leaves;
}

export function structure(tree: unknown, isLeaf?: IsLeaf): TreeDef {
  return flattenTree(tree, isLeaf).treedef;
}

/**
 * Applies `f` to the leaves of a tree, and of further trees of the same structure. Throws WeftValueError naming the
 * path where structures differ.
 */
export function map<T, U, R extends readonly unknown[]>(
  f: (leaf: LeafOf<NoInfer<T>>, ...rest: { [K in keyof R]: LeafOf<R[K]> }) => U,
  tree: T,
  ...rest: R
): MapLeaves<T, U> {
  return mapWithPath<T, U, R>((_, leaf, ...others) => f(leaf, ...others), tree, ...rest);
}

/** `map`, with the key path of each leaf: `formatPath(path)` gives `.layers[1].w`. */
export function mapWithPath<T, U, R extends readonly unknown[]>(
  f: (path: KeyPath, leaf: LeafOf<NoInfer<T>>, ...rest: { [K in keyof R]: LeafOf<R[K]> }) => U,
  tree: T,
  ...rest: R
): MapLeaves<T, U> {
  const first = flattenTree(tree);
  const others = rest.map((other, i) => flattenUpTo(first.treedef, other, `tree ${i + 2}`));
  const paths = leafPaths(first.treedef);
  const mapped = first.leaves.map((leaf, i) =>
    f(paths[i], leaf as LeafOf<T>, ...(others.map((o) => o[i]) as { [K in keyof R]: LeafOf<R[K]> })),
  );
  return unflattenTree(first.treedef, mapped) as MapLeaves<T, U>;
}

/** Folds the leaves in order. Without `initial` an empty tree throws WeftTypeError. */
export function reduce<L>(f: (accumulated: L, leaf: L) => L, tree: unknown, initial?: L): L {
  const all = leaves<L>(tree);
  if (initial !== undefined) return all.reduce(f, initial);
  if (all.length === 0) throw new WeftTypeError("tree.reduce of an empty tree with no initial value");
  return all.reduce(f);
}

/** Whether `pred` (default: truth) holds for all leaves. */
export function all(tree: unknown, pred: (leaf: unknown) => boolean = Boolean): boolean {
  return leaves(tree).every(pred);
}

/** A tree of structure `outer` of trees of structure `inner` → the other way round (`jax.tree.transpose`). */
export function transpose<T = unknown>(outer: TreeDef, inner: TreeDef, tree: unknown): T {
  const rows = flattenUpTo(outer, tree).map((child, i) => {
    const found = flattenTree(child);
    const problem = structureDifference(inner, found.treedef, `tree${formatPath(leafPaths(outer)[i])}`);
    if (problem !== null) throw new WeftValueError(`tree.transpose: ${problem}`);
    return found.leaves;
  });
  const columns = Array.from({ length: inner.leaves }, (_, j) =>
    unflattenTree(
      outer,
      rows.map((row) => row[j]),
    ),
  );
  return unflattenTree(inner, columns) as T;
}

/** Each leaf with its key path. */
export function flattenWithPath<L = unknown>(
  tree: unknown,
  isLeaf?: IsLeaf,
): { leaves: { path: KeyPath; leaf: L }[]; treedef: TreeDef } {
  const { leaves: found, treedef } = flattenTreeWithPath(tree, isLeaf);
  return { leaves: found.map(({ path, leaf }) => ({ path, leaf: leaf as L })), treedef };
}

export function leavesWithPath<L = unknown>(tree: unknown, isLeaf?: IsLeaf): { path: KeyPath; leaf: L }[] {
  return flattenWithPath<L>(tree, isLeaf).leaves;
}

/** Whether two structures are the same. */
export function sameStructure(a: TreeDef, b: TreeDef): boolean {
  return equalDefs(a, b);
}
